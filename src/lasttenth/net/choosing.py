"""Which engine sends the requests: the one that the settings name, or the faster one where it is installed and works."""

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from lasttenth.net.aiohttp_transport import AiohttpTransport
from lasttenth.net.proxies import proxy_for
from lasttenth.net.self_test import fault_of
from lasttenth.net.transport import Address, Engine, Inbound, Limits, Outbound, Transport
from lasttenth.records.errors import MissingExtraError

FAST_PACKAGE = "pyreqwest"


class Choice(NamedTuple):
    """An engine, and why it is this one."""

    transport: Transport
    engine: str
    why: str


def open_transport(engine: Engine, limits: Limits) -> Transport:
    """Return what sends requests.

    Raises:
        MissingExtraError: the settings name an engine that is not installed.
    """
    if engine == "auto" and find_spec(FAST_PACKAGE) is not None:
        return LateTransport(limits)
    return _fast(limits) if engine == "pyreqwest" else AiohttpTransport(limits)


async def choose(engine: Engine, limits: Limits) -> Choice:
    """Return the engine that requests will go through. Raises MissingExtraError."""
    if engine != "auto":
        return Choice(open_transport(engine, limits), engine, "lasttenth.yaml names it")
    if find_spec(FAST_PACKAGE) is None:
        why = f"{FAST_PACKAGE} is faster, and is not installed; install it with: pip install 'lasttenth[fast]'"
        return Choice(AiohttpTransport(limits), "aiohttp", why)
    fault = await _fault_of_the_fast_one(limits)
    if fault:
        return Choice(AiohttpTransport(limits), "aiohttp", f"{FAST_PACKAGE} failed its test of itself: {fault}")
    return Choice(_fast(limits), "pyreqwest", "it is installed and passed its test of itself")


class LateTransport:
    """Begin with aiohttp, and go over to the faster engine once it has passed its test of itself.

    The test begins with the first request and runs beside it: neither a start nor a request waits for it.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._first = self._now = open_transport("aiohttp", limits)
        self._testing: asyncio.Task[None] | None = None

    async def send(self, request: Outbound) -> Inbound:
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        if self._testing is None:
            self._testing = asyncio.create_task(self._test())
        return await self._now.send(request)

    async def close(self) -> None:
        """Close all connections."""
        if self._testing is not None:
            self._testing.cancel()
            await asyncio.wait([self._testing])
        await self._now.close()
        await self._first.close()

    async def _test(self) -> None:
        choice = await choose("auto", self._limits)
        if choice.engine == FAST_PACKAGE:
            self._now = choice.transport


async def _fault_of_the_fast_one(limits: Limits) -> str:
    try:
        tested = await asyncio.to_thread(_fast, limits, _direct)
    except MissingExtraError as error:
        return error.message
    try:
        return await fault_of(tested)
    finally:
        await tested.close()


def _direct(_: Address) -> str:
    return ""


def _fast(limits: Limits, proxy_of: Callable[[Address], str] = proxy_for) -> Transport:
    try:
        from lasttenth.net.pyreqwest_transport import PyreqwestTransport  # noqa: PLC0415 - it needs an extra
    except ImportError as error:
        raise MissingExtraError(
            f"The transport {FAST_PACKAGE} needs the module {error.name!r}, which is not installed or does not load.",
            hint="Run: pip install 'lasttenth[fast]', or set `transport: aiohttp`.",
        ) from error
    return PyreqwestTransport(limits, proxy_of)
