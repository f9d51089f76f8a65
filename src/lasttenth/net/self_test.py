"""Whether an engine does on this machine what a gateway rests on; the contract of all engines is in the tests.

Two things are tried over loopback: the first piece of a stream is passed on before the second one is sent, and a
request that is given up before its answer begins is given up upstream as well, where it would cost money.
"""

import asyncio
from collections.abc import Awaitable

from lasttenth.net.transport import Outbound, Transport
from lasttenth.records.errors import LasttenthError

SECONDS = 1.0
"""How long each may take. It takes a few milliseconds, unless the engine waits for what does not come."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def fault_of(transport: Transport) -> str:
    """Return what is wrong with an engine, or an empty text."""
    upstream = _Upstream()
    try:
        server = await asyncio.start_server(upstream.connected, "127.0.0.1", 0)
    except OSError as error:
        return f"nothing can listen on 127.0.0.1: {error.strerror}"
    request = Outbound(
        method="GET",
        url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/",
        headers={"accept-encoding": "identity"},
    )
    try:
        return await _bounded(
            _streams(transport, request, upstream), "it holds back what has arrived"
        ) or await _bounded(_gives_up(transport, request, upstream), "a request that is given up goes on upstream")
    finally:
        server.close()
        await upstream.close()


class _Upstream:
    """Answer the first request with a stream of two pieces, and no other."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked_again = asyncio.Event()
        self.left = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more connection."""
        connection = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(connection)
        # A task that is cancelled before its first step has no say in how it ends.
        connection.add_done_callback(lambda _: writer.transport.abort())

    async def close(self) -> None:
        """End all connections."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.go_on.is_set():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_HEAD + b"1\r\na\r\n")
            await self.go_on.wait()
            writer.write(b"1\r\nb\r\n0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        self.asked_again.set()
        await reader.read()
        self.left.set()


async def _bounded(trial: Awaitable[str], late: str) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            return await trial
    except TimeoutError:
        return late
    except LasttenthError as error:
        return error.message


async def _streams(transport: Transport, request: Outbound, upstream: _Upstream) -> str:
    received = bytearray()
    answer = await transport.send(request)
    try:
        async for chunk in answer.chunks():
            received += chunk
            upstream.go_on.set()
    finally:
        await answer.close()
    return "" if received == b"ab" else f"it passes on {bytes(received)!r} for b'ab'"


async def _gives_up(transport: Transport, request: Outbound, upstream: _Upstream) -> str:
    waiting = asyncio.ensure_future(transport.send(request))
    await upstream.asked_again.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    await upstream.left.wait()
    return ""
