"""What all tests share: a way to run coroutines, and fresh stores of every engine."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from lasttenth.records.ids import Clock, SystemClock, system_randomness
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import RemoteStore, Writer, WriterClient
from lasttenth.storage.sqlite import SqliteReader, SqliteStore, sqlite_native
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE
from tests.servers import PostgresServer, start_postgres

T = TypeVar("T")
SYSTEM_CLOCK = SystemClock()


async def open_sqlite(folder: Path, clock: Clock = SYSTEM_CLOCK, *, one_by_one: int = COMPARED_ONE_BY_ONE) -> Store:
    """Open the SQLite store of a folder."""
    return await SqliteStore.open(folder / "store.db", clock=clock, randomness=system_randomness, one_by_one=one_by_one)


async def open_postgres(url: str, clock: Clock = SYSTEM_CLOCK, *, one_by_one: int = COMPARED_ONE_BY_ONE) -> Store:
    """Open the PostgreSQL store of a database."""
    from lasttenth.storage.postgres import PostgresStore  # noqa: PLC0415 - psycopg is an extra

    return await PostgresStore.open(url, clock=clock, randomness=system_randomness, one_by_one=one_by_one)


async def open_remote(folder: Path, clock: Clock = SYSTEM_CLOCK) -> Store:
    """Open a store whose writes go over a socket to another one, as those of a worker do."""
    writing = await open_sqlite(folder, clock)
    return _WithWriter(folder / "store.db", writing, await Writer.open(writing, folder), clock)


class _WithWriter(RemoteStore):
    """A worker's store that brings its writer along."""

    def __init__(self, file: Path, writing: Store, writer: Writer, clock: Clock) -> None:
        client = WriterClient(writer.path)
        super().__init__(SqliteReader(file), sqlite_native(), client, clock=clock, randomness=system_randomness)
        self._others = writer, writing

    async def close(self) -> None:
        await super().close()
        for other in self._others:
            await other.close()


async def with_store(opening: Awaitable[Store], work: Callable[[Store], Awaitable[T]]) -> T:
    """Open a store for the time of some work."""
    store = await opening
    try:
        return await work(store)
    finally:
        await store.close()


async def with_sqlite(folder: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open a SQLite store in a folder for the time of some work."""
    return await with_store(open_sqlite(folder), work)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make chaos` kill more often than the ordinary run does."""
    parser.addoption("--rounds", default="3", help="how many kills a chaos test makes")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a PostgreSQL server that stands for as long as the tests run."""
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "workers", "postgres"])
def engines(request: pytest.FixtureRequest) -> "FreshEngine":
    """Return what makes engines with nothing in them: each engine in turn."""
    if request.param != "postgres":
        return partial(_fresh_folder, {"sqlite": open_sqlite, "workers": open_remote}[request.param])
    server: PostgresServer = request.getfixturevalue("postgres")
    return lambda: _fresh_postgres(server)


@pytest.fixture
def engine(engines: "FreshEngine") -> "Iterator[Engine]":
    """Return the engine that the conformance suite runs on: each engine in turn, with nothing in it."""
    with engines() as fresh:
        yield fresh


class Engine:
    """Run work against a store that is opened anew each time, as after a restart."""

    def __init__(self, opened: Callable[[Clock], Awaitable[Store]]) -> None:
        self._opened = opened

    def run(self, work: Callable[[Store], Awaitable[T]], *, clock: Clock = SYSTEM_CLOCK) -> T:
        """Open the store, do the work, close it, and return the result."""
        return asyncio.run(with_store(self._opened(clock), work))


FreshEngine = Callable[[], AbstractContextManager[Engine]]


@contextmanager
def _fresh_folder(opened: Callable[[Path, Clock], Awaitable[Store]]) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        yield Engine(lambda clock: opened(Path(folder), clock))


@contextmanager
def _fresh_postgres(server: PostgresServer) -> Iterator[Engine]:
    with server.database() as url:
        yield Engine(lambda clock: open_postgres(url, clock))
