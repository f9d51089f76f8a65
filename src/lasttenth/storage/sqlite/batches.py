"""Many rows in one statement: each statement lets go of the interpreter once, and other threads may take long with it."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

SIZES = (128, 32, 8, 1)
"""Rows of one statement: few sizes, so that each statement is prepared once."""


def in_statements(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield rows in pieces, each for one statement."""
    start = 0
    for size in SIZES:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size
