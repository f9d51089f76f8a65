"""Series: the labels that many spans share, stored once and named by a number.

The number is derived from the labels, so every process finds the same one without asking, and a transaction that is
rolled back takes nothing with it that others hold for true.
"""

import functools
import hashlib
from typing import NamedTuple, Self

import msgspec

from lasttenth.records.traces import Span

REMEMBERED = 4096
"""Numbers that need not be worked out again: few series make up nearly all spans."""


class Series(NamedTuple):
    """What a span did and who answered; empty where it has no such thing."""

    operation: str
    model: str = ""
    task: str = ""
    release: str = ""
    environment: str = ""
    pointer: str = ""

    @classmethod
    def of(cls, span: Span) -> Self:
        """Return the series of a span."""
        chosen = span.assignment
        if chosen is None:
            return cls(span.operation, span.model)
        return cls(span.operation, span.model, chosen.task, chosen.release, chosen.environment, chosen.pointer)

    @property
    def number(self) -> int:
        """Return the first 63 bits of the SHA-256 of the labels."""
        return _number(self)


@functools.lru_cache(REMEMBERED)
def _number(series: Series) -> int:
    digest = hashlib.sha256(msgspec.msgpack.encode(series)).digest()
    return int.from_bytes(digest[:8]) >> 1
