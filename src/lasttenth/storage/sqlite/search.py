"""How SQLite finds chunks: words in one FTS5 table for each index, vectors by what is kept of them in memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, text

from lasttenth.storage import schema
from lasttenth.storage.indexes import NewRow
from lasttenth.storage.ports import Hit, StoredChunk
from lasttenth.storage.sqlite import words
from lasttenth.storage.sqlite.vectors import KeptVectors
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE

_chunks = schema.chunks


class SqliteSearch:
    """The search of one project.

    Args:
        one_by_one: chunks of an index up to which its vectors are compared one by one.
    """

    def __init__(self, one_by_one: int = COMPARED_ONE_BY_ONE) -> None:
        self._vectors = KeptVectors(one_by_one)

    def create(self, connection: Connection, index_id: int) -> None:
        """Make room for the words of an index."""
        words.create(connection, index_id)

    def drop(self, connection: Connection, index_id: int) -> None:
        """Take an index's words out, all at once."""
        words.drop(connection, index_id)
        self._vectors.forget(index_id)

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

    async def settle(self, index_id: int) -> None:
        """Do nothing: all is done with the change."""

    def words(self, connection: Connection, index: Row[Any], query: str, limit: int) -> list[Hit]:
        """Return the chunks that share any word with the query, best first by BM25."""
        return words.search(connection, index.id, query, limit)

    def vectors(self, connection: Connection, index: Row[Any], vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine."""
        return self._vectors.nearest(connection, index, vector, limit)
