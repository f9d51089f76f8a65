"""A stream as one JSON array, for those who ask without `alt=sse`, as Gemini's protocol has it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from lasttenth.net.events import EventCutter, data_of


async def array_of(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the array piece by piece: its items are the data of the events, each as it comes."""
    cutter = EventCutter()
    before = b"["
    async with aclosing(pieces):
        async for piece in pieces:
            for data in filter(None, map(data_of, cutter.feed(piece))):
                yield before + data
                before = b",\n"
    last = data_of(cutter.rest)
    yield (before + last if last else b"" if before != b"[" else b"[") + b"]"
