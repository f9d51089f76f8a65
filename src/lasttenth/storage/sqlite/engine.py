"""One SQLite file: a writer thread that commits in groups, and readers beside it.

Everything that waits while a commit runs goes into the next one, so the cost of `synchronous=FULL` (an fsync for each
commit) is shared. A caller is answered only after its group's COMMIT: what was acknowledged survives a power cut.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Table, event
from sqlalchemy.dialects import sqlite

from lasttenth.records.errors import StorageError
from lasttenth.storage.sqlite.failures import explain

T = TypeVar("T")
GROUP_SIZE = 256
READERS = 2
BETWEEN_ATTEMPTS = 0.02
"""Seconds."""


class _Job(NamedTuple):
    work: Callable[[Connection], Any]
    done: "Future[Any]"


class _Outcome(NamedTuple):
    result: Any = None
    failure: Exception | None = None


class SqliteReader:
    """Own the readers of one file, which another process writes.

    Args:
        path: the file; its folder must exist.
        busy_timeout: seconds to wait for another process that holds a lock.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 5.0) -> None:
        self._path = path
        self._engine = _open(path, busy_timeout)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lasttenth-reader")
        self._watching: Connection | None = None
        self._closed = False

    def insert(self, table: Table) -> sqlite.Insert:
        """Return an INSERT that says what to do with a row that is there already."""
        return sqlite.insert(table)

    async def write(self, work: Callable[[Connection], T]) -> T:  # noqa: ARG002 - the signature is the engine's
        """Raise TypeError: whatever writes belongs into the table of what is handed over to the writer."""
        raise TypeError(f"{self._path} is only read here.")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work on a reader, against one snapshot. Raises StorageError."""
        if self._closed:
            raise StorageError(f"{self._path} is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def version(self) -> str:
        """Return a mark that is another one after any commit, of this process or another one. Raises StorageError."""
        if self._closed:
            raise StorageError(f"{self._path} is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._data_version)

    async def close(self) -> None:
        """Release the file. A close that was interrupted may be repeated."""
        self._closed = True
        await asyncio.to_thread(self._readers.shutdown)
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                return work(connection)
        except (sqlite3.Error, sqlalchemy.exc.DBAPIError) as error:
            raise explain(error, self._path) or error from error

    def _data_version(self) -> str:
        """Ask on one and the same connection, which tells what all others have committed."""
        try:
            if self._watching is None:
                self._watching = self._engine.connect()
            return str(driver(self._watching).execute("PRAGMA data_version").fetchone()[0])
        except (sqlite3.Error, sqlalchemy.exc.DBAPIError) as error:
            raise explain(error, self._path) or error from error


class SqliteEngine(SqliteReader):
    """Own the writer thread and the readers of one file.

    Args:
        path: the file; its folder must exist.
        busy_timeout: seconds to wait for another process that holds the write lock.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 5.0) -> None:
        super().__init__(path, busy_timeout=busy_timeout)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_groups, name="lasttenth-writer", daemon=True)
        self._accepting = threading.Lock()
        self._writer.start()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in the next group commit and return its result once that is durable. Raises StorageError."""
        done: Future[T] = Future()
        with self._accepting:
            if self._closed:
                raise StorageError(f"{self._path} is closed.")
            self._jobs.put(_Job(work, done))
        return await asyncio.wrap_future(done)

    async def close(self) -> None:
        """Commit what was accepted, then release the file. A close that was interrupted may be repeated."""
        with self._accepting:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        await super().close()

    def _write_groups(self) -> None:
        running = True
        while running:
            group, running = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Job], bool]:
        job = self._jobs.get()
        group: list[_Job] = []
        while job is not None:
            if job.done.set_running_or_notify_cancel():
                group.append(job)
            if len(group) >= GROUP_SIZE or self._jobs.empty():
                return group, True
            job = self._jobs.get()
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        try:
            with self._engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                outcomes = [self._attempt(connection, job) for job in group]
        except BaseException as error:  # noqa: BLE001 - the writer outlives it, and every member hears of it
            # The whole group was rolled back: no member may be told that it succeeded.
            outcomes = [_Outcome(failure=self._told(error))] * len(group)
        for job, outcome in zip(group, outcomes, strict=True):
            if outcome.failure is None:
                job.done.set_result(outcome.result)
            else:
                job.done.set_exception(outcome.failure)

    def _attempt(self, connection: Connection, job: _Job) -> _Outcome:
        connection.exec_driver_sql("SAVEPOINT member")
        try:
            result = job.work(connection)
        except BaseException as error:
            failure = self._told(error)
            if not driver(connection).in_transaction:
                raise failure from error
            connection.exec_driver_sql("ROLLBACK TO member")
            connection.exec_driver_sql("RELEASE member")
            return _Outcome(failure=failure)
        connection.exec_driver_sql("RELEASE member")
        return _Outcome(result)

    def _told(self, error: BaseException) -> Exception:
        """Return what callers hear of an error; futures carry neither StopIteration nor what ends a thread."""
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            return explain(error, self._path) or error
        return RuntimeError(f"Work in a transaction of {self._path} ended with {error!r}.")


def driver(connection: Connection) -> sqlite3.Connection:
    """Return the native connection, for the paths where every microsecond counts."""
    native = connection.connection.driver_connection
    if not isinstance(native, sqlite3.Connection):
        raise TypeError(f"Expected a connection of sqlite3, found {type(native).__name__}.")
    return native


def _open(path: Path, busy_timeout: float) -> sqlalchemy.Engine:
    engine = sqlalchemy.create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": busy_timeout, "isolation_level": None},
        pool_size=READERS + 2,  # the readers, the writer, and the one that watches
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # For a new file: a page takes several spans, where half of that would leave a sixth of each page unused.
    connection.execute("PRAGMA page_size=8192")
    _use_write_ahead_log(connection)
    # Durable on commit, and room for one large group in the cache.
    for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "cache_size=-4000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers stand beside the writer.

    Several processes that meet in a new file switch it at the same time, and for that lock SQLite itself does not wait.
    """
    give_up = time.monotonic() + connection.execute("PRAGMA busy_timeout").fetchone()[0] / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(BETWEEN_ATTEMPTS)
        else:
            return
