"""Rows of spans in PostgreSQL: they come in by COPY, into a partition for each day.

A span is known by its project, trace and id, whenever it started. The unique key of a partitioned table has to hold the
time too, so a span that is there already is looked for first; the key stands between writers that bring it at once.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lasttenth.storage.postgres.days import Days
from lasttenth.storage.postgres.engine import driver
from lasttenth.storage.postgres.strings import escape
from lasttenth.storage.traces.rows import NAMES, SpanKey, SpanRow

SHARDS = 16
DIVIDED = ("spans", "span_words", "blocks", "block_uses")
"""The tables that have a partition for each day."""
_SHARD_LOCK = 0x1A577E48

_TYPES = (
    "text",
    "bytea",
    "bytea",
    "bytea",
    "text",
    "int8",
    "int8",
    "int8",
    "text",
    "text",
    *["int8"] * 3,
    "int4",
    "bytea",
)
_INCOMING = "CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE spans) ON COMMIT DELETE ROWS"
_COPY = f"COPY incoming ({NAMES}) FROM STDIN (FORMAT BINARY)"
_INSERT = f"""
WITH added AS (
    INSERT INTO spans ({NAMES}) SELECT {NAMES} FROM incoming i WHERE NOT EXISTS (
        SELECT FROM spans s WHERE s.project = i.project AND s.trace_id = i.trace_id AND s.span_id = i.span_id
    ) ON CONFLICT DO NOTHING RETURNING project, trace_id, span_id, start
), queued AS (
    INSERT INTO span_backlog (project, trace_id, span_id, start) SELECT project, trace_id, span_id, start FROM added
)
SELECT trace_id, span_id FROM added
"""  # noqa: S608 - our own names
_SHARD = """
SELECT shard FROM generate_series(0, %(last)s) AS shard
WHERE pg_try_advisory_xact_lock(%(lock)s, shard::int) LIMIT 1
"""


class PostgresSpans:
    """Rows of spans in PostgreSQL."""

    sharing = "FOR KEY SHARE"
    locking = "FOR UPDATE"

    def __init__(self) -> None:
        self._days = Days(DIVIDED)

    def insert(self, connection: Connection, rows: Sequence[SpanRow]) -> set[SpanKey]:
        """Insert rows with distinct keys and return the keys that are new."""
        native = driver(connection)
        self._days.ensure(native, {row.start for row in rows})
        with native.cursor() as cursor:
            cursor.execute(_INCOMING)
            with cursor.copy(_COPY) as copy:
                copy.set_types(_TYPES)
                for row in rows:
                    copy.write_row(_escaped(row))
            return {SpanKey(*row) for row in cursor.execute(_INSERT).fetchall()}

    def fetch(self, connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with driver(connection).cursor() as cursor:
            return cursor.execute(native_sql(statement), parameters).fetchall()

    def run(self, connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement once for each row of parameters and return how many rows it changed."""
        with driver(connection).cursor() as cursor:
            cursor.executemany(native_sql(statement), rows)
            return cursor.rowcount

    def shard(self, connection: Connection) -> int:
        """Return a shard that no other transaction adds to; where all are taken, wait for the first."""
        with driver(connection).cursor() as cursor:
            parameters = {"last": SHARDS - 1, "lock": _SHARD_LOCK}
            found = cursor.execute(_SHARD, parameters).fetchone()
            if found is not None:
                return int(found[0])
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (_SHARD_LOCK,))
            return 0

    def drop(self, connection: Connection, project: str, before: int) -> int:
        """Drop the days before a time on which there is nothing but this project, and return how many spans they held."""
        return self._days.drop(driver(connection), project, before)


def native_sql(statement: str) -> bytes:
    """Return a statement whose parameters are question marks as the driver reads it."""
    return statement.replace("?", "%s").encode()


def _escaped(row: SpanRow) -> list[object]:
    return [escape(value) if isinstance(value, str) else value for value in row]
