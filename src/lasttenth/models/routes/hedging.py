"""Hedging: a call that has said nothing for longer than nearly all others do is made once more, elsewhere.

Source: Dean and Barroso, The Tail at Scale, Communications of the ACM 2013: a second request after the 95th percentile
takes a tail away at the price of a few per cent more calls.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

PERCENTILE = 0.95
REMEMBERED = 200
ENOUGH = 20
"""Times that must be known before any call is made twice."""
SHORTEST = 0.02
"""Seconds. Sooner no call is made twice."""

R = TypeVar("R")


class Usual:
    """How long it usually takes to the first content, in seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=REMEMBERED)

    def take(self, seconds: float) -> None:
        """Take note of one."""
        self._times.append(seconds)

    @property
    def longest(self) -> float | None:
        """Return what nearly all stay below, None while too few are known."""
        if len(self._times) < ENOUGH:
            return None
        return max(sorted(self._times)[int(PERCENTILE * (len(self._times) - 1))], SHORTEST)


async def first_of(
    one: "asyncio.Task[R | None]", other: "asyncio.Task[R | None]", *, dismiss: Callable[[R], Awaitable[None]]
) -> R | None:
    """Return the result of the first that has one; the other is cancelled, and dismissed where it had one as well.

    One that ends without a result leaves it to the other. Where this is cancelled, both are.
    """
    try:
        await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        winner, loser = (one, other) if one.done() else (other, one)
        if winner.result() is None:
            return await loser
        loser.cancel()
        await asyncio.wait({loser})
        late = None if loser.cancelled() or loser.exception() else loser.result()
        if late is not None:
            await dismiss(late)
        return winner.result()
    except BaseException:
        one.cancel()
        other.cancel()
        raise
