"""Pass through: requests for paths that their provider alone knows. They are passed on as they came, and traced."""

import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import NamedTuple

from lasttenth.models import bodies
from lasttenth.models.port import MOST_REPLY_BYTES, ModelOperation
from lasttenth.models.protocols import Head
from lasttenth.models.providers.passage import Passable, Passage, PassedOn
from lasttenth.net.events import EventCutter, data_of
from lasttenth.net.transport import Inbound
from lasttenth.records.errors import InvalidRequestError, LasttenthError, UpstreamError
from lasttenth.records.ids import Ids
from lasttenth.records.ports import SpanScope
from lasttenth.serve.addressed import Addressed, addressed
from lasttenth.serve.admit import TAGS_HEADER, scope_of, tags_of, unit_of
from lasttenth.serve.calls import Call, GatewayReply, GatewayRequest, Stopwatch
from lasttenth.serve.replies import UNEXPECTED, refusal, reply_headers
from lasttenth.serve.route import Router
from lasttenth.serve.settle import MAX_RECORDED, Settlement, Settling, code_of, settled

PROVIDER_HEADER = "x-lasttenth-provider"
RETURNED = ("accept-ranges", "content-disposition", "content-range", "location", "retry-after")
"""Headers of an answer that go back, beside its media type: what a body is, and where or when to ask again. The others
belong to a connection, or say whose account was charged and what is left of it."""

logger = logging.getLogger("lasttenth.serve")


class PassedRequest(GatewayRequest, frozen=True, kw_only=True):
    """A request that is passed on. Path and query are percent-encoded."""

    operation: ModelOperation = "passthrough"
    method: str
    path: str
    """Behind the version, or behind the provider's name."""
    query: str = ""
    provider: str = ""
    """Who is named beside the body; empty where nobody is."""
    has_version: bool = False
    """Whether the path begins with the version, as the provider's documentation writes it."""

    @property
    def content_type(self) -> str:
        """Return what the body is said to be."""
        return self.headers.get("content-type", "")


class _Target(NamedTuple):
    name: str
    passage: Passage
    model: str = ""
    """The provider's own name for it, empty where the request names none."""


class Passthrough:
    """Pass requests on.

    Args:
        router: who serves which model.
        settling: how calls are settled.
    """

    def __init__(self, router: Router, settling: Settling) -> None:
        self._router = router
        self._settling = settling
        self._ids = Ids(settling.clock)

    async def serve(self, request: PassedRequest) -> GatewayReply:
        """Return the provider's answer; errors are replies too."""
        scope, watch = scope_of(request, self._ids), self._settling.watch()
        settlement = self._begin(_call(request, scope), request, watch)
        try:
            body = addressed(request.body, request.content_type)
            target = self._target(request, body.model)
            settlement = self._begin(_call(request, scope, target), request, watch)
            settlement.outcome.attributes["provider"] = target.name
            return await _answered(request, target, body, settlement)
        except LasttenthError as error:
            settlement.fail(error)
            return refusal(error, settlement.call.protocol, scope)
        except BaseException as error:
            settlement.fail(error)
            if not isinstance(error, Exception):
                raise
            logger.exception("A request failed.")
            return refusal(UNEXPECTED, settlement.call.protocol, scope)

    def refuse(self, request: PassedRequest, error: LasttenthError) -> GatewayReply:
        """Return the reply to a request that a door did not let in, after that is recorded."""
        scope = scope_of(request, self._ids)
        self._begin(_call(request, scope), request, self._settling.watch()).fail(error)
        return refusal(error, request.protocol, scope)

    def _begin(self, call: Call, request: PassedRequest, watch: Stopwatch) -> Settlement:
        settlement = self._settling.begin(call, watch)
        said = {"method": request.method, "path": request.path, "request_bytes": len(request.body)}
        settlement.outcome.attributes |= said
        return settlement

    def _target(self, request: PassedRequest, model: str) -> _Target:
        """Return who is asked: who is named, else who serves the model, else the only one there is."""
        tags = tags_of(request.headers[TAGS_HEADER]) if TAGS_HEADER in request.headers else frozenset[str]()
        if request.provider:
            return self._to(request.provider, model.removeprefix(f"{request.provider}/"), tags)
        if model:
            found = self._router.model_of(model)
            known = self._router.providers.items()
            return self._to(next((name for name, each in known if each is found.provider), model), found.model, tags)
        speaking = [name for name, passage in self._passages.items() if passage.protocol is request.protocol]
        if len(speaking) == 1:
            return self._to(speaking[0], "", tags)
        raise InvalidRequestError(
            f"Nobody is named who serves {request.method} {request.protocol.version}{request.path}.",
            hint=f"Send model as provider/model, or name the provider in {PROVIDER_HEADER}. {self._known}",
        )

    def _to(self, name: str, model: str, tags: frozenset[str]) -> _Target:
        passage = self._passages.get(name)
        if passage is None:
            raise InvalidRequestError(f"Nothing can be passed on to {name}.", hint=self._known)
        self._router.check_tags(name, tags)
        return _Target(name, passage, model)

    @property
    def _passages(self) -> dict[str, Passage]:
        return {name: each.passage for name, each in self._router.providers.items() if isinstance(each, Passable)}

    @property
    def _known(self) -> str:
        return f"Providers here: {', '.join(sorted(self._passages)) or 'none, see lasttenth.yaml'}."


def _call(request: PassedRequest, scope: SpanScope, target: _Target | None = None) -> Call:
    model = f"{target.name}/{target.model}" if target is not None and target.model else ""
    unit, source = unit_of(request, {}, Head(model=model), scope)
    is_kept = _is_text(request.content_type) and len(request.body) <= MAX_RECORDED
    return Call(
        operation=request.operation,
        protocol=request.protocol if target is None else target.passage.protocol,
        model=model,
        stream=False,
        body=request.body if is_kept else b"",
        body_type=request.content_type,
        controls={},
        unit=unit,
        unit_source=source,
        key=request.key,
        scope=scope,
    )


async def _answered(request: PassedRequest, target: _Target, body: Addressed, settlement: Settlement) -> GatewayReply:
    sent = PassedOn(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=body.body_for(target.model),
    )
    settlement.watch.lap("route")
    answer = await target.passage.send(sent, has_version=request.has_version)
    settlement.watch.lap("call")
    outcome = settlement.outcome
    outcome.attributes["status"] = answer.status
    outcome.error = UpstreamError.code if answer.status >= 400 else ""
    media_type = answer.headers.get("content-type", "")
    content: bytes | AsyncGenerator[bytes]
    if media_type.startswith(bodies.EVENT_STREAM):
        content = await settled(settlement, _events(answer, settlement), close=answer.close)
    elif media_type.startswith(bodies.JSON):
        content = await _whole(answer, settlement)
    else:
        content = _pieces(answer, settlement, media_type)
        await anext(content)
    headers = {name: value for name, value in reply_headers(settlement).items() if value}
    headers |= {name: answer.headers[name] for name in RETURNED if name in answer.headers}
    return GatewayReply(status=answer.status, media_type=media_type, headers=headers, body=content)


async def _whole(answer: Inbound, settlement: Settlement) -> bytes:
    try:
        body = await answer.read(MOST_REPLY_BYTES)
    finally:
        await answer.close()
    settlement.watch.lap("stream")
    outcome = settlement.outcome
    outcome.output = body
    outcome.attributes["response_bytes"] = len(body)
    said = settlement.call.protocol.said_in(body)
    if said is not None and _consumes(settlement):
        settlement.price(said.consumed)
    settlement.finish()
    return body


async def _events(answer: Inbound, settlement: Settlement) -> AsyncGenerator[bytes]:
    """Pass a stream on as it comes, and read its usage beside it. Raises UpstreamError when it breaks off."""
    reading = settlement.call.protocol.reading({}, settlement.price)
    attributes = settlement.outcome.attributes
    cutter = EventCutter()
    async for chunk in answer.chunks():
        attributes["response_bytes"] = attributes.get("response_bytes", 0) + len(chunk)
        yield chunk
        for event in cutter.feed(chunk) if _consumes(settlement) else ():
            with contextlib.suppress(*bodies.UNREADABLE):
                reading.passes(data_of(event))


async def _pieces(answer: Inbound, settlement: Settlement, media_type: str) -> AsyncGenerator[bytes]:
    """Pass on as it comes what is neither JSON nor a stream of events. Raises UpstreamError when it breaks off."""
    outcome = settlement.outcome
    kept, size = bytearray(), 0
    try:
        yield b""  # begun: whoever closes it now settles
        async for chunk in answer.chunks():
            size += len(chunk)
            if _is_text(media_type) and len(kept) <= MAX_RECORDED:
                kept += chunk
            yield chunk
    except BaseException as error:
        outcome.error = code_of(error)
        raise
    finally:
        settlement.watch.lap("stream")
        outcome.output, outcome.output_type = bytes(kept), media_type
        outcome.attributes["response_bytes"] = size
        settlement.finish()
        await answer.close()


def _consumes(settlement: Settlement) -> bool:
    """Tell whether the usage in an answer is the call's own: who looks at what is done already consumes nothing."""
    return bool(settlement.call.model) and settlement.outcome.attributes["method"] == "POST"


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("json", "jsonl"))
