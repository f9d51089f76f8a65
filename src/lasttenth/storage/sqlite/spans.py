"""Rows of spans through the native driver: this path runs for every request."""

import itertools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lasttenth.storage.sqlite.batches import in_statements
from lasttenth.storage.sqlite.engine import driver
from lasttenth.storage.traces.rows import COLUMNS, NAMES, SpanKey, SpanRow

_INTO = f"INSERT INTO spans ({NAMES}) VALUES "  # noqa: S608 - our own names
_ROW = f"({', '.join('?' * len(COLUMNS))})"
_UNLESS_THERE = " ON CONFLICT (project, trace_id, span_id) DO NOTHING"


class SqliteSpans:
    """Rows of spans in SQLite."""

    sharing = locking = ""

    def insert(self, connection: Connection, rows: Sequence[SpanRow]) -> set[SpanKey]:
        """Insert rows with distinct keys and return the keys that are new."""
        native = driver(connection)
        new: set[SpanKey] = set()
        for some in in_statements(rows):
            statement = _INTO + ", ".join([_ROW] * len(some)) + _UNLESS_THERE
            native.execute("SAVEPOINT rows")
            if native.execute(statement, list(itertools.chain(*some))).rowcount == len(some):
                new.update(SpanKey(row.trace_id, row.span_id) for row in some)
            else:
                native.execute("ROLLBACK TO rows")
                one = _INTO + _ROW + _UNLESS_THERE
                new.update(SpanKey(row.trace_id, row.span_id) for row in some if native.execute(one, row).rowcount)
            native.execute("RELEASE rows")
        return new

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
