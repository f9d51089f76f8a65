"""How a model of this process answers in OpenAI's shape, whole or as a stream."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.models.port import ModelRequest, Translation
from lasttenth.records.ids import Clock
from lasttenth.records.usage import Usage


class LocalReply:
    """A reply made in this process."""

    translation: Translation | None = None

    def __init__(
        self, chunks: AsyncIterator[bytes], *, media_type: str, status: int = 200, retry_after: str = ""
    ) -> None:
        self.status = status
        self.media_type = media_type
        self.retry_after = retry_after
        self._chunks = chunks

    async def read(self, _limit: int) -> bytes:
        """Return the whole body; what is made here is never too large."""
        return b"".join([chunk async for chunk in self._chunks])

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        return self._chunks

    async def close(self) -> None:
        """There is no connection to let go of."""


Pause = Callable[[int], Awaitable[None]]
"""Wait before the piece of this number, from 0 on, is streamed."""


async def _no_pause(_number: int) -> None:
    """Wait for nothing."""


class LocalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a local model has to say: the pieces in which it is streamed, what it counts, and how fast it speaks."""

    model: str
    pieces: Sequence[str]
    usage: Usage
    reason: str = "stop"
    pause: Pause = _no_pause


def reply_with(answer: LocalAnswer, request: ModelRequest, body: openai.ChatBody, clock: Clock) -> LocalReply:
    """Return an answer in the shape that the request asks for."""
    head = openai.ReplyHead(id=f"chatcmpl-{clock.now():x}", created=clock.now() // 10**9, model=answer.model)
    if request.stream:
        events = _stream(answer, head, include_usage=body.wants_usage)
        return LocalReply(events, media_type=bodies.EVENT_STREAM)
    whole = openai.completion(
        head, openai.Answer(text="".join(answer.pieces)), usage=answer.usage, reason=answer.reason
    )
    return LocalReply(once(whole), media_type=bodies.JSON)


async def once(body: bytes) -> AsyncIterator[bytes]:
    """Yield one body."""
    yield body


async def _stream(answer: LocalAnswer, head: openai.ReplyHead, *, include_usage: bool) -> AsyncIterator[bytes]:
    yield openai.delta(head, {"role": "assistant", "content": ""})
    for number, piece in enumerate(answer.pieces):
        await answer.pause(number)
        yield openai.delta(head, {"content": piece})
    yield openai.delta(head, {}, reason=answer.reason)
    if include_usage:
        yield openai.final_usage(head, answer.usage)
    yield openai.DONE
