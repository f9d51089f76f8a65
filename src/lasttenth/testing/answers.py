"""What a scripted upstream answers: any bytes in any pieces, and the usual ones in OpenAI's shape."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.records.usage import Usage

Ending = Literal["end", "cut", "stall"]
"""How an answer ends: as the protocol says, by a broken connection, or never."""

_USAGE = Usage(input_tokens=11, output_tokens=7)
_CREATED = 1_800_000_000


class Gate:
    """A point where an upstream waits until the test opens it; made by `Upstream.gate`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Let the answer go on. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._opened.set)

    async def passed(self) -> None:
        """Wait until the gate is open."""
        await self._opened.wait()


class UpstreamAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer. Each piece of `body` is sent on its own; at a gate the upstream waits."""

    status: int = 200
    media_type: str = bodies.JSON
    headers: Mapping[str, str] = {}
    head: Gate | None = None
    """Wait here before the first byte."""
    body: Sequence[bytes | Gate] = ()
    ending: Ending = "end"
    identity_only: bool = False
    """Refuse, with 406, a request that would take a compressed answer."""


def completion(text: str, *, usage: Usage = _USAGE) -> UpstreamAnswer:
    """Return a whole chat completion."""
    return UpstreamAnswer(body=(openai.completion(_head(), openai.Answer(text=text), usage=usage),))


def streamed(
    *pieces: str | Gate | bytes, usage: Usage | None = _USAGE, ending: Ending = "end", finished: bool = True
) -> UpstreamAnswer:
    """Return a chat stream: texts become events, bytes are sent as they are, gates wait.

    Args:
        pieces: what the stream says, in order.
        usage: sent in an event of its own before the end; None sends none.
        ending: what comes after the last piece.
        finished: False leaves out the finish reason, the usage and `[DONE]`.
    """
    events = [
        openai.delta(_head(), {"content": piece}) if isinstance(piece, str) else piece
        for piece in ("", *pieces)
    ]  # fmt: skip
    if finished:
        events.append(openai.delta(_head(), {}, reason="stop"))
        events += [] if usage is None else [openai.final_usage(_head(), usage)]
        events.append(openai.DONE)
    return UpstreamAnswer(media_type=bodies.EVENT_STREAM, body=tuple(events), ending=ending)


def failure(status: int, message: str, *, headers: Mapping[str, str] | None = None) -> UpstreamAnswer:
    """Return an error in OpenAI's shape."""
    error = {"message": message, "type": "upstream_said", "param": None, "code": "scripted"}
    return UpstreamAnswer(status=status, headers=headers or {}, body=(msgspec.json.encode({"error": error}),))


def embeddings(*vectors: Sequence[float] | str) -> UpstreamAnswer:
    """Return an embeddings reply; a vector is numbers, or base64 as the wire has it."""
    return UpstreamAnswer(body=(openai.embeddings("upstream", vectors, Usage(input_tokens=3)),))


def _head() -> openai.ReplyHead:
    return openai.ReplyHead(id="chatcmpl-upstream", created=_CREATED, model="upstream")
