"""How long to wait before another attempt, and which failures get one."""

import asyncio

import pytest

from lasttenth.jobs.retries import FIRST_PAUSE, LONGEST_PAUSE, may_succeed_later, pause_after
from lasttenth.records.errors import InvalidRequestError, LasttenthError, PermanentError, StorageError, UpstreamError
from lasttenth.testing import FixedRandomness


def highest(size: int, /) -> bytes:
    """Return the highest randomness there is."""
    return b"\xff" * size


def test_pauses_double_up_to_a_bound() -> None:
    pauses = [pause_after(attempt, ValueError(), highest) for attempt in (1, 2, 3, 4, 500)]

    assert [round(pause / FIRST_PAUSE) for pause in pauses[:4]] == [1, 2, 4, 8]
    assert round(pauses[4] / LONGEST_PAUSE) == 1


def test_pauses_are_spread_over_the_whole_time() -> None:
    randomness = FixedRandomness()

    pauses = [pause_after(1, ValueError(), randomness) / FIRST_PAUSE for _ in range(200)]

    assert all(0 <= pause < 1 for pause in pauses)
    assert {int(pause * 4) for pause in pauses} == {0, 1, 2, 3}


def test_what_the_error_asks_for_is_the_least() -> None:
    assert pause_after(1, StorageError("Full.", retry_after=5.0), bytes) == 5 * 10**9


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("No."), True),
        (TimeoutError(), True),
        (asyncio.CancelledError(), True),
        (StorageError("Full."), True),
        (UpstreamError("Away."), True),
        (LasttenthError("Inside."), True),
        (PermanentError("Never."), False),
        (InvalidRequestError("Wrong."), False),
    ],
)
def test_errors_that_blame_the_request_are_permanent(error: BaseException, expected: bool) -> None:
    assert may_succeed_later(error) is expected
