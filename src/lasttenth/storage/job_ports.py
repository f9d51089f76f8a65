"""The ports of background work: what a project does with its jobs and schedules, and what workers do with all of them.

Arguments and results are plain values that msgspec encodes, so that a process may hand a call on to another one.
"""

from collections.abc import Sequence
from typing import Protocol

from lasttenth.records.jobs import (
    Beat,
    Firing,
    Job,
    JobState,
    NewJob,
    Outcome,
    Overdue,
    Pulse,
    QueueLimits,
    Schedule,
    ScheduleState,
)


class Jobs(Protocol):
    """The jobs of one project."""

    async def enqueue(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Store jobs durably, all or none; one whose idempotency key is there already is returned as it stands.

        Raises InvalidRequestError.
        """
        ...

    async def get(self, job: str) -> Job:
        """Return a job. Raises NotFoundError."""
        ...

    async def latest(
        self, *, limit: int = 50, state: JobState | None = None, kind: str = "", before: str = ""
    ) -> list[Job]:
        """Return the latest jobs, newest first; those that were enqueued before one of them, where it is named."""
        ...

    async def cancel(self, job: str) -> Job:
        """Cancel a job: at once where nobody holds it, else its worker hears of it. Raises NotFoundError, ConflictError."""
        ...

    async def retry(self, job: str) -> Job:
        """Let a failed or cancelled job wait again, with all its attempts. Raises NotFoundError, ConflictError."""
        ...

    async def limit(self, queue: str, limits: QueueLimits) -> None:
        """Set the limits of a queue. Raises InvalidRequestError."""
        ...

    async def limits(self) -> dict[str, QueueLimits]:
        """Return the limits that were set, by queue."""
        ...


class Schedules(Protocol):
    """The schedules of one project, and what it expects to succeed."""

    async def put(self, schedule: Schedule, *, next_due: int) -> ScheduleState:
        """Store a schedule, or put it in the place of the one of its name. Raises InvalidRequestError.

        While its times stay as they were, the one of its name is due when it would have been, not at `next_due`.
        """
        ...

    async def get(self, name: str) -> ScheduleState:
        """Return a schedule. Raises NotFoundError."""
        ...

    async def overview(self) -> list[ScheduleState]:
        """Return all schedules, sorted by name."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a schedule; its jobs stay. Raises NotFoundError."""
        ...

    async def pause(self, name: str) -> ScheduleState:
        """Enqueue nothing until the schedule is resumed. Raises NotFoundError."""
        ...

    async def resume(self, name: str, *, next_due: int) -> ScheduleState:
        """Go on from a due time. Raises NotFoundError."""
        ...

    async def expect(self, kind: str, every: int | None) -> None:
        """Expect a job of a kind to be done every so many nanoseconds; None expects nothing any longer."""
        ...

    async def overdue(self) -> list[Overdue]:
        """Return what should have succeeded by now, sorted by subject."""
        ...


class Work(Protocol):
    """What workers do with the jobs and schedules of all projects."""

    async def is_due(self, kinds: Sequence[str]) -> bool:
        """Tell whether there is a job of these kinds to take, as far as its due time says."""
        ...

    async def claim(self, kinds: Sequence[str], *, limit: int, lease: int, worker: str) -> list[Job]:
        """Take jobs that are due, the most urgent first, each under a lease of so many nanoseconds.

        A job whose lease ran out is taken again; where that was its last attempt it fails instead.
        """
        ...

    async def beat(self, beats: Sequence[Beat], *, lease: int) -> list[Pulse]:
        """Renew leases, store progress, and tell for each job whether its worker still holds it."""
        ...

    async def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Record how attempts ended, each together with its events; False for a lease that had passed to another."""
        ...

    async def due_schedules(self) -> list[ScheduleState]:
        """Return the schedules that are due."""
        ...

    async def fire(self, firing: Firing) -> bool:
        """Enqueue one job for each due time, and move the schedule on; False where somebody else has."""
        ...

    async def overdue(self) -> list[Overdue]:
        """Return what should have succeeded by now, in all projects."""
        ...

    async def forget(self, before: int) -> int:
        """Remove some of the jobs that ended before a time, and return how many they were; 0 once all are gone."""
        ...
