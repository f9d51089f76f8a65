"""Which engine is chosen, and what is said of it. Where a package is missing is seen in a process that hides it."""

import asyncio
import subprocess
import sys

import pytest
from tests.upstreams import SECONDS, Peer, RawServer, answer

from lasttenth.net.choosing import Choice, LateTransport, choose
from lasttenth.net.transport import Engine, Limits, Outbound

WITHOUT_PACKAGE = """
import asyncio, sys
sys.modules["pyreqwest"] = None
from lasttenth.net.choosing import choose, open_transport
from lasttenth.net.transport import Limits
from lasttenth.records.errors import ConfigurationError

choice = asyncio.run(choose("auto", Limits()))
print(choice.engine, choice.why)
print(type(open_transport("auto", Limits())).__name__)
try:
    open_transport("pyreqwest", Limits())
except ConfigurationError as error:
    print(error.code, error)
"""


@pytest.mark.parametrize("engine", ["aiohttp", "pyreqwest"])
def test_engine_that_the_settings_name_is_taken(engine: Engine) -> None:
    if engine == "pyreqwest":
        pytest.importorskip("pyreqwest", reason="pip install -r requirements/dev.txt")

    choice = asyncio.run(chosen(engine))

    assert (choice.engine, choice.why) == (engine, "lasttenth.yaml names it")


def test_engine_that_works_in_every_way_is_chosen_and_the_other_one_is_named_with_its_fault() -> None:
    pytest.importorskip("pyreqwest", reason="pip install -r requirements/dev.txt")

    choice = asyncio.run(chosen("auto"))

    passed = "it is installed and passed its test of itself"
    failed = "pyreqwest failed its test of itself: a request that is given up goes on upstream"
    assert (choice.engine, choice.why) in {("pyreqwest", passed), ("aiohttp", failed)}


def test_without_the_package_the_extra_is_named() -> None:
    result = subprocess.run([sys.executable, "-c", WITHOUT_PACKAGE], capture_output=True, text=True, check=True)

    first, second, third = result.stdout.splitlines()
    assert first.startswith("aiohttp pyreqwest is faster, and is not installed")
    assert first.endswith("pip install 'lasttenth[fast]'")
    assert second == "AiohttpTransport"
    assert third.startswith("missing_extra ")
    assert "pip install 'lasttenth[fast]'" in third


def test_requests_are_sent_while_the_faster_engine_is_tested() -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"hello"))

    async def work() -> bytes:
        transport = LateTransport(Limits(connect=SECONDS, read=SECONDS))
        try:
            async with RawServer(serve) as server:
                inbound = await transport.send(Outbound(method="GET", url=server.url, headers={}))
                body = await inbound.read(99)
                await inbound.close()
                return body
        finally:
            await transport.close()

    assert asyncio.run(work()) == b"hello"


async def chosen(engine: Engine) -> Choice:
    """Return a choice, whose engine is closed."""
    choice = await choose(engine, Limits())
    await choice.transport.close()
    return choice


def test_nothing_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys; from lasttenth.net.choosing import open_transport; from lasttenth.net.transport import Limits; "
        "open_transport('auto', Limits()); print('pyreqwest' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "False\n"
