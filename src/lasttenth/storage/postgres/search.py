"""How PostgreSQL finds chunks: words in a `tsvector` beside each chunk, vectors by pgvector.

Words are ranked by BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75, the weight ln(1 + (N - n + 0.5) / (n + 0.5)) of
Lucene), computed from the index's own chunks when it is asked: how often a word stands in a chunk is the number of its
positions. The configuration `lasttenth` stems English words and keeps stop words, as SQLite does. On unit vectors the inner
product is the cosine. The vectors of a small index are compared one by one, those of a large one found by its graph first.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from lasttenth.records.errors import StorageError
from lasttenth.storage.indexes import NewRow
from lasttenth.storage.ports import Hit, StoredChunk
from lasttenth.storage.postgres import graphs
from lasttenth.storage.postgres.engine import PostgresEngine, driver
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE

MAX_QUERY_WORDS = 96

logger = logging.getLogger("lasttenth.storage")

_WORD = re.compile(r"\w+")

_INSERT = """
INSERT INTO chunks (project, index_id, document_id, "start", "end", line, headings, vector, words, size)
SELECT %(project)s, %(index_id)s, %(document_id)s, %(start)s, %(end)s, %(line)s, %(headings)s, %(vector)s::vector, words,
    (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(words))
FROM to_tsvector('lasttenth', %(words)s) AS words
"""

_BY_WORDS = """
WITH asked AS (
    SELECT array_agg(lexeme) AS lexemes, string_agg(quote_literal(lexeme), ' | ')::tsquery AS any_of
    FROM unnest(to_tsvector('lasttenth', %(query)s))
), held AS (
    SELECT count(*)::float8 AS chunks, greatest(avg(size), 1)::float8 AS size
    FROM chunks WHERE project = %(project)s AND index_id = %(index_id)s
), found AS (
    SELECT chunks.id, chunks.size, word.lexeme, cardinality(word.positions)::float8 AS frequency
    FROM asked, chunks, unnest(chunks.words) AS word
    WHERE chunks.project = %(project)s AND chunks.index_id = %(index_id)s
        AND chunks.words @@ asked.any_of AND word.lexeme = ANY (asked.lexemes)
), weights AS (
    SELECT found.lexeme, ln(1 + (held.chunks - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM found, held GROUP BY found.lexeme, held.chunks
)
SELECT found.id, sum(
    weights.weight * found.frequency * 2.2 / (found.frequency + 1.2 * (0.25 + 0.75 * found.size / held.size))
) AS score
FROM found JOIN weights USING (lexeme) CROSS JOIN held
GROUP BY found.id ORDER BY score DESC, found.id LIMIT %(limit)s
"""

_BY_VECTORS = """
SELECT id, -(vector <#> %(vector)s::vector) AS score FROM chunks
WHERE project = %(project)s AND index_id = %(index_id)s
ORDER BY vector <#> %(vector)s::vector, id LIMIT %(limit)s
"""

_BY_GRAPH = """
SELECT id, -(vector <#> %(vector)s::vector) AS score FROM (
    SELECT id, vector FROM chunks WHERE project = %(project)s AND index_id = {index_id}
    ORDER BY {held} <#> %(vector)s::vector::halfvec({dimension}) LIMIT %(candidates)s
) AS near
ORDER BY vector <#> %(vector)s::vector, id LIMIT %(limit)s
"""
_CANDIDATES = (4, 200)
"""How many chunks a graph is asked for: for each hit, and at least."""
_MAX_CANDIDATES = 1_000
"""The most that a graph of pgvector finds."""


class PostgresSearch:
    """The search of a project: all of it stands in the rows of the chunks, and in the graphs over them.

    Args:
        engine: the database, for what is done outside transactions.
        one_by_one: chunks of an index up to which its vectors are compared one by one.
    """

    def __init__(self, engine: PostgresEngine, one_by_one: int = COMPARED_ONE_BY_ONE) -> None:
        self._engine = engine
        self._one_by_one = one_by_one
        self._with_graph: set[int] = set()

    def create(self, connection: Connection, index_id: int) -> None:
        """Do nothing: an index has no table of its own."""

    def drop(self, connection: Connection, index_id: int) -> None:
        """Do nothing: words leave with their chunks."""

    def add(self, connection: Connection, _index_id: int, rows: Sequence[NewRow]) -> None:
        """Insert chunks with their words and vectors."""
        values = [
            {**row.values, "vector": literal(row.values["vector"]), "words": plain(f"{row.headline} {row.text}")}
            for row in rows
        ]
        with driver(connection).cursor() as cursor:
            cursor.executemany(_INSERT, values)

    def remove(self, connection: Connection, index_id: int, read: Callable[[], list[StoredChunk]]) -> None:
        """Do nothing: words leave with their chunks."""

    async def settle(self, index_id: int) -> None:
        """Make the graph of an index that has grown large; remove those of indexes that are gone."""
        try:
            await self._engine.alone(lambda connection: graphs.tend(connection, index_id, one_by_one=self._one_by_one))
        except StorageError as error:
            logger.warning("Vectors of index %d are compared one by one, since its graph failed. %s", index_id, error)

    def words(self, connection: Connection, index: Row[Any], query: str, limit: int) -> list[Hit]:
        """Return the chunks that share any word with the query, best first by BM25."""
        words = list(dict.fromkeys(plain(query).split()))[:MAX_QUERY_WORDS]
        return _hits(connection, _BY_WORDS, index, query=" ".join(words), limit=limit)

    def vectors(self, connection: Connection, index: Row[Any], vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine."""
        asked = literal(vector.astype("<f4").tobytes())
        each, least = _CANDIDATES
        candidates = max(each * limit, least)
        if candidates <= _MAX_CANDIDATES and self._has_graph(
            connection, graph := graphs.Graph(index.id, index.dimension)
        ):
            driver(connection).execute(f"SET LOCAL hnsw.ef_search = {candidates}".encode())
            statement = _BY_GRAPH.format(index_id=index.id, held=graph.vector, dimension=graph.dimension)
            hits = _hits(connection, statement, index, vector=asked, limit=limit, candidates=candidates)
            # Chunks that left are in the graph until the server cleans up, and may stand in the way of others.
            if len(hits) == limit:
                return hits
        return _hits(connection, _BY_VECTORS, index, vector=asked, limit=limit)

    def _has_graph(self, connection: Connection, graph: graphs.Graph) -> bool:
        if graph.index_id not in self._with_graph and graphs.exists(connection, graph):
            self._with_graph.add(graph.index_id)
        return graph.index_id in self._with_graph


def plain(text: str) -> str:
    """Return the words of a text alone, without accents, so that no part of it is taken for an address or a path."""
    bare = (letter for letter in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(letter))
    return " ".join(_WORD.findall("".join(bare)))


def literal(vector: bytes) -> str | None:
    """Return a vector as pgvector reads it, None for a chunk without one."""
    return f"[{','.join(map(str, np.frombuffer(vector, dtype='<f4').tolist()))}]" if vector else None


def _hits(connection: Connection, statement: str, index: Row[Any], **values: object) -> list[Hit]:
    parameters = {"project": index.project, "index_id": index.id, **values}
    with driver(connection).cursor() as cursor:
        return [Hit(*row) for row in cursor.execute(statement.encode(), parameters).fetchall()]
