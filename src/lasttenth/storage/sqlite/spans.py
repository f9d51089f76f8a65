"""Rows of spans through the native driver: this path runs for every request."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lasttenth.storage.sqlite.engine import driver
from lasttenth.storage.traces.rows import COLUMNS, NAMES, SpanKey, SpanRow

_INSERT = (
    f"INSERT INTO spans ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608 - our own names
    "ON CONFLICT (project, trace_id, span_id) DO NOTHING"
)


class SqliteSpans:
    """Rows of spans in SQLite."""

    sharing = locking = ""

    def insert(self, connection: Connection, rows: Sequence[SpanRow]) -> set[SpanKey]:
        """Insert rows with distinct keys and return the keys that are new."""
        cursor = driver(connection).cursor()
        return {SpanKey(row.trace_id, row.span_id) for row in rows if cursor.execute(_INSERT, row).rowcount}

    def fetch(self, connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return driver(connection).execute(statement, tuple(parameters)).fetchall()

    def run(self, connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement once for each row of parameters and return how many rows it changed."""
        return driver(connection).executemany(statement, rows).rowcount

    def shard(self, _connection: Connection) -> int:
        """Return the one shard that there is: there is one writer at a time."""
        return 0

    def drop(self, _connection: Connection, _project: str, _before: int) -> int:
        """Return 0: nothing can be removed but row by row."""
        return 0
