"""A PostgreSQL database: a small pool of connections, and one thread for each of them.

Every write is a transaction of its own. `synchronous_commit` is on, so a caller is answered only after COMMIT returned:
what was acknowledged is on the server's disk.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import psycopg
import sqlalchemy
from sqlalchemy import URL, Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError, DBAPIError

from lasttenth.records.errors import ConfigurationError, StorageError
from lasttenth.storage.postgres.failures import explain, may_be_repeated
from lasttenth.storage.postgres.strings import register_strings

T = TypeVar("T")

CONNECTIONS = 8
ATTEMPTS = 7
"""How often a transaction is tried that another one got in the way of."""
CONNECT_TIMEOUT = 10

_LONGEST_PAUSE = 0.02
"""Seconds before the first repetition, at most; twice as long before each one after it."""
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"
)


class PostgresEngine:
    """Own the connections to one database.

    Args:
        url: where the database is; the driver is always psycopg.
        connections: how many transactions run at once, at most.
    """

    def __init__(self, url: URL, *, connections: int = CONNECTIONS) -> None:
        self.name = f"{url.database} on {url.host or url.query.get('host') or 'this machine'}"
        self._engine = _open(url, connections)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="lasttenth-postgres")
        self._closed = False

    def insert(self, table: Table) -> postgresql.Insert:
        """Return an INSERT that says what to do with a row that is there already."""
        return postgresql.insert(table)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction and return its result once that is durable. Raises StorageError.

        Work that another transaction got in the way of is rolled back and run again.
        """
        return await self._run(self._write, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work against one snapshot. Raises StorageError."""
        return await self._run(self._read, work)

    async def alone(self, work: Callable[[Connection], T]) -> T:
        """Run work whose statements are each a transaction of their own. Raises StorageError."""
        return await self._run(self._alone, work)

    async def version(self) -> str:
        """Return a mark that is another one after any commit, whoever made it. Raises StorageError."""
        query = text("SELECT pg_current_snapshot()::text")
        return str(await self.read(lambda connection: connection.scalar(query)))

    async def close(self) -> None:
        """Finish what was accepted, then release connections and threads. It may be repeated."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _run(self, way: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StorageError(f"The connection to {self.name} is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, way, work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._repeated(self._engine.begin, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._repeated(self._snapshots.connect, work)

    def _alone(self, work: Callable[[Connection], T]) -> T:
        return self._repeated(self._engine.execution_options(isolation_level="AUTOCOMMIT").connect, work)

    def _repeated(self, begin: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]) -> T:
        """Run work, and run it anew where another transaction got in its way, a bounded number of times."""
        for attempt in itertools.count(1):
            try:
                with begin() as connection:
                    return work(connection)
            except (psycopg.Error, DBAPIError) as error:
                if attempt == ATTEMPTS or not may_be_repeated(error):
                    raise explain(error, self.name) or error from error
            time.sleep(random.uniform(0, _LONGEST_PAUSE * 2 ** (attempt - 1)))  # noqa: S311 - nothing secret
        raise AssertionError("The last attempt returns or raises.")


def read_address(url: str) -> URL:
    """Return an address as the engine takes it. Raises ConfigurationError."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The address holds a password, so it is not repeated here.
        raise ConfigurationError(
            "The address of the database cannot be read.", hint="Write postgresql://user:password@host/database."
        ) from None


def driver(connection: Connection) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return the native connection, for the paths where every microsecond counts."""
    native = connection.connection.driver_connection
    if not isinstance(native, psycopg.Connection):
        raise TypeError(f"Expected a connection of psycopg, found {type(native).__name__}.")
    return native


def _open(url: URL, connections: int) -> sqlalchemy.Engine:
    defaults = {"application_name": "lasttenth", "connect_timeout": str(CONNECT_TIMEOUT)}
    query = {**defaults, **url.query}
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg", query=query),
        connect_args={"client_encoding": "utf8"},
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,  # a server that was restarted is met with a new connection, not with an error
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: "psycopg.Connection[tuple[Any, ...]]", _record: object) -> None:
    register_strings(connection)
    connection.execute(_DURABLE)
    connection.commit()
