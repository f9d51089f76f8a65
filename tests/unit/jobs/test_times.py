"""When schedules are due, and what becomes of times that passed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from lasttenth.jobs import first_due
from lasttenth.jobs.times import MOST_MISSED, SECOND, firing
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.jobs import Schedule, ScheduleState

HOUR = 3600 * SECOND


def at(text: str, zone: str = "UTC") -> int:
    """Return a local time in Unix nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def said(time: int) -> str:
    """Return a time in UTC, to the minute."""
    return datetime.fromtimestamp(time // SECOND, UTC).isoformat(timespec="minutes").removesuffix("+00:00")


def standing(schedule: Schedule, next_due: int) -> ScheduleState:
    """Return a schedule that is next due at a time."""
    return ScheduleState(project="p", schedule=schedule, paused=False, next_due=next_due, since=0, last_success=None)


@pytest.mark.parametrize(
    ("cron", "zone", "now", "due"),
    [
        ("0 3 * * *", "UTC", "2026-11-21T03:00", "2026-11-22T03:00"),
        ("*/15 * * * *", "UTC", "2026-11-21T03:01", "2026-11-21T03:15"),
        ("0 9 * * MON-FRI", "America/New_York", "2026-11-21T00:00", "2026-11-23T14:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        # Clocks go forward over 2:30 in Berlin: it comes as soon as it can.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
        # And back over it: it comes once.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_cron_expression_is_due_at_its_next_time_in_its_zone(cron: str, zone: str, now: str, due: str) -> None:
    assert said(first_due(Schedule(name="s", kind="k", cron=cron, zone=zone), now=at(now))) == due


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Schedule(name="s", kind="k"), "not both"),
        (Schedule(name="s", kind="k", cron="* * * * *", every=HOUR), "not both"),
        (Schedule(name="s", kind="k", every=5), "too often"),
        (Schedule(name="s", kind="k", cron="61 * * * *"), "no cron expression"),
        (Schedule(name="s", kind="k", cron="hourly"), "no cron expression"),
        (Schedule(name="s", kind="k", cron="0 0 30 2 *"), "no cron expression"),
        (Schedule(name="s", kind="k", cron="0 3 * * *", zone="Europe/Nowhere"), "no time zone"),
        (Schedule(name="s", kind="k", cron="0 3 * * *", zone="../etc/passwd"), "no time zone"),
        (Schedule(name="s", kind="k", cron="0 3 * * *", zone=""), "no time zone"),
    ],
)
def test_schedule_that_means_nothing_is_refused(schedule: Schedule, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        first_due(schedule, now=0)


@pytest.mark.parametrize(
    "schedule", [Schedule(name="s", kind="k", every=HOUR), Schedule(name="s", kind="k", cron="0 * * * *")]
)
def test_missed_times_become_one_job_or_one_each(schedule: Schedule) -> None:
    due, now = at("2026-11-21T03:00"), at("2026-11-21T07:20")

    skipped = firing(standing(schedule, due), now=now)
    made_up = firing(standing(msgspec.structs.replace(schedule, missed="all"), due), now=now)

    assert [said(time) for time in skipped.times] == ["2026-11-21T07:00"]
    assert [said(time)[11:] for time in made_up.times] == ["03:00", "04:00", "05:00", "06:00", "07:00"]
    assert said(skipped.next_due) == said(made_up.next_due) == "2026-11-21T08:00"
    assert skipped.seen == due


@pytest.mark.parametrize(
    "schedule", [Schedule(name="s", kind="k", every=SECOND), Schedule(name="s", kind="k", cron="* * * * *")]
)
def test_no_more_than_a_hundred_missed_times_are_made_up_for(schedule: Schedule) -> None:
    due, now = at("2026-01-01T00:00"), at("2026-11-21T07:20")

    made_up = firing(standing(msgspec.structs.replace(schedule, missed="all"), due), now=now)

    assert len(made_up.times) == MOST_MISSED
    assert made_up.times[-1] == now


def test_time_that_is_due_now_is_one_time() -> None:
    due = at("2026-11-21T03:00")

    fired = firing(standing(Schedule(name="s", kind="k", cron="0 3 * * *"), due), now=due)

    assert (fired.times, said(fired.next_due)) == ((due,), "2026-11-22T03:00")
