"""When schedules are due: cron expressions in a time zone, and intervals. Nothing here knows the store."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.jobs import Firing, Schedule, ScheduleState

SECOND = 10**9
MOST_MISSED = 100
"""Due times that `missed: all` makes up for, the latest ones."""
SHORTEST_INTERVAL = SECOND
_INTERVAL = re.compile(r"every +([0-9]{1,9}) *([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
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


def at_times(schedule: Schedule, times: str) -> Schedule:
    """Return a schedule with the times that somebody wrote: `every 15m`, or a cron expression.

    Raises:
        InvalidRequestError: it begins with `every`, and what follows is no number of s, m, h or d.

    Example:
        >>> at_times(Schedule(name="a", kind="k"), "every 15m").every // SECOND
        900
    """
    if not times.startswith("every"):
        return msgspec.structs.replace(schedule, cron=times, every=0)
    found = _INTERVAL.fullmatch(times)
    if found is None:
        raise InvalidRequestError(
            f"{times!r} is no interval.", hint="Write it as: every 30s, every 15m, every 6h, every 1d"
        )
    return msgspec.structs.replace(schedule, every=int(found[1]) * _UNITS[found[2]] * SECOND, cron="")


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
