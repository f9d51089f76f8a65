"""The load of streams: many connections, one stream after the other on each, and when each chunk was there.

The chunks carry the time at which the upstream wrote them, so that what a gateway adds is seen chunk by chunk.
"""

import asyncio
import re
import statistics
import time
from typing import NamedTuple

from benchmarks.gateway.bodies import Body, corpus
from benchmarks.gateway.upstream import PATH

_STAMP = re.compile(rb"@(\d{16});")
_STAMP_BYTES = 18
_PATIENCE = 120.0


class Streams(NamedTuple):
    """What to play, and to whom."""

    port: int
    headers: dict[str, str]
    body: Body
    at_once: int
    each: int
    """Streams on each connection, one after the other."""
    chunks: int
    pause: float
    """Seconds between two chunks."""
    first: int = 0
    """Number of the first request."""

    @property
    def total(self) -> int:
        """Return the number of streams."""
        return self.at_once * self.each


class Played(NamedTuple):
    """What was seen, in milliseconds."""

    first: list[float]
    """From each request to its first chunk."""
    lags: list[float]
    """From each chunk's stamp to its arrival."""

    def first_p50(self) -> float:
        """Return the median time to the first chunk."""
        return statistics.median(self.first)

    def lag(self, percent: int) -> float:
        """Return a percentile of the lags."""
        return statistics.quantiles(self.lags, n=100)[percent - 1]


async def play(streams: Streams) -> Played:
    """Play all streams, begun evenly over the length of one. Raises RuntimeError where one is not complete."""
    played = Played([], [])
    apart = max(streams.chunks * streams.pause, 0.02) / streams.at_once
    async with asyncio.timeout(_PATIENCE), asyncio.TaskGroup() as group:
        for number in range(streams.at_once):
            group.create_task(_one_after_the_other(streams, number, number * apart, played))
    expected = streams.total * streams.chunks
    if len(played.lags) != expected:
        raise RuntimeError(f"{len(played.lags)} of {expected} chunks arrived.")
    return played


async def _one_after_the_other(streams: Streams, number: int, delay: float, played: Played) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(delay)
    connection: _Connection | None = None
    for turn in range(streams.each):
        if connection is None or connection.is_closed:
            _, connection = await loop.create_connection(lambda: _Connection(played), "127.0.0.1", streams.port)
        await connection.ask(request(streams, streams.first + number * streams.each + turn))
    if connection is not None:
        connection.close()


def request(streams: Streams, number: int) -> bytes:
    """Return the bytes of a request."""
    body = streams.body.text(number, corpus()).encode()
    lines = [f"POST {PATH} HTTP/1.1", f"Host: 127.0.0.1:{streams.port}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in streams.headers.items()] + [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """A client's connection: looks for stamps in whatever comes, and for the end."""

    def __init__(self, played: Played) -> None:
        self._played = played
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._asked = 0
        self._has_begun = False
        self._is_done = False
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_closed = False

    async def ask(self, data: bytes) -> None:
        """Send a request and wait for the end of its answer."""
        assert self._transport is not None
        self._ended = asyncio.get_running_loop().create_future()
        self._rest, self._has_begun, self._is_done = b"", False, False
        self._asked = time.monotonic_ns()
        self._transport.write(data)
        await self._ended

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports have no such base

    def data_received(self, data: bytes) -> None:
        """Note when chunks came."""
        now = time.monotonic_ns()
        data = self._rest + data
        for stamp in _STAMP.finditer(data):
            if not self._has_begun:
                self._has_begun = True
                self._played.first.append((now - self._asked) / 1e6)
            self._played.lags.append((now - int(stamp[1])) / 1e6)
            self._rest = b""
        last = data.rfind(b";")
        self._rest = data[max(last + 1, len(data) - _STAMP_BYTES) :]
        self._is_done = self._is_done or b"[DONE]" in data
        if self._is_done and data.endswith(b"0\r\n\r\n"):
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """End: some servers close the connection after a stream."""
        self.is_closed = True
        self._end(error)

    def _end(self, error: Exception | None = None) -> None:
        if not self._ended.done():
            if self._is_done and error is None:
                self._ended.set_result(None)
            else:
                self._ended.set_exception(error or RuntimeError("A stream ended before its end."))
