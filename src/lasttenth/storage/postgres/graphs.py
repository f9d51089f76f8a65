"""Graphs over the vectors of large indexes: one HNSW index of pgvector for each, which holds that index's chunks alone.

All chunks stand in one table. A graph over all of them would be searched past the chunks of other indexes and projects,
and might find too few; a graph of one index has no others in it, and leaves with it. Its vectors are halved to 16 bits a
number; what it finds is compared anew with the whole vectors.

A graph is made outside transactions (`CONCURRENTLY`): documents come and go meanwhile, and none is missed. What a crash
left half made is recognised, removed and made again. Without a graph the vectors are compared one by one, so a search is
right at every moment.
"""

from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection

from lasttenth.storage.postgres.engine import driver

MAX_DIMENSION = 4_000
"""The longest vectors that a graph of pgvector holds in 16 bits a number."""

_TENDING = 0x1A577E48
"""The number of the lock under which one process at a time makes and removes graphs."""
_NAME = "chunk_graph_"
_MEMORY = "256MB"
"""What the server may use while it makes a graph; with its default of 64 MB that takes twice as long."""

_SETTINGS = (
    f"SELECT set_config('maintenance_work_mem', '{_MEMORY}', false) "
    f"WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('{_MEMORY}')"
)
_USELESS = f"""
SELECT graph.relname FROM pg_index JOIN pg_class graph ON graph.oid = indexrelid
WHERE indrelid = 'chunks'::regclass AND starts_with(graph.relname, '{_NAME}')
    AND NOT (indisvalid AND EXISTS (SELECT FROM indexes WHERE '{_NAME}' || id = graph.relname))
"""  # noqa: S608 - our own words
_GROWN = f"""
SELECT dimension FROM indexes WHERE id = %(index)s AND dimension BETWEEN 1 AND %(longest)s
    AND to_regclass('{_NAME}' || id) IS NULL
    AND %(few)s < (SELECT count(*) FROM (
        SELECT FROM chunks WHERE project = indexes.project AND index_id = indexes.id LIMIT %(few)s + 1
    ) AS counted)
"""  # noqa: S608 - our own words


class Graph(NamedTuple):
    """The graph of one index."""

    index_id: int
    dimension: int

    @property
    def name(self) -> str:
        """Return what the graph is called in the database."""
        return f"{_NAME}{int(self.index_id)}"

    @property
    def vector(self) -> str:
        """Return what the graph holds of a chunk, in SQL."""
        return f"(vector::halfvec({int(self.dimension)}))"


def exists(connection: Connection, graph: Graph) -> bool:
    """Tell whether there is a graph that can be used."""
    query = b"SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid"
    return driver(connection).execute(query, (graph.name,)).fetchone() is not None


def tend(connection: Connection, index_id: int, *, one_by_one: int) -> None:
    """Make the graph of an index that has grown large, and remove what is of no use.

    Where another process is at it, nothing is done: it is looked after again with the next change.

    Args:
        connection: a connection outside transactions.
        index_id: the index that was changed; it may be gone.
        one_by_one: chunks up to which an index needs no graph.
    """
    native = driver(connection)
    if not _first(native, "SELECT pg_try_advisory_lock(%s)", _TENDING):
        return
    try:
        for (name,) in native.execute(_USELESS.encode()).fetchall():
            native.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}".encode())
        asked = {"index": index_id, "few": one_by_one, "longest": MAX_DIMENSION}
        grown = native.execute(_GROWN.encode(), asked).fetchone()
        if grown is not None:
            _make(native, Graph(index_id, grown[0]))
    finally:
        native.execute(b"SELECT pg_advisory_unlock(%s)", (_TENDING,))


def _make(native: "psycopg.Connection[tuple[Any, ...]]", graph: Graph) -> None:
    native.execute(b"SET statement_timeout = 0")
    native.execute(_SETTINGS.encode())
    try:
        native.execute(
            f"CREATE INDEX CONCURRENTLY {graph.name} ON chunks USING hnsw ({graph.vector} halfvec_ip_ops) "
            f"WHERE index_id = {int(graph.index_id)}".encode()
        )
    finally:
        native.execute(b"RESET statement_timeout")
        native.execute(b"RESET maintenance_work_mem")


def _first(native: "psycopg.Connection[tuple[Any, ...]]", query: str, *values: object) -> Any:
    row = native.execute(query.encode(), values).fetchone()
    return None if row is None else row[0]
