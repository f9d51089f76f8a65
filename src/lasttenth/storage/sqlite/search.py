"""How SQLite finds chunks: words in one FTS5 table for each index, vectors by an exact scan in memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, select, text

from lasttenth.storage import schema
from lasttenth.storage.indexes import NewRow
from lasttenth.storage.ports import Hit, StoredChunk
from lasttenth.storage.sqlite import words
from lasttenth.storage.vectors import MatrixCache, matrix_of

_chunks = schema.chunks


class SqliteSearch:
    """The search of one project; it keeps the vectors of the indexes that were searched last."""

    def __init__(self) -> None:
        self._matrices = MatrixCache()

    def create(self, connection: Connection, index_id: int) -> None:
        """Make room for the words of an index."""
        words.create(connection, index_id)

    def drop(self, connection: Connection, index_id: int) -> None:
        """Take an index's words out, all at once."""
        words.drop(connection, index_id)

    def add(self, connection: Connection, index_id: int, rows: Sequence[NewRow]) -> None:
        """Insert chunks with their words and vectors."""
        if not rows:
            return
        # Only the writer inserts, so the ids that follow the highest one there ever was are ours.
        first = int(connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'")) or 0) + 1
        connection.execute(insert(_chunks), [{"id": number, **row.values} for number, row in enumerate(rows, first)])
        texts = [(number, row.headline, row.text) for number, row in enumerate(rows, first)]
        words.add(connection, index_id, texts)

    def remove(self, connection: Connection, index_id: int, read: Callable[[], list[StoredChunk]]) -> None:
        """Take the words of chunks out, before their rows leave."""
        words.remove(connection, index_id, [(chunk.id, " ".join(chunk.headings), chunk.text) for chunk in read()])

    def words(self, connection: Connection, index: Row[Any], query: str, limit: int) -> list[Hit]:
        """Return the chunks that share any word with the query, best first by BM25."""
        return words.search(connection, index.id, query, limit)

    def vectors(self, connection: Connection, index: Row[Any], vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine."""
        matrix = self._matrices.get(index.id, index.revision)
        if matrix is None:
            query = select(_chunks.c.id, _chunks.c.vector).where(
                _chunks.c.project == index.project, _chunks.c.index_id == index.id
            )
            rows = [(int(row.id), bytes(row.vector)) for row in connection.execute(query.order_by(_chunks.c.id))]
            matrix = matrix_of(rows, index.dimension)
            self._matrices.put(index.id, index.revision, matrix)
        return matrix.nearest(vector, limit)
