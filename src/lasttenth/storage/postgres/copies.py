"""A whole PostgreSQL database: its rows as they are read and written by copies, and triggers that refuse writes."""

import logging
import uuid
from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Connection

from lasttenth.records.errors import StorageError
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage import schema
from lasttenth.storage.copies.tables import ROWS_AT_ONCE, Column, Row, Shape, numbered
from lasttenth.storage.copies.texts import chunk_texts, index_ids
from lasttenth.storage.migrate import LATEST, current, upgrade
from lasttenth.storage.postgres.days import Days
from lasttenth.storage.postgres.engine import PostgresEngine, driver, read_address
from lasttenth.storage.postgres.search import PostgresSearch, literal, plain
from lasttenth.storage.postgres.spans import DIVIDED
from lasttenth.storage.postgres.store import PostgresStore, postgres_native

logger = logging.getLogger("lasttenth.storage")

_VECTOR_HEAD = 4
"""Bytes before the numbers of a vector as pgvector sends it: their count, and two that are not used."""

_WORDS = """
UPDATE chunks SET words = made.words, size = (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(made.words))
FROM (SELECT to_tsvector('lasttenth', %s) AS words) AS made WHERE id = %s
"""
_REFUSE = """
CREATE OR REPLACE FUNCTION lasttenth_frozen() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$
"""
_ORDERS = {"spans": " ORDER BY start"}
"""Tables whose rows come in an order: SQLite numbers spans as they come, and lists them by that number."""
_WAITING = (
    "INSERT INTO span_backlog (project, trace_id, span_id, start) SELECT project, trace_id, span_id, start FROM spans"
)
_BESIDE = ("alembic_version", "span_words", "span_backlog")
"""Tables that `storage.schema` does not know."""
_STANDING = """
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
    AND (relname = ANY (%s) OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent::regclass::text = ANY (%s)))
"""
_SEARCH_OBJECTS = ("CONFIGURATION", "DICTIONARY")


class PostgresDatabase:
    """The database at an address."""

    def __init__(self, url: str) -> None:
        self.engine = PostgresEngine(read_address(url))
        native = postgres_native(self.engine)
        self._store = PostgresStore(self.engine, native, clock=SystemClock(), randomness=system_randomness)
        self._days = Days(DIVIDED)
        self.name = self.engine.name

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
        """Yield the rows of a table, through a cursor of the server."""
        names = ", ".join(_selected(shape, column) for column in shape.columns)
        vectors = [place for place, column in enumerate(shape.columns) if _is_vector(shape, column)]
        with driver(connection).cursor(name=f"copy_{uuid.uuid4().hex}") as cursor:
            cursor.itersize = ROWS_AT_ONCE // 5
            cursor.execute(f"SELECT {names} FROM {shape.name}{_ORDERS.get(shape.name, '')}".encode())  # noqa: S608 - our own
            for row in cursor:
                yield _with_vectors(row, vectors) if vectors else row

    def insert(self, connection: Connection, shape: Shape, rows: Sequence[Row]) -> None:
        """Insert rows with their ids; spans into the partitions of their days."""
        starts = [place for place, column in enumerate(shape.columns) if column.name == "start"]
        if shape.name in DIVIDED and self._is_divided(connection, shape):
            self._days.ensure(driver(connection), {row[starts[0]] for row in rows})
        vectors = [place for place, column in enumerate(shape.columns) if _is_vector(shape, column)]
        statement = f"COPY {shape.name} ({shape.names}) FROM STDIN"
        with driver(connection).cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                values = list(row)
                for place in vectors:
                    values[place] = literal(values[place])
                copy.write_row(values)

    def _is_divided(self, connection: Connection, shape: Shape) -> bool:
        """Tell whether a table is divided by day, which it is not in the schema of an old archive."""
        query = "SELECT 1 FROM pg_partitioned_table WHERE partrelid = %s::regclass"
        return driver(connection).execute(query, (shape.name,)).fetchone() is not None

    def finish(self, connection: Connection) -> None:
        """Let ids go on after those that came in, and make the full text of every index; spans wait for theirs."""
        native = driver(connection)
        for table, column in numbered():
            highest = native.execute(f"SELECT max({column}) FROM {table}".encode()).fetchone()  # noqa: S608 - our own names
            if highest is not None and highest[0] is not None:
                native.execute(b"SELECT setval(pg_get_serial_sequence(%s, %s), %s)", (table, column, highest[0]))
        native.execute(b"DELETE FROM span_backlog")
        native.execute(_WAITING.encode())
        for index_id in index_ids(connection):
            for rows in chunk_texts(connection, index_id):
                with native.cursor() as cursor:
                    cursor.executemany(
                        _WORDS, [(plain(f"{headline} {text}"), number) for number, headline, text in rows]
                    )

    async def settle(self) -> None:
        """Clear away what the full text left behind, and make the graphs of large indexes."""

        def clear(connection: Connection) -> list[int]:
            driver(connection).execute(b"VACUUM ANALYZE")
            return index_ids(connection)

        search = PostgresSearch(self.engine)
        try:
            for index_id in await self.engine.alone(clear):
                await search.settle(index_id)
        except StorageError as error:
            logger.warning("All rows arrived, but %s could not be tidied up. %s", self.name, error)

    def is_frozen(self, connection: Connection) -> bool:
        """Tell whether every write is refused."""
        query = b"SELECT 1 FROM pg_trigger WHERE tgname = 'frozen' AND tgrelid = to_regclass('projects')"
        return driver(connection).execute(query).fetchone() is not None

    def freeze(self, connection: Connection, reason: str) -> None:
        """Refuse every write, by every process, until it is thawed."""
        self.thaw(connection)
        native = driver(connection)
        native.execute(_REFUSE.encode())
        quoted = reason.replace("'", "''")
        for table in schema.metadata.tables:
            native.execute(
                f"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION lasttenth_frozen('{quoted}')".encode()
            )

    def thaw(self, connection: Connection) -> None:
        """Let it be written again."""
        for table in schema.metadata.tables:
            driver(connection).execute(f"DROP TRIGGER IF EXISTS frozen ON {table}".encode())

    def set_aside(self, connection: Connection, name: str) -> None:
        """Move all that is ours into a schema of its own, which is made; an empty database is left."""
        native = driver(connection)
        native.execute(f'CREATE SCHEMA "{name}"'.encode())
        ours = [*schema.metadata.tables, *_BESIDE]
        for (table,) in native.execute(_STANDING.encode(), (ours, ours)).fetchall():
            native.execute(f'ALTER TABLE {table} SET SCHEMA "{name}"'.encode())
        for kind in _SEARCH_OBJECTS:
            native.execute(f'ALTER TEXT SEARCH {kind} lasttenth SET SCHEMA "{name}"'.encode())

    async def close(self) -> None:
        """Release the connections and the threads."""
        await self.engine.close()


def _is_vector(shape: Shape, column: Column) -> bool:
    return (shape.name, column.name) == ("chunks", "vector")


def _selected(shape: Shape, column: Column) -> str:
    return "vector_send(vector)" if _is_vector(shape, column) else f'"{column.name}"'


def _with_vectors(row: Row, places: Sequence[int]) -> Row:
    """Return a row whose vectors are little-endian float32, and empty where there is none."""
    values = list(row)
    for place in places:
        sent = values[place] or bytes(_VECTOR_HEAD)
        values[place] = np.frombuffer(sent, dtype=">f4", offset=_VECTOR_HEAD).astype("<f4").tobytes()
    return values
