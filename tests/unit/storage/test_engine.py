"""The SQLite engine: what was acknowledged is there, what failed is told so, and the writer outlives both."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy
from sqlalchemy import Connection

from lasttenth.records.errors import StorageError
from lasttenth.storage.sqlite.engine import GROUP_SIZE, SqliteEngine, driver
from lasttenth.storage.sqlite.failures import explain

T = TypeVar("T")
PATIENCE = 20.0


def with_engine(folder: Path, work: Callable[[SqliteEngine], Awaitable[T]], *, busy_timeout: float = 5.0) -> T:
    """Do some work with an engine on a file that has one table."""

    async def main() -> T:
        engine = SqliteEngine(folder / "store.db", busy_timeout=busy_timeout)
        try:
            await engine.write(lambda connection: execute(connection, "CREATE TABLE IF NOT EXISTS t (n, body)"))
            return await asyncio.wait_for(work(engine), PATIENCE)
        finally:
            await engine.close()

    return asyncio.run(main())


def execute(connection: Connection, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    """Run one statement with the native driver."""
    return driver(connection).execute(statement, parameters).fetchall()


def adding(number: int, *, size: int = 0) -> Callable[[Connection], None]:
    """Return work that adds one row."""

    def work(connection: Connection) -> None:
        execute(connection, "INSERT INTO t VALUES (?, zeroblob(?))", number, size)

    return work


async def numbers(engine: SqliteEngine) -> list[object]:
    """Return what the table holds."""
    return [row[0] for row in await engine.read(lambda connection: execute(connection, "SELECT n FROM t ORDER BY n"))]


async def held(engine: SqliteEngine) -> tuple[asyncio.Task[None], threading.Event]:
    """Keep the writer busy until the event is set, so that what comes next is one group."""
    started, release = threading.Event(), threading.Event()

    def wait(_connection: Connection) -> None:
        started.set()
        release.wait(PATIENCE)

    task = asyncio.ensure_future(engine.write(wait))
    await asyncio.to_thread(started.wait, PATIENCE)
    return task, release


async def in_one_group(engine: SqliteEngine, *work: Callable[[Connection], object]) -> list[object]:
    """Write several things in one group commit, and return their results or errors."""
    blocker, release = await held(engine)
    writes = [asyncio.ensure_future(engine.write(each)) for each in work]
    await asyncio.sleep(0)
    release.set()
    await blocker
    return list(await asyncio.gather(*writes, return_exceptions=True))


def test_writer_commits_durably_and_readers_do_not_wait_for_it(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> list[object]:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        return await engine.write(lambda found: [execute(found, f"PRAGMA {name}")[0][0] for name in pragmas])

    settings = with_engine(tmp_path, work)

    assert settings == ["wal", 2, 1]


def test_failing_member_of_a_group_takes_nobody_with_it(tmp_path: Path) -> None:
    def fails(connection: Connection) -> None:
        adding(2)(connection)
        raise ValueError("This member fails.")

    async def work(engine: SqliteEngine) -> tuple[list[object], list[object]]:
        return await in_one_group(engine, adding(1), fails, adding(3)), await numbers(engine)

    results, stored = with_engine(tmp_path, work)

    assert (results[0], str(results[1]), results[2]) == (None, "This member fails.", None)
    assert stored == [1, 3]


def test_full_disk_is_told_to_all_that_were_not_stored_and_to_nobody_else(tmp_path: Path) -> None:
    def limits(connection: Connection) -> None:
        pages = execute(connection, "PRAGMA page_count")[0][0]
        execute(connection, f"PRAGMA max_page_count = {pages}")

    async def work(engine: SqliteEngine) -> tuple[list[object], list[object]]:
        await engine.write(adding(0))
        await engine.write(limits)
        return await in_one_group(engine, adding(1), adding(2, size=10_000_000), adding(3)), await numbers(engine)

    results, stored = with_engine(tmp_path, work)

    told = [number for number, result in enumerate(results, 1) if result is None]
    assert stored == [0, *told]
    assert isinstance(results[1], StorageError)
    assert "full" in str(results[1])


def test_file_locked_by_another_process_is_refused_and_works_again_afterwards(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> list[object]:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        with contextlib.closing(other):
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="locked by another process"):
                await engine.write(adding(1))
            other.execute("ROLLBACK")
        await engine.write(adding(2))
        return await numbers(engine)

    stored = with_engine(tmp_path, work, busy_timeout=0.05)

    assert stored == [2]


def test_read_only_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with_engine(tmp_path, lambda engine: engine.write(lambda connection: execute(connection, "SELECT 1")))

    # Opened to be read alone, which binds root too.
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("INSERT INTO t VALUES (1, '')")
        told = explain(caught.value, file)

    assert isinstance(told, StorageError)
    assert "is read-only" in str(told)
    assert "right to write" in told.hint


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError(), StopIteration(), MemoryError()]
)
def test_writer_outlives_work_that_raises_whatever_it_raises(tmp_path: Path, error: BaseException) -> None:
    def fails(connection: Connection) -> None:
        adding(1)(connection)
        raise error

    async def work(engine: SqliteEngine) -> tuple[list[object], list[object]]:
        results = await in_one_group(engine, adding(0), fails, adding(2))
        return results, await numbers(engine)

    results, stored = with_engine(tmp_path, work)

    assert results[0] is None
    assert isinstance(results[1], BaseException)
    assert stored == [0, 2]


def test_writer_outlives_a_commit_that_fails_in_an_unforeseen_way(tmp_path: Path) -> None:
    def breaks_the_commit(connection: Connection) -> None:
        def refuse(_connection: Connection) -> None:
            sqlalchemy.event.remove(connection.engine, "commit", refuse)
            raise ArithmeticError("The commit fails.")

        sqlalchemy.event.listen(connection.engine, "commit", refuse)

    async def work(engine: SqliteEngine) -> tuple[list[object], list[object]]:
        results = await in_one_group(engine, adding(1), breaks_the_commit)
        await engine.write(adding(2))
        return results, await numbers(engine)

    results, stored = with_engine(tmp_path, work)

    assert [str(result) for result in results] == ["The commit fails.", "The commit fails."]
    assert stored == [2]


def test_caller_that_gives_up_neither_stops_the_writer_nor_takes_back_what_runs(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> list[object]:
        started, release = threading.Event(), threading.Event()

        def slow(connection: Connection) -> None:
            started.set()
            release.wait(PATIENCE)
            adding(1)(connection)

        running = asyncio.ensure_future(engine.write(slow))
        await asyncio.to_thread(started.wait, PATIENCE)
        waiting = asyncio.ensure_future(engine.write(adding(2)))
        await asyncio.sleep(0)
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        release.set()
        await engine.write(adding(3))
        return await numbers(engine)

    stored = with_engine(tmp_path, work)

    assert stored == [1, 3]


def test_everything_that_was_accepted_is_written_before_the_engine_is_closed(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> list[object]:
        writes = [asyncio.ensure_future(engine.write(adding(number))) for number in range(3 * GROUP_SIZE)]
        await asyncio.sleep(0)
        await engine.close()
        return list(await asyncio.gather(*writes, return_exceptions=True))

    results = with_engine(tmp_path, work)

    assert results == [None] * 3 * GROUP_SIZE
    assert with_engine(tmp_path, numbers) == list(range(3 * GROUP_SIZE))


def test_closed_engine_refuses_and_may_be_closed_again(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> None:
        await asyncio.gather(engine.close(), engine.close())
        with pytest.raises(StorageError, match="is closed"):
            await engine.write(adding(1))
        with pytest.raises(StorageError, match="is closed"):
            await engine.read(lambda _: None)

    with_engine(tmp_path, work)

    assert with_engine(tmp_path, numbers) == []


def test_close_that_was_interrupted_is_finished_by_the_next_one(tmp_path: Path) -> None:
    async def work(engine: SqliteEngine) -> int:
        await numbers(engine)
        blocker, release = await held(engine)
        closing = asyncio.ensure_future(engine.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        release.set()
        await engine.close()
        await blocker
        return sum(thread.name.startswith("lasttenth") for thread in threading.enumerate())

    assert with_engine(tmp_path, work) == 0


def test_many_event_loops_write_to_one_engine_while_it_is_closed_and_each_gets_an_answer(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "store.db")
    asyncio.run(engine.write(lambda connection: execute(connection, "CREATE TABLE t (n, body)")))
    acknowledged: list[int] = []
    ready = threading.Barrier(9)

    async def write(first: int) -> None:
        for number in range(first, first + 10_000):
            try:
                await asyncio.wait_for(engine.write(adding(number)), PATIENCE)
            except StorageError:
                return
            acknowledged.append(number)

    def run(first: int, answered: "Future[None]") -> None:
        ready.wait()
        try:
            asyncio.run(write(first))
            answered.set_result(None)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            answered.set_exception(error)

    answers: list[Future[None]] = [Future() for _ in range(8)]
    for turn, answered in enumerate(answers):
        threading.Thread(target=run, args=(turn * 10_000, answered)).start()
    ready.wait()
    asyncio.run(engine.close())
    for answered in answers:
        answered.result(PATIENCE)

    assert set(acknowledged) <= set(with_engine(tmp_path, numbers))
