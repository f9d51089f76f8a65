"""A partition for each day, made when the first span of the day comes, and dropped whole.

What started far from now, as a clock that is wrong says, goes to the default partition: nobody can make tables at will.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

DAY = 24 * 3600 * 10**9
NEAR = 400
"""Days from now within which a day has a partition of its own."""

_MAKING = 0x1A577E49
_TODAY = "SELECT floor(extract(epoch FROM now()) / 86400)::bigint"
_MAKE = sql.SQL("CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({start}) TO ({end})")
_DIVIDED = "SELECT partrelid::regclass::text FROM pg_partitioned_table"
_HOLDS_OTHERS = sql.SQL(
    "SELECT EXISTS (SELECT FROM {name} WHERE project < %(project)s) "
    "OR EXISTS (SELECT FROM {name} WHERE project > %(project)s)"
)

_Native = psycopg.Connection[tuple[Any, ...]]


class Days:
    """The partitions of tables that are divided alike, by the column `start` in Unix nanoseconds.

    Args:
        tables: their names; the first is the one whose rows are counted.
    """

    def __init__(self, tables: tuple[str, ...]) -> None:
        self._tables = tables
        self._known: set[int] = set()

    def ensure(self, native: _Native, starts: Iterable[int]) -> None:
        """Make the partitions that are missing for these times."""
        wanted = {start // DAY for start in starts} - self._known
        if not wanted:
            return
        today = _value(native, sql.SQL(_TODAY))
        near = {day for day in wanted if abs(day - today) <= NEAR}
        # A transaction that is rolled back takes its partitions with it: known is what was there before.
        self._known |= wanted - near
        if near - self._existing(native):
            # One at a time: two that made the same partition would fail, and two that made others wait in a circle.
            native.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        there = self._existing(native)
        for day in sorted(near - there):
            self._make(native, day)
        self._known |= near & there

    def drop(self, native: _Native, project: str, before: int) -> int:
        """Drop the days before a time on which there is nothing but this project, and return how many rows they held."""
        dropped = 0
        native.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        for day in sorted(self._existing(native)):
            name = _name(self._tables[0], day)
            if (day + 1) * DAY > before:
                continue
            # Whoever is about to store a span of that day is waited for, and seen.
            native.execute(sql.SQL("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE").format(name=name))
            if _value(native, _HOLDS_OTHERS.format(name=name), project=project):
                continue
            dropped += _value(native, sql.SQL("SELECT count(*) FROM {name}").format(name=name))
            for table in self._tables:
                native.execute(sql.SQL("DROP TABLE {name}").format(name=_name(table, day)))
            self._known.discard(day)
        return dropped

    def _existing(self, native: _Native) -> set[int]:
        """Return the days that have partitions."""
        query = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass"
        names = [row[0].rpartition("_")[2] for row in native.execute(query, (self._tables[0],)).fetchall()]
        return {_day(name) for name in names if name.isdigit()}

    def _make(self, native: _Native, day: int) -> None:
        # Not all of them are there while an archive of an older schema is restored.
        divided = {row[0] for row in native.execute(_DIVIDED).fetchall()}
        try:
            with native.transaction():
                for table in (table for table in self._tables if table in divided):
                    parts = {"start": sql.Literal(day * DAY), "end": sql.Literal((day + 1) * DAY)}
                    native.execute(_MAKE.format(name=_name(table, day), table=sql.Identifier(table), **parts))
        except psycopg.errors.CheckViolation:
            self._known.add(day)  # spans of that day stand in the default partition already, and stay there


def _name(table: str, day: int) -> sql.Identifier:
    return sql.Identifier(f"{table}_{datetime.fromtimestamp(day * 86_400, UTC):%Y%m%d}")


def _day(name: str) -> int:
    return int(datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC).timestamp()) // 86_400


def _value(native: _Native, query: sql.SQL | sql.Composed, **parameters: object) -> int:
    row = native.execute(query, parameters or None).fetchone()
    return int(row[0]) if row else 0
