"""What aiohttp can tell and other engines cannot: that a kept connection was closed before any of an answer came."""

import asyncio

import pytest
from tests.upstreams import SECONDS, Peer, RawServer, Serve, answer

from lasttenth.net.aiohttp_transport import AiohttpTransport
from lasttenth.net.transport import Limits, Outbound
from lasttenth.records.errors import UpstreamError

HEADERS = {"accept-encoding": "identity"}


def test_request_on_a_kept_connection_that_closes_under_it_is_sent_once_more() -> None:
    received: list[bytes] = []

    async def serve(peer: Peer) -> None:
        received.append((await peer.request())[2])
        await peer.send(answer(b"hello"))
        if peer.number == 1:
            received.append((await peer.request())[2])

    answers, connections = asyncio.run(asked(serve, [b"1", b"2"]))

    assert answers == [b"hello", b"hello"]
    assert received == [b"1", b"2", b"2"]
    assert connections == 2


def test_request_is_sent_twice_at_most() -> None:
    received: list[bytes] = []

    async def serve(peer: Peer) -> None:
        if peer.number == 1:
            await peer.request()
            await peer.send(answer(b"hello"))
        received.append((await peer.request())[2])

    with pytest.raises(UpstreamError, match="it closed the connection"):
        asyncio.run(asked(serve, [b"1", b"2"]))

    assert received == [b"2", b"2"]


def test_request_that_has_not_left_ends_with_its_answer() -> None:
    left = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(answer(b"too much", status="413 Content Too Large"))
        await asyncio.sleep(0.1)
        await peer.left()
        left.set()

    async def work() -> int:
        transport = AiohttpTransport(Limits(connect=SECONDS, read=SECONDS))
        async with RawServer(serve) as server, asyncio.timeout(SECONDS):
            request = Outbound(method="POST", url=server.url, headers=HEADERS, body=b"x" * 2**25)
            inbound = await transport.send(request)
            await inbound.read(99)
            await inbound.close()
            await left.wait()
        await transport.close()
        return inbound.status

    assert asyncio.run(work()) == 413


async def asked(serve: Serve, bodies: list[bytes]) -> tuple[list[bytes], int]:
    """Send requests one after the other; return the answers and how many connections it took."""
    transport = AiohttpTransport(Limits(connect=SECONDS, read=SECONDS))
    answers = []
    try:
        async with RawServer(serve) as server:
            for body in bodies:
                inbound = await transport.send(Outbound(method="POST", url=server.url, headers=HEADERS, body=body))
                answers.append(await inbound.read(99))
                await inbound.close()
            return answers, server.connections
    finally:
        await transport.close()
