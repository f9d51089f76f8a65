"""Blocks in PostgreSQL: who takes one up while its last user leaves loses nothing, whoever comes first."""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import Connection, text
from tests.conftest import SYSTEM_CLOCK, open_postgres, with_store
from tests.servers import PostgresServer

from lasttenth.records.events import Erasure
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.engine import Engine
from lasttenth.storage.ports import Store
from lasttenth.storage.postgres.engine import PostgresEngine, read_address
from lasttenth.storage.postgres.span_words import PostgresSpanWords
from lasttenth.storage.postgres.spans import PostgresSpans
from lasttenth.storage.traces.blocks import LARGE, SIZE
from lasttenth.storage.traces.dictionaries import Dictionaries
from lasttenth.storage.traces.table import TraceTable

T = TypeVar("T")
Work = Callable[[TraceTable], Awaitable[object]]

NOON = 1_763_726_400 * 10**9
TEXT = random.Random(1).randbytes(LARGE + 2 * SIZE + 5)
PATIENCE = 20
"""Seconds after which a test has failed."""
_SOMEBODY_WAITS = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


class Holding:
    """An engine whose writers commit only once another one waits for them."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine
        self.insert = engine.insert
        self.read = engine.read
        self.version = engine.version
        self.is_done = threading.Event()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work, and keep its transaction open until it is in somebody's way."""

        def held(connection: Connection) -> T:
            result = work(connection)
            self.is_done.set()
            give_up = time.monotonic() + PATIENCE
            while not connection.scalar(_SOMEBODY_WAITS):
                assert time.monotonic() < give_up, "Nobody waits."
            return result

        return await self._engine.write(held)


def span(number: int, said: bytes) -> Span:
    """Return a span of a trace of its own."""
    return Span(
        trace_id=f"{number:032x}",
        span_id="a" * 16,
        name="chat",
        operation="chat",
        start=NOON + number,
        end=NOON + 10,
        input=Payload(media_type="text/plain", body=said),
    )


def appending(number: int, said: bytes) -> Work:
    """Return work that stores a span."""
    return lambda traces: traces.append([span(number, said)])


def erasing(number: int) -> Work:
    """Return work that erases a trace."""
    return lambda traces: traces.erase(f"{number:032x}", Erasure(id=f"e{number}", at=1, payload="p", actor="a"))


def expiring(traces: TraceTable) -> Awaitable[object]:
    """Remove the first span."""
    return traces.expire(NOON + 2)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return the address of a database with a schema, and a span of another project on the day of the others."""

    async def work(store: Store) -> None:
        await (await store.project("two")).traces.append([span(9, b"")])

    with postgres.database() as address:
        asyncio.run(with_store(open_postgres(address), work))
        yield address


def race(url: str, before: Work, first: Work, second: Work, read: int) -> list[Span]:
    """Do something, then two things at once, of which the second waits for the first, and return a trace."""

    async def main() -> list[Span]:
        engine = PostgresEngine(read_address(url))
        holding = Holding(engine)
        try:
            await before(traces_of(engine))
            leading = asyncio.create_task(_awaited(first(traces_of(holding))))
            await asyncio.to_thread(holding.is_done.wait, PATIENCE)
            await second(traces_of(engine))
            await leading
            return await traces_of(engine).get(f"{read:032x}")
        finally:
            await engine.close()

    return asyncio.run(main())


def traces_of(engine: Engine) -> TraceTable:
    """Return the spans of a project, as another process would hold them."""
    rows, words = PostgresSpans(), PostgresSpanWords()
    return TraceTable(engine, Dictionaries("one"), rows=rows, words=words, key=b"k" * 32, clock=SYSTEM_CLOCK)


def blocks(url: str) -> int:
    """Return how many blocks there are."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM blocks").fetchone()
    return row[0] if row else 0


@pytest.mark.parametrize("leaving", [erasing(1), expiring], ids=["erased", "expired"])
@pytest.mark.parametrize("length", [len(TEXT), LARGE + SIZE])
def test_block_that_is_taken_up_stays_while_its_last_user_leaves(url: str, leaving: Work, length: int) -> None:
    found = race(url, appending(1, TEXT[:length]), appending(2, TEXT), leaving, read=2)

    assert found == [span(2, TEXT)]
    assert blocks(url) == 3


def test_block_that_has_just_left_is_stored_anew(url: str) -> None:
    found = race(url, appending(1, TEXT[: LARGE + SIZE]), erasing(1), appending(2, TEXT), read=2)

    assert found == [span(2, TEXT)]
    assert blocks(url) == 3


def test_block_that_two_bring_at_once_is_stored_once(url: str) -> None:
    found = race(url, appending(3, b""), appending(1, TEXT), appending(2, TEXT), read=2)

    assert found == [span(2, TEXT)]
    assert blocks(url) == 3


def test_trace_that_two_erase_at_once_is_erased_once(url: str) -> None:
    first, second = (
        erasing(1),
        lambda traces: traces.erase(f"{1:032x}", Erasure(id="other", at=1, payload="p", actor="b")),
    )

    (found,) = race(url, appending(1, TEXT), first, second, read=1)

    assert (found.input, len(found.erased)) == (None, 64)
    assert blocks(url) == 0


async def _awaited(work: Awaitable[object]) -> object:
    return await work
