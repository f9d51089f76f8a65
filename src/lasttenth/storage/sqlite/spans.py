"""Rows of spans through the native driver: this path runs for every request."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lasttenth.storage.sqlite.engine import driver
from lasttenth.storage.traces import COLUMNS, NAMES

_INSERT = f"INSERT OR IGNORE INTO spans ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own names


def insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows; one that is there already is left as it is."""
    driver(connection).executemany(_INSERT, rows)


def fetch(connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return driver(connection).execute(statement, tuple(parameters)).fetchall()
