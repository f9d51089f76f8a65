"""Which failures are tried again, and when."""

from lasttenth.jobs.times import SECOND
from lasttenth.records.errors import LasttenthError
from lasttenth.records.ids import Randomness

FIRST_PAUSE = 2 * SECOND
LONGEST_PAUSE = 600 * SECOND
_DOUBLINGS = 40
"""After so many the longest pause has long been reached."""


def may_succeed_later(error: BaseException) -> bool:
    """Tell whether trying again may help: errors of Lasttenth that blame the request (status 4xx) are permanent."""
    return not (isinstance(error, LasttenthError) and error.status < 500)


def pause_after(attempt: int, error: BaseException, randomness: Randomness) -> int:
    """Return how long to wait after an attempt, in nanoseconds: exponential with full jitter.

    A `retry_after` that the error carries is the least. The formula is "full jitter" of M. Brooker, Exponential Backoff
    And Jitter (AWS Architecture Blog, 2015).
    """
    most = min(FIRST_PAUSE * 2 ** min(attempt - 1, _DOUBLINGS), LONGEST_PAUSE)
    share = int.from_bytes(randomness(4)) / 2**32
    asked = error.retry_after if isinstance(error, LasttenthError) else None
    return max(int(most * share), int((asked or 0) * SECOND))
