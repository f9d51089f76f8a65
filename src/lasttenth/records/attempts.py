"""Attempts: who was asked in vain before somebody answered."""

from typing import NamedTuple


class Attempt(NamedTuple):
    """A deployment that was asked in vain, how it failed, and the nanoseconds that took."""

    model: str
    failure: str
    took: int
