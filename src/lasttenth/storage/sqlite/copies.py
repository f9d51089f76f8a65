"""A whole SQLite file: its rows as they are read and written by copies, and triggers that refuse writes."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from lasttenth.records.errors import StorageError
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage import schema
from lasttenth.storage.copies.tables import Row, Shape
from lasttenth.storage.copies.texts import chunk_texts, index_ids
from lasttenth.storage.migrate import LATEST, current, upgrade
from lasttenth.storage.sqlite import words
from lasttenth.storage.sqlite.engine import SqliteEngine, driver
from lasttenth.storage.sqlite.store import SqliteStore, sqlite_native

_OPERATIONS = ("INSERT", "UPDATE", "DELETE")


class SqliteDatabase:
    """The database in one file, which is made when it is new."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.engine = SqliteEngine(path)
        self._store = SqliteStore(self.engine, sqlite_native(), clock=SystemClock(), randomness=system_randomness)

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of its schema, None for a database without one."""
        return current(connection)

    def upgrade(self, connection: Connection, revision: str) -> None:
        """Bring the schema to a revision, and to the latest one with all that it holds."""
        if revision == LATEST:
            self._store.upgrade(connection)
        else:
            upgrade(connection, to=revision)

    def rows(self, connection: Connection, shape: Shape) -> Iterator[Row]:
        """Yield the rows of a table in the order in which they lie in the file."""
        yield from driver(connection).execute(f"SELECT {shape.names} FROM {shape.name}")  # noqa: S608 - our own names

    def insert(self, connection: Connection, shape: Shape, rows: Sequence[Row]) -> None:
        """Insert rows with their ids."""
        marks = ", ".join("?" * len(shape.columns))
        statement = f"INSERT INTO {shape.name} ({shape.names}) VALUES ({marks})"  # noqa: S608 - our own names
        driver(connection).executemany(statement, rows)

    def finish(self, connection: Connection) -> None:
        """Make the full text of every index. Ids are counted on by SQLite itself; spans wait for theirs, as new ones do."""
        for index_id in index_ids(connection):
            words.create(connection, index_id)
            for rows in chunk_texts(connection, index_id):
                words.add(connection, index_id, rows)

    async def settle(self) -> None:
        """Do nothing: all is done in the transaction."""

    def is_frozen(self, connection: Connection) -> bool:
        """Tell whether every write is refused."""
        query = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'frozen%'"
        return driver(connection).execute(query).fetchone() is not None

    def freeze(self, connection: Connection, reason: str) -> None:
        """Refuse every write, by every process, until it is thawed."""
        self.thaw(connection)
        quoted = reason.replace("'", "''")
        for table, operation in _triggers():
            driver(connection).execute(
                f"CREATE TRIGGER frozen_{table}_{operation} BEFORE {operation} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{quoted}'); END"
            )

    def thaw(self, connection: Connection) -> None:
        """Let it be written again."""
        for table, operation in _triggers():
            driver(connection).execute(f"DROP TRIGGER IF EXISTS frozen_{table}_{operation}")

    def set_aside(self, connection: Connection, name: str) -> None:
        """Do nothing: a file is kept aside as a whole."""

    async def close(self) -> None:
        """Release the file and the threads."""
        await self.engine.close()


def release(path: Path) -> None:
    """Fold the log of a file into it, which only succeeds while nobody else has it open. Raises StorageError."""
    with contextlib.closing(sqlite3.connect(path, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            raise StorageError(f"{path} is in use: {error}.", hint="Stop the server that uses it first.") from error


def _triggers() -> list[tuple[str, str]]:
    return [(table, operation) for table in schema.metadata.tables for operation in _OPERATIONS]
