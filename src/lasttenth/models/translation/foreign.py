"""Thought that another provider has signed, or nobody, on its way to a provider in that one's own protocol: it would be
refused there, so it is left out and named."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from lasttenth.models.bodies import Fields, decode
from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Provider, Translation
from lasttenth.models.providers.changed import ChangedReply
from lasttenth.models.translation.neutral import CLAUDE, FOREIGN, GEMINI, SEALED, Tree
from lasttenth.models.translation.responses.seals import HIDDEN, SIGNED

_OUR_IDS = re.compile(r"rs_\d+_")
"""Those of thoughts that were translated into items; OpenAI's have no second underscore."""
_SEALED, _GEMINI, _CLAUDE, _CALL = (mark.encode() for mark in (SEALED, GEMINI, CLAUDE, FOREIGN))
_TRACES: Mapping[ProtocolName, re.Pattern[bytes]] = {
    "anthropic": re.compile(rb'"(?:signature|data)"\s*:\s*"(?:"|%s|%s|%s)' % (_SEALED, _GEMINI, _CALL)),
    "gemini": re.compile(rb'"thought_?[sS]ignature"\s*:\s*"(?:%s|%s)' % (_SEALED, _CLAUDE)),
    "responses": re.compile(rb'"(?:%s|%s|rs_\d+_)' % (SIGNED.encode(), HIDDEN.encode())),
}
"""What a body has in it where there may be such thought."""


class OwnThoughtProvider:
    """Ask a provider in a protocol that it speaks, and give it no thought but its own.

    Args:
        provider: who answers.
        protocol: what it is asked in.
    """

    def __init__(self, provider: Provider, protocol: ProtocolName) -> None:
        self.protocols = provider.protocols
        self._provider = provider
        self._traces = _TRACES[protocol]
        self._protocol = protocol

    async def call(self, request: ModelRequest) -> ModelReply:
        """Call a model. Raises what the provider raises."""
        if self._traces.search(request.body) is None:
            return await self._provider.call(request)
        body, lost = without_foreign(decode(request.body, Fields), self._protocol)
        if not lost:
            return await self._provider.call(request)
        reply = await self._provider.call(msgspec.structs.replace(request, body=msgspec.json.encode(body)))
        known = reply.translation or Translation(lost=[], crosses=False)
        return ChangedReply(reply, Translation(lost=[*lost, *known.lost], unsaid=known.unsaid, crosses=False))

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names. Raises UpstreamError."""
        return await self._provider.models()

    async def close(self) -> None:
        """The provider belongs to others."""


def without_foreign(fields: Fields, protocol: ProtocolName) -> tuple[Fields, list[str]]:
    """Return a request without thought that its provider would refuse, and where that stood."""
    outer, inner, is_foreign = _PLACES[protocol]
    if outer not in fields:
        return fields, []
    kept: list[Any] = []
    lost: list[str] = []
    for number, item in enumerate(decode(fields[outer], list[Any])):
        found = list(_kept(item, inner, is_foreign))
        if found != [item]:
            lost.append(f"{outer}.{number}.thinking")
        kept += found
    return {**fields, outer: msgspec.Raw(msgspec.json.encode(kept))}, lost


def _kept(item: Any, inner: str, is_foreign: Callable[[Tree], bool]) -> Iterator[Any]:
    """Yield an item without such thought, nothing where nothing is left of it."""
    parts = item.get(inner) if inner and isinstance(item, dict) else [item]
    if not isinstance(parts, list):
        yield item
        return
    left = [part for part in parts if not (isinstance(part, dict) and is_foreign(part))]
    if left or not parts:
        yield {**item, inner: left} if inner else item


def _is_not_anthropics(block: Tree) -> bool:
    kind = block.get("type")
    if kind == "redacted_thinking":
        return str(block.get("data")).startswith((SEALED, GEMINI, FOREIGN))
    signature = block.get("signature") or ""
    return kind == "thinking" and (not signature or str(signature).startswith((SEALED, GEMINI)))


def _is_not_geminis(part: Tree) -> bool:
    signature = part.get("thoughtSignature") or part.get("thought_signature")
    return bool(part.get("thought")) and str(signature).startswith((SEALED, CLAUDE))


def _is_not_openais(item: Tree) -> bool:
    sealed = item.get("encrypted_content") or ""
    is_ours = not sealed and _OUR_IDS.match(str(item.get("id"))) is not None
    return item.get("type") == "reasoning" and (is_ours or str(sealed).startswith((SIGNED, HIDDEN)))


_PLACES: Mapping[ProtocolName, tuple[str, str, Callable[[Tree], bool]]] = {
    "anthropic": ("messages", "content", _is_not_anthropics),
    "gemini": ("contents", "parts", _is_not_geminis),
    "responses": ("input", "", _is_not_openais),
}
