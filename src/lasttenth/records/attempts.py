"""Attempts: who was asked in vain before somebody answered."""

from typing import NamedTuple

from lasttenth.records.usage import Usage


class Attempt(NamedTuple):
    """A deployment that was asked in vain, how it failed, the nanoseconds that took, and what it reported to consume."""

    model: str
    failure: str
    took: int
    usage: Usage | None = None
