"""Schedules, whatever somebody writes and however long nothing ran."""

import contextlib
from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.jobs import at_times, first_due
from lasttenth.jobs.times import MOST_MISSED, SECOND, firing
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.jobs import Schedule, ScheduleState

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
CRONS = ("*/20 * * * *", "30 2 * * *", "0 */6 * * *", "15 1 * * SUN", "0 0 1 * *")
BEGIN, END = 1_700_000_000, 1_900_000_000

schedules = st.one_of(
    st.builds(Schedule, name=st.just("s"), kind=st.just("k"), every=st.integers(60, 86_400).map(lambda n: n * SECOND)),
    st.builds(Schedule, name=st.just("s"), kind=st.just("k"), cron=st.sampled_from(CRONS), zone=st.sampled_from(ZONES)),
)
moments = st.integers(BEGIN, END).map(lambda seconds: seconds * SECOND)


@given(schedule=schedules, begun=moments, passed=st.integers(0, 200_000))
def test_missed_times_are_those_that_come_one_after_the_other(schedule: Schedule, begun: int, passed: int) -> None:
    due = first_due(schedule, now=begun)
    now = due + passed * SECOND
    skipping = ScheduleState(project="p", schedule=schedule, paused=False, next_due=due, since=0, last_success=None)
    making_up = msgspec.structs.replace(skipping, schedule=msgspec.structs.replace(schedule, missed="all"))

    *times, following = _times(schedule, due, now)

    assert firing(making_up, now=now).times == tuple(times[-MOST_MISSED:])
    assert firing(skipping, now=now).times == (times[-1],)
    assert firing(skipping, now=now).next_due == following > now


@given(text=st.one_of(st.text(max_size=20), st.from_regex(r"[0-9*/,\-L#A-Z ]{0,25}", fullmatch=True)), now=moments)
def test_whatever_is_written_is_a_time_to_come_or_refused(text: str, now: int) -> None:
    with contextlib.suppress(InvalidRequestError):
        assert first_due(at_times(Schedule(name="s", kind="k"), text), now=now) > now


def _times(schedule: Schedule, due: int, now: int) -> Iterator[int]:
    """Yield the due times up to now and the one after it."""
    while due <= now:
        yield due
        due = due + schedule.every if schedule.every else first_due(schedule, now=due)
    yield due
