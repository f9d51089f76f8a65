"""Settling streams: every call is recorded once, with the reason why it ended, even if nobody ever listened."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from lasttenth.models.prices import Prices
from lasttenth.records.errors import UpstreamTimeoutError
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import Span
from lasttenth.serve.calls import Call
from lasttenth.serve.settle import Settling, settled
from lasttenth.testing import FixedClock

SCOPE = SpanScope(project="default", trace_id="1" * 32, span_id="2" * 16)
CALL = Call(
    operation="chat",
    model="up/model",
    stream=True,
    body=b"{}",
    controls={},
    unit="u",
    unit_source="user",
    scope=SCOPE,
)


class Kept:
    """What a stream leaves behind: its spans, and how often its source was closed."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1

    async def begin(self, *events: bytes | Exception) -> AsyncGenerator[bytes]:
        settlement = Settling(FixedClock(), Prices.load(), self._record).begin(CALL)
        return await settled(settlement, _said(*events), close=self.close)

    def _record(self, _project: str, span: Span) -> None:
        self.spans.append(span)


async def _said(*events: bytes | Exception) -> AsyncGenerator[bytes]:
    for event in events:
        if isinstance(event, Exception):
            raise event
        yield event


def test_stream_to_which_nobody_listened_is_recorded_and_its_source_closed() -> None:
    kept = Kept()

    async def leave() -> None:
        stream = await kept.begin(b"data: x\n\n")
        await stream.aclose()

    asyncio.run(leave())

    assert [span.error for span in kept.spans] == ["client_disconnected"]
    assert kept.closed == 1


def test_stream_that_ends_is_recorded_once() -> None:
    kept = Kept()

    async def listen() -> list[bytes]:
        return [event async for event in await kept.begin(b"one", b"two")]

    heard = asyncio.run(listen())

    assert heard == [b"one", b"two"]
    assert [(span.status, span.output.body if span.output else b"") for span in kept.spans] == [("ok", b"onetwo")]


def test_stream_that_breaks_ends_with_the_error() -> None:
    kept = Kept()

    async def listen() -> list[bytes]:
        return [event async for event in await kept.begin(b"one", UpstreamTimeoutError("Too late."))]

    heard = asyncio.run(listen())

    assert heard[0] == b"one"
    assert b'"code":"upstream_timeout"' in heard[1]
    assert [span.error for span in kept.spans] == ["upstream_timeout"]


def test_defect_in_a_stream_is_not_blamed_on_the_client() -> None:
    kept = Kept()

    async def listen() -> list[bytes]:
        return [event async for event in await kept.begin(b"one", ZeroDivisionError())]

    with pytest.raises(ZeroDivisionError):
        asyncio.run(listen())

    assert [span.error for span in kept.spans] == ["internal_error"]
