"""Waiting for something that another process or thread does, for a bounded time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.01


def eventually(read: Callable[[], T], *, within: float = 10.0) -> T:
    """Read until there is something to see, and return it.

    Args:
        read: what to look at; anything false means: not yet.
        within: seconds after which to give up.

    Raises:
        AssertionError: nothing was to be seen in time.

    Example:
        >>> eventually(lambda: "there")
        'there'
    """
    end = time.monotonic() + within
    while not (found := read()):
        if time.monotonic() > end:
            raise AssertionError(f"Nothing was to be seen within {within:g} seconds; last seen: {found!r}.")
        time.sleep(POLL_SECONDS)
    return found
