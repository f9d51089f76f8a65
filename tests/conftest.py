"""What all tests share: a way to run coroutines, and stores in fresh folders."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.ports import Store
from lasttenth.storage.sqlite import SqliteStore

T = TypeVar("T")


async def with_sqlite(folder: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open a SQLite store in a folder for the time of some work."""
    store = await SqliteStore.open(folder / "store.db", clock=SystemClock(), randomness=system_randomness)
    try:
        return await work(store)
    finally:
        await store.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make chaos` kill more often than the ordinary run does."""
    parser.addoption("--rounds", default="3", help="how many kills a chaos test makes")


@pytest.fixture
def engine(tmp_path: Path) -> "Engine":
    """Return the engine that the conformance suite runs on."""
    return Engine(tmp_path)


class Engine:
    """Run work against a store that is opened anew each time, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Open the store, do the work, close it, and return the result."""
        return asyncio.run(with_sqlite(self._folder, work))
