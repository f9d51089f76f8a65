"""A stream as one JSON array."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest

from lasttenth.server.arrays import array_of


async def pieces_of(stream: bytes, size: int) -> AsyncGenerator[bytes]:
    for start in range(0, len(stream), size):
        yield stream[start : start + size]


async def whole(stream: bytes, size: int) -> bytes:
    return b"".join([piece async for piece in array_of(pieces_of(stream, size))])


STREAMS = {
    "nothing": (b"", []),
    "one": (b'data: {"a": 1}\n\n', [{"a": 1}]),
    "several, and what is no data": (b': hi\n\ndata: {"a": 1}\r\n\r\ndata: {"b":\ndata: 2}\n\n', [{"a": 1}, {"b": 2}]),
    "a last one without its border": (b'data: {"a": 1}\n\ndata: {"b": 2}', [{"a": 1}, {"b": 2}]),
    "only one without its border": (b'data: {"a": 1}', [{"a": 1}]),
}


@pytest.mark.parametrize(("stream", "items"), STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_items_are_the_data_of_the_events(stream: bytes, items: list[object], size: int) -> None:
    assert json.loads(asyncio.run(whole(stream, size))) == items
