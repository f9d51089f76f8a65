"""The nearest of many unit vectors: few are compared one by one, of many a code of one bit for each number goes first.

A code keeps, for each number of a vector, whether it lies above the centre of the vectors. Counting the bits in which two
codes differ is a fiftieth of the work of comparing the vectors and finds those that may be near; of these the bits are
weighed by the query's own numbers; and what is left, a few for each hit that is asked for, is compared exactly by whoever
holds the vectors. benchmarks/store/VECTORS.md says what is found and what it costs.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasttenth.storage.ports import Hit

COMPARED_ONE_BY_ONE = 20_000
"""Chunks of an index up to which every vector is compared with the query."""

_DIFFERING = (40, 4_000)
"""How many codes that differ least are weighed: for each hit that is asked for, and at least."""
_WEIGHED = (8, 400)
"""How many of them are compared exactly."""
_WORD = 8
"""Bytes of a code that are compared at once."""


class Block(NamedTuple):
    """Some vectors: chunk ids, ascending, beside unit rows."""

    ids: NDArray[np.int64]
    rows: NDArray[np.float32]

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the best chunks by cosine; equal scores keep the order of the chunks."""
        scores = self.rows @ vector
        return [Hit(int(self.ids[place]), float(scores[place])) for place in _smallest(-scores, limit)]

    def joined(self, blocks: Iterable["Block"]) -> "Block":
        """Return this block with others after it."""
        ids, rows = zip(self, *blocks, strict=True)
        return Block(np.concatenate(ids), np.concatenate(rows))

    def without(self, gone: NDArray[np.bool_]) -> "Block":
        """Return the block without the marked chunks."""
        return Block(self.ids[~gone], self.rows[~gone])


class Codes(NamedTuple):
    """The codes of many vectors: chunk ids, ascending, beside columns of 64 bits, and the centre they were made with."""

    ids: NDArray[np.int64]
    columns: NDArray[np.uint64]
    centre: NDArray[np.float32]

    def shortlist(self, vector: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
        """Return the ids of the chunks that are to be compared exactly, ascending."""
        asked = _packed((vector - self.centre)[np.newaxis])
        differing = np.zeros(len(self.ids), dtype=np.uint16)
        for column, bits in zip(self.columns, asked, strict=True):
            differing += np.bitwise_count(column ^ bits)
        near = np.sort(_smallest(differing, _enough(_DIFFERING, limit)))
        bits = np.ascontiguousarray(self.columns[:, near].T).view(np.uint8)
        agreement = np.unpackbits(bits, axis=1, count=len(vector)).astype(np.float32) @ vector
        return self.ids[np.sort(near[_smallest(-agreement, _enough(_WEIGHED, limit))])]

    def joined(self, blocks: Iterable[Block]) -> "Codes":
        """Return these codes with those of more vectors after them, which need not be in memory together."""
        pairs = [(block.ids, _packed(block.rows - self.centre)) for block in blocks]
        ids, columns = zip((self.ids, self.columns), *pairs, strict=True)
        return Codes(np.concatenate(ids), np.concatenate(columns, axis=1), self.centre)

    def without(self, gone: NDArray[np.bool_]) -> "Codes":
        """Return the codes without the marked chunks."""
        return Codes(self.ids[~gone], self.columns[:, ~gone], self.centre)


def codes_of(block: Block) -> Codes:
    """Return the codes of vectors, of which there are enough to tell where their centre lies."""
    centre = block.rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    return Codes(block.ids, _packed(block.rows - centre), centre)


def block_of(rows: list[tuple[int, bytes]], dimension: int) -> Block:
    """Return the block of (chunk id, vector bytes) rows."""
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    joined = b"".join(row[1] for row in rows)
    return Block(ids, np.frombuffer(joined, dtype="<f4").reshape(len(rows), dimension))


def _packed(rows: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return which numbers are positive, one bit each, as columns of 64 bits; unused bits are zero everywhere."""
    bits = np.packbits(rows > 0, axis=1)
    padded = np.zeros((len(bits), -(-bits.shape[1] // _WORD) * _WORD), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _enough(rule: tuple[int, int], limit: int) -> int:
    each, least = rule
    return max(each * limit, least)


def _smallest(values: NDArray[np.float32] | NDArray[np.uint16], count: int) -> NDArray[np.intp]:
    """Return the places of the smallest values, in their order; equal values keep the order of their places."""
    places = np.arange(len(values))
    if 0 < count < len(values):
        last = np.partition(values, count - 1)[count - 1]
        below = np.flatnonzero(values < last)
        places = np.sort(np.append(below, np.flatnonzero(values == last)[: count - len(below)]))
    return places[np.argsort(values[places], kind="stable")][:count]
