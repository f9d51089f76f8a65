"""What a chat reply says, choice by choice as it comes, whether it is whole or a stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.net.events import data_of, events_of
from lasttenth.records.errors import UpstreamError, error_of
from lasttenth.serve.calls import GatewayReply


class Said(msgspec.Struct):
    """What a message says, or an event of it."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class Choice(msgspec.Struct):
    """One choice of a reply, or of an event."""

    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None

    @property
    def said(self) -> Said:
        """Return what it says, which may be nothing."""
        return self.message or self.delta or Said()


class _Reply(msgspec.Struct):
    choices: list[Choice] | None = None
    error: dict[str, Any] | None = None


async def choices_of(reply: GatewayReply) -> AsyncGenerator[Choice]:
    """Yield what a reply says. Raises UpstreamError for an error, and for what cannot be read."""
    if isinstance(reply.body, bytes):
        for choice in _decoded(reply.body, reply.status):
            yield choice
        return
    async with aclosing(reply.body) as pieces:
        async for event in events_of(pieces):
            data = data_of(event)
            if data and data != openai.DONE_DATA:
                for choice in _decoded(data, reply.status):
                    yield choice


def _decoded(data: bytes, status: int) -> list[Choice]:
    try:
        reply = msgspec.json.decode(data, type=_Reply)
    except bodies.UNREADABLE as error:
        raise UpstreamError(f"The model's reply cannot be read: {error}.") from error
    if reply.error is not None:
        kind = error_of(str(reply.error.get("code")))
        said = str(reply.error.get("message", "no reason"))
        if kind is not UpstreamError and issubclass(kind, UpstreamError):  # our own, said on a stream
            raise kind(said, upstream_status=status)
        raise UpstreamError(f"The model failed: {said}", upstream_status=status)
    return reply.choices or []
