"""Quantile sketches: how values were distributed, in some hundred bytes, merged without loss.

A value falls into the bucket of its logarithm, so that each estimate is within `ACCURACY` of the true quantile, however the
values lie (DDSketch: Masson, Rim, Lee, "A fast and fully-mergeable quantile sketch with relative-error guarantees",
VLDB 2019). Unlike there no bucket is ever collapsed: 64-bit integers need at most 2,200 of them.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Self

import msgspec

ACCURACY = 0.01
"""Relative error of an estimate, at most."""

_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_PER_LOG = 1 / math.log(_GAMMA)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode


class Sketch:
    """The distribution of whole numbers; those below 1 count as 1."""

    def __init__(self, values: Iterable[int] = ()) -> None:
        self.buckets = Counter(map(_bucket, values))
        """How many values each bucket holds."""

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        sketch = cls()
        numbers = _decode(packed)
        bucket = 0
        for gap, count in zip(numbers[::2], numbers[1::2], strict=True):
            bucket += gap
            sketch.buckets[bucket] = count
        return sketch

    def to_bytes(self) -> bytes:
        """Return the buckets in order: for each the gap to the one before it, and how many values it holds."""
        numbers: list[int] = []
        before = 0
        for bucket, count in sorted(self.buckets.items()):
            numbers += (bucket - before, count)
            before = bucket
        return _encode(numbers)

    def merge(self, other: "Sketch") -> None:
        """Add the values of another sketch."""
        self.buckets.update(other.buckets)

    def __len__(self) -> int:
        """Return the number of values."""
        return self.buckets.total()

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same buckets."""
        return isinstance(other, Sketch) and self.buckets == other.buckets

    __hash__ = None  # type: ignore[assignment]  # it changes

    def quantile(self, q: float) -> int:
        """Return the value below which a share `q` of the values lies. Raises ValueError where there are none."""
        if not self.buckets:
            raise ValueError("A sketch without values has no quantiles.")
        rank = math.floor(q * (len(self) - 1))
        below = 0
        for bucket, count in sorted(self.buckets.items()):
            below += count
            if below > rank:
                return _middle(bucket)
        raise AssertionError("A rank lies within the count.")


def _bucket(value: int) -> int:
    return math.ceil(math.log(value) * _PER_LOG) if value > 1 else 0


def _middle(bucket: int) -> int:
    """Return the estimate whose relative distance to both ends of a bucket is the same."""
    return round(2 * _GAMMA**bucket / (_GAMMA + 1))
