"""Vectors in SQLite: what one process keeps in memory of the indexes that were searched last, and how it keeps up.

Of a small index the vectors are kept, of a large one their codes, 56 instead of 1,544 bytes a chunk with MiniLM; the vectors
that a shortlist names are then read from the file, which the system's page cache shares among all processes.

A chunk's id is never used again, and ids only grow. So what is new in an index has a higher id than all that is known of it,
and something left exactly when there are fewer chunks than those known and those new.
"""

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from lasttenth.storage.ports import Hit
from lasttenth.storage.sqlite.engine import driver
from lasttenth.storage.vectors import Block, Codes, block_of, codes_of

KEPT_INDEXES = 8
READ_AT_ONCE = 1_024
"""Chunks whose vectors are in memory together while a large index is read."""

_MINE = "FROM chunks WHERE project = ? AND index_id = ?"
_NEW = f"SELECT id, vector {_MINE} AND id > ? ORDER BY id"
_IDS = f"SELECT id {_MINE} ORDER BY id"
_COUNT = f"SELECT count(*) {_MINE}"
_NAMED = "SELECT id, vector FROM chunks WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


class _Kept(NamedTuple):
    revision: int
    through: int
    """The highest chunk id that was ever seen in the index."""
    vectors: Block | Codes


class KeptVectors:
    """The vectors of one project's indexes.

    Args:
        one_by_one: chunks of an index up to which its vectors are kept and compared one by one.
    """

    def __init__(self, one_by_one: int) -> None:
        self._one_by_one = one_by_one
        self._kept: dict[int, _Kept] = {}
        self._keeping_up = threading.Lock()

    def nearest(self, connection: Connection, index: Row[Any], vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine; equal scores keep the order of the chunks."""
        vectors = self._vectors(connection, index)
        if isinstance(vectors, Codes):
            named = str(vectors.shortlist(vector, limit).tolist())
            rows = driver(connection).execute(_NAMED, (named,)).fetchall()
            vectors = block_of(rows, index.dimension)
        return vectors.nearest(vector, limit)

    def forget(self, index_id: int) -> None:
        """Let an index go that is being dropped."""
        self._kept.pop(index_id, None)

    def _vectors(self, connection: Connection, index: Row[Any]) -> Block | Codes:
        """Return the vectors of an index as this snapshot shows it, or as a later one did."""
        kept = self._kept.get(index.id)
        if kept is None or kept.revision < index.revision:
            with self._keeping_up:
                kept = self._kept.pop(index.id, None) or _Kept(-1, 0, block_of([], index.dimension))
                if kept.revision < index.revision:
                    kept = self._kept_up(connection, index, kept)
                self._kept[index.id] = kept
                while len(self._kept) > KEPT_INDEXES:
                    self._kept.pop(next(iter(self._kept)))
        return kept.vectors

    def _kept_up(self, connection: Connection, index: Row[Any], kept: _Kept) -> _Kept:
        mine = (index.project, index.id)
        vectors = self._grown(kept.vectors, _blocks(connection, (*mine, kept.through), index.dimension))
        through = max(kept.through, int(vectors.ids[-1]) if len(vectors.ids) else 0)
        if driver(connection).execute(_COUNT, mine).fetchone()[0] < len(vectors.ids):
            standing = np.array(driver(connection).execute(_IDS, mine).fetchall(), dtype=np.int64).reshape(-1)
            vectors = vectors.without(np.isin(vectors.ids, standing, assume_unique=True, invert=True))
        return _Kept(index.revision, through, vectors)

    def _grown(self, vectors: Block | Codes, blocks: Iterator[Block]) -> Block | Codes:
        while isinstance(vectors, Block) and (block := next(blocks, None)) is not None:
            vectors = vectors.joined([block])
            if len(vectors.ids) > self._one_by_one:
                vectors = codes_of(vectors)
        return vectors.joined(blocks) if isinstance(vectors, Codes) else vectors


def _blocks(connection: Connection, parameters: tuple[object, ...], dimension: int) -> Iterator[Block]:
    cursor = driver(connection).execute(_NEW, parameters)
    while rows := cursor.fetchmany(READ_AT_ONCE):
        yield block_of(rows, dimension)
