"""Blocks: what long payloads begin with, cut at fixed places, so that what many spans begin with is stored once.

A conversation is sent again with every turn, so a payload mostly begins as the one before it did. Each whole block is known
by the keyed hash of the payload up to the block's end: equal hashes mean that all before is equal too. A block therefore has
one parent, a payload needs only to name its last block, and who keeps that one keeps all before it.
"""

import hashlib
import hmac
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lasttenth.records.errors import StorageError
from lasttenth.records.totals import DAY
from lasttenth.storage.traces.compression import zstd

SIZE = 8 * 1024
"""Bytes of a block; what is left of a payload stays in the body of its span."""
LARGE = 8 * SIZE
"""Bytes of the blocks in front: as many as are whole, and only then small ones. There are few rows in all."""

_LABEL = b"block\0"
_FAMILY = 4
"""Bytes that the hashes of all blocks with one beginning share: they lie beside each other in an index."""
_OWN = 16
_OPTIONS: dict[int, int] = {
    # As small as level 3 makes text, in half of its time: long matches alone, in a table that stays in the cache.
    zstd.CompressionParameter.strategy: int(zstd.Strategy.fast),
    zstd.CompressionParameter.min_match: 7,
    zstd.CompressionParameter.hash_log: 12,
    zstd.CompressionParameter.window_log: LARGE.bit_length() - 1,
    zstd.CompressionParameter.checksum_flag: 1,
}
_compressor = zstd.ZstdCompressor(options=_OPTIONS)


class Chain(msgspec.Struct, frozen=True, array_like=True):
    """The blocks that a payload begins with."""

    day: int
    """Days since the Unix epoch: blocks are shared by the spans of one day, and leave with it."""
    first: bytes
    last: bytes
    """Hashes of blocks."""
    size: int
    """Bytes that the blocks hold in all."""

    @property
    def start(self) -> int:
        """Return the beginning of the day in Unix nanoseconds."""
        return self.day * DAY


class Block(NamedTuple):
    """A block before it is packed."""

    hash: bytes
    parent: bytes | None
    plain: memoryview


class Cut(NamedTuple):
    """A payload in pieces."""

    chain: Chain
    blocks: Sequence[Block]
    rest: bytes


def cut(key: bytes, payload: bytes, day: int) -> Cut:
    """Return the whole blocks of a payload, and what is left. It has one block at least."""
    view = memoryview(payload)
    running = hmac.new(key, _LABEL, hashlib.sha256)
    family, parent = b"", None
    blocks: list[Block] = []
    for start, end in itertools.pairwise(_borders(len(payload))):
        plain = view[start:end]
        running.update(plain)
        digest = running.copy().digest()
        family = family or digest[:_FAMILY]
        blocks.append(Block(family + digest[-_OWN:], parent, plain))
        parent = blocks[-1].hash
    return Cut(Chain(day, blocks[0].hash, blocks[-1].hash, end), blocks, payload[end:])


def _borders(length: int) -> list[int]:
    large = length // LARGE * LARGE
    whole = length // SIZE * SIZE
    return [*range(0, large, LARGE), *range(large, whole, SIZE), whole]


def pack(plain: memoryview) -> bytes:
    """Return the bytes of a block as they are stored."""
    return _compressor.compress(plain, zstd.ZstdCompressor.FLUSH_FRAME)


def unpack(packed: bytes) -> bytes:
    """Return what was packed. Raises StorageError where it is damaged."""
    try:
        return zstd.decompress(packed)
    except zstd.ZstdError as error:
        raise StorageError(f"A block of a payload is damaged: {error}.", hint="Restore it from a backup.") from error
