"""Exact search over the vectors of an index, held in memory for as long as the index does not change."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasttenth.storage.ports import Hit

CACHED_INDEXES = 8


class VectorMatrix(NamedTuple):
    """The vectors of one index at one revision: chunk ids beside unit rows."""

    ids: NDArray[np.int64]
    rows: NDArray[np.float32]

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the best chunks by cosine; equal scores keep the order of the chunks."""
        if not len(self.ids):
            return []
        scores = self.rows @ vector
        count = min(limit, len(scores))
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.lexsort((self.ids[best], -scores[best]))]
        return [Hit(int(self.ids[i]), float(scores[i])) for i in best]


def matrix_of(rows: list[tuple[int, bytes]], dimension: int) -> VectorMatrix:
    """Return the matrix of (chunk id, vector bytes) rows."""
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    joined = b"".join(row[1] for row in rows)
    return VectorMatrix(ids, np.frombuffer(joined, dtype="<f4").reshape(len(rows), dimension))


class MatrixCache:
    """Keep the matrices of the indexes that were searched last; an index that changed is loaded again."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, VectorMatrix]] = {}

    def get(self, index_id: int, revision: int) -> VectorMatrix | None:
        """Return the matrix of exactly this revision, if it is kept."""
        kept = self._kept.get(index_id)
        return kept[1] if kept is not None and kept[0] == revision else None

    def put(self, index_id: int, revision: int, matrix: VectorMatrix) -> None:
        """Keep a matrix and let the oldest go."""
        self._kept.pop(index_id, None)
        self._kept[index_id] = (revision, matrix)
        while len(self._kept) > CACHED_INDEXES:
            self._kept.pop(next(iter(self._kept)))
