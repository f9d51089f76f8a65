"""Rows of spans through the native driver: this path runs for every request."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lasttenth.storage.postgres.engine import driver
from lasttenth.storage.traces import COLUMNS, NAMES

_INSERT = f"INSERT INTO spans ({NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) ON CONFLICT DO NOTHING"  # noqa: S608


def insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; one that is there already is left as it is."""
    # In one order everywhere, so that writers beside each other do not wait in a circle.
    ordered = sorted(rows, key=_key)
    with driver(connection).cursor() as cursor:
        cursor.executemany(_INSERT, ordered)


def fetch(connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with driver(connection).cursor() as cursor:
        return cursor.execute(statement.replace("?", "%s").encode(), parameters).fetchall()


def _key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[:3]
