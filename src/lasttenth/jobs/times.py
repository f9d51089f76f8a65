"""When schedules are due: cron expressions in a time zone, and intervals. Nothing here knows the store."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.jobs import Firing, Schedule, ScheduleState

SECOND = 10**9
MOST_MISSED = 100
"""Due times that `missed: all` makes up for, the latest ones."""
SHORTEST_INTERVAL = SECOND
_CRON_HINT = "Write minute, hour, day of month, month, day of week, as in `0 3 * * *`."


def first_due(schedule: Schedule, *, now: int) -> int:
    """Return when a schedule is due for the first time after now.

    Raises:
        InvalidRequestError: the schedule says neither or both of cron and interval, or one that means nothing.

    Example:
        >>> first_due(Schedule(name="a", kind="k", cron="0 3 * * *"), now=0) // SECOND
        10800
    """
    if bool(schedule.cron) == bool(schedule.every):
        raise InvalidRequestError(f"Schedule {schedule.name} has to have a cron expression or an interval, not both.")
    if schedule.cron:
        return _next_cron(schedule, now)
    if schedule.every < SHORTEST_INTERVAL:
        raise InvalidRequestError(
            f"Schedule {schedule.name} comes too often.", hint="An interval is 1 second at least."
        )
    return now + schedule.every


def firing(state: ScheduleState, *, now: int) -> Firing:
    """Return what a schedule that is due becomes: the latest of its times, or all that passed, up to a hundred."""
    schedule = state.schedule
    passed = takewhile(lambda time: time >= state.next_due, _times_back(state, now))
    wanted = MOST_MISSED if schedule.missed == "all" else 1
    times = [time for time, _ in zip(passed, range(wanted), strict=False)]
    following = _next_cron(schedule, now) if schedule.cron else _latest(state, now) + schedule.every
    return Firing(
        project=state.project,
        name=schedule.name,
        seen=state.next_due,
        times=tuple(reversed(times)),
        next_due=following,
    )


def _times_back(state: ScheduleState, now: int) -> Iterator[int]:
    """Yield the due times up to now, the latest first."""
    schedule = state.schedule
    if schedule.cron:
        # The expression's own iteration leaves out the moment that it begins with.
        start = _moment(now + SECOND, _zone(schedule))
        return (int(time.timestamp()) * SECOND for time in CronSim(schedule.cron, start, reverse=True))
    return iter(range(_latest(state, now), state.next_due - 1, -schedule.every))


def _latest(state: ScheduleState, now: int) -> int:
    return state.next_due + (now - state.next_due) // state.schedule.every * state.schedule.every


def _next_cron(schedule: Schedule, now: int) -> int:
    zone = _zone(schedule)
    try:
        found = next(CronSim(schedule.cron, _moment(now, zone)), None)
    except CronSimError as error:
        raise InvalidRequestError(f"`{schedule.cron}` is no cron expression: {error}.", hint=_CRON_HINT) from error
    if found is None:
        raise InvalidRequestError(f"`{schedule.cron}` never comes in the next fifty years.", hint=_CRON_HINT)
    return int(found.timestamp()) * SECOND


def _moment(time: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(time // SECOND, zone)


def _zone(schedule: Schedule) -> tzinfo:
    if schedule.zone == "UTC":
        return UTC  # without the data of all zones, which not every machine has
    try:
        return ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidRequestError(
            f"There is no time zone {schedule.zone!r} on this machine.",
            hint="Write it as Europe/Berlin. Where a machine has no zones at all: pip install tzdata",
        ) from error
