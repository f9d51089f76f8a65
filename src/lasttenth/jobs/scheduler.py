"""The scheduler: fires what is due, tells what is overdue, and forgets the jobs that ended long ago.

Every worker has one. The store sees to it that a due time becomes one job, however many of them see it.
"""

import logging

from lasttenth.jobs.times import SECOND, firing
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Clock
from lasttenth.records.jobs import Overdue, ScheduleState
from lasttenth.storage.job_ports import Work

BETWEEN_CLEANINGS = 3600 * SECOND

logger = logging.getLogger("lasttenth.jobs")


class Scheduler:
    """Look after the schedules of all projects.

    Args:
        work: where schedules and jobs are.
        clock: where times come from.
        keep: how long jobs that ended are kept, in nanoseconds.
    """

    def __init__(self, work: Work, *, clock: Clock, keep: int) -> None:
        self._work = work
        self._clock = clock
        self._keep = keep
        self._overdue: set[Overdue] = set()
        self._cleaned = 0

    async def look(self) -> bool:
        """Do what is to be done now, and tell whether a job was enqueued. Raises StorageError."""
        now = self._clock.now()
        fired = [await self._fire(state, now) for state in await self._work.due_schedules()]
        await self._tell_overdue()
        if now - self._cleaned > BETWEEN_CLEANINGS:
            # Some at a time, so that no other writer waits for long.
            while await self._work.forget(now - self._keep):
                continue
            self._cleaned = now
        return any(fired)

    async def _fire(self, state: ScheduleState, now: int) -> bool:
        try:
            return await self._work.fire(firing(state, now=now))
        except InvalidRequestError as error:
            # Such as a time zone that this machine does not know: another one may, and other schedules go on.
            logger.warning("Schedule %s of project %s: %s", state.schedule.name, state.project, error)
            return False

    async def _tell_overdue(self) -> None:
        overdue = set(await self._work.overdue())
        for each in sorted(overdue - self._overdue, key=str):
            logger.warning("%s of project %s is overdue.", each.subject, each.project)
        self._overdue = overdue
