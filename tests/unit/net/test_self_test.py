"""An engine that holds back what has arrived, or goes on with what was given up, is found out."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from lasttenth.net.aiohttp_transport import AiohttpTransport
from lasttenth.net.self_test import fault_of
from lasttenth.net.transport import Inbound, Limits, Outbound, Transport


class Slow:
    """An engine that passes a body on once it is whole, or takes no notice of a request that is cancelled."""

    def __init__(self, *, buffers: bool) -> None:
        self._engine = AiohttpTransport(Limits())
        self._buffers = buffers
        self._going_on: set[asyncio.Task[Inbound]] = set()

    async def send(self, request: Outbound) -> Inbound:
        """Send a request."""
        if self._buffers:
            return Whole(await self._engine.send(request))
        sending = asyncio.ensure_future(self._engine.send(request))
        self._going_on.add(sending)
        return await asyncio.shield(sending)

    async def close(self) -> None:
        """Close all connections."""
        for sending in self._going_on:
            sending.cancel()
        await asyncio.gather(*self._going_on, return_exceptions=True)
        await self._engine.close()


class Whole:
    """An answer of one piece."""

    def __init__(self, answer: Inbound) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers."""
        return self._answer.headers

    async def read(self, limit: int) -> bytes:
        """Return the whole body."""
        return await self._answer.read(limit)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the whole body."""
        yield await self._answer.read(99)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._answer.close()


def test_engine_that_works_has_no_fault() -> None:
    assert asyncio.run(examined(AiohttpTransport(Limits()))) == ""


def test_engine_that_buffers_is_found_out() -> None:
    assert asyncio.run(examined(Slow(buffers=True))) == "it holds back what has arrived"


def test_engine_that_goes_on_with_what_was_given_up_is_found_out() -> None:
    assert asyncio.run(examined(Slow(buffers=False))) == "a request that is given up goes on upstream"


async def examined(transport: Transport) -> str:
    """Return what the test says of an engine, which is closed."""
    try:
        return await fault_of(transport)
    finally:
        await transport.close()
