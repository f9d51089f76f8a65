"""Tables as every engine gives and takes them: plain values in named columns, counted and hashed row by row.

The hash of a table is the sum of the SHA-256 of its rows: equal for equal rows in whatever order an engine returns them.
What an engine derives from rows (full text, graphs, counters and numbers of rows) is not copied, but made anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar

import msgspec
import sqlalchemy
from sqlalchemy import Connection, Table
from sqlalchemy.types import Boolean, LargeBinary, Numeric

from lasttenth.storage import schema
from lasttenth.storage.engine import Engine

T = TypeVar("T")
Row = Sequence[Any]
Kind = Literal["plain", "bytes", "number", "truth"]

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 4 * 2**20

_MODULUS = 2**256
_OF_ONE_ENGINE = {("spans", "id")}
"""Columns that not every engine has: what is known by them is made anew."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a copy has come, in rows."""

    done: int
    total: int


class Column(msgspec.Struct, frozen=True):
    """A column, and what its values are: text and whole numbers are plain."""

    name: str
    kind: Kind


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A table's name and columns."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> str:
        """Return the columns as they stand in SQL."""
        return ", ".join(f'"{column.name}"' for column in self.columns)


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds: how many rows, and the hash of all of them."""

    rows: int = 0
    hash: str = f"{0:064x}"


class Database(Protocol):
    """A database of some engine, of which whole tables are read and written."""

    @property
    def engine(self) -> Engine:
        """Return what runs transactions and snapshots."""
        ...

    @property
    def name(self) -> str:
        """Return what it is called in messages, without secrets."""
        ...

    def revision(self, connection: Connection) -> str | None:
        """Return the revision of its schema, None for a database without one."""
        ...

    def upgrade(self, connection: Connection, revision: str) -> None:
        """Bring the schema to a revision."""
        ...

    def rows(self, connection: Connection, shape: Shape) -> Iterator[Row]:
        """Yield the rows of a table, with the values as the driver gives them, but vectors as bytes."""
        ...

    def insert(self, connection: Connection, shape: Shape, rows: Sequence[Row]) -> None:
        """Insert rows with their ids."""
        ...

    def finish(self, connection: Connection) -> None:
        """Make what follows from the rows: counters of ids, and full text."""
        ...

    async def settle(self) -> None:
        """Do what is left to be done outside the transaction that wrote the rows."""
        ...

    def is_frozen(self, connection: Connection) -> bool:
        """Tell whether every write is refused."""
        ...

    def freeze(self, connection: Connection, reason: str) -> None:
        """Refuse every write, by every process, until it is thawed. The reason is what writers are told."""
        ...

    def thaw(self, connection: Connection) -> None:
        """Let it be written again."""
        ...

    def set_aside(self, connection: Connection, name: str) -> None:
        """Keep everything under another name, where the engine can, and leave an empty database."""
        ...

    async def close(self) -> None:
        """Release connections and threads."""
        ...


def shapes() -> list[Shape]:
    """Return all tables in an order in which each one comes after those that it refers to."""
    return [
        Shape(name=str(table.name), columns=tuple(Column(name, _kind(table.c[name])) for name in _column_names(table)))
        for table in schema.metadata.sorted_tables
    ]


def numbered() -> list[tuple[str, str]]:
    """Return the tables whose rows get their ids from a counter, and the column that it fills."""
    counted = [(table, table.autoincrement_column) for table in schema.metadata.sorted_tables]
    return [
        (table.name, column.name)
        for table, column in counted
        if column is not None and column.name in _column_names(table)
    ]


def plain_rows(shape: Shape, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with values that are the same whatever engine they come from."""
    special = [(place, _PLAIN[column.kind]) for place, column in enumerate(shape.columns) if column.kind in _PLAIN]
    for row in rows:
        values = list(row)
        for place, convert in special:
            if values[place] is not None:
                values[place] = convert(values[place])
        yield values


def in_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists that fit into memory."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(batch) >= ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Counting:
    """Count and hash rows as they pass."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, encoded: bytes) -> None:
        """Take one encoded row in."""
        self._rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(encoded).digest())) % _MODULUS

    def tally(self) -> Tally:
        """Return what passed so far."""
        return Tally(rows=self._rows, hash=f"{self._sum:064x}")


def tally_of(rows: Iterable[Row]) -> Tally:
    """Return how many plain rows there are, and their hash."""
    counting = Counting()
    for row in rows:
        counting.add(encode(row))
    return counting.tally()


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    query = sqlalchemy.select(sqlalchemy.func.count())
    return {
        table.name: int(connection.scalar(query.select_from(table)) or 0) for table in schema.metadata.sorted_tables
    }


encode: Callable[[Row], bytes] = msgspec.msgpack.Encoder().encode


def _column_names(table: Table) -> list[str]:
    return [str(column.name) for column in table.columns if (table.name, column.name) not in _OF_ONE_ENGINE]


def _kind(column: sqlalchemy.Column[Any]) -> Kind:
    if isinstance(column.type, LargeBinary):
        return "bytes"
    if isinstance(column.type, Boolean):
        return "truth"
    return "number" if isinstance(column.type, Numeric) and not isinstance(column.type, sqlalchemy.Integer) else "plain"


_PLAIN: dict[str, Callable[[Any], Any]] = {"bytes": bytes, "number": float, "truth": bool}
