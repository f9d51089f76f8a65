"""The jobs and schedules of one project, as programs and doors see them."""

import asyncio
from typing import Any

from lasttenth.app.installation import Installation
from lasttenth.jobs import Function, Runner, first_due
from lasttenth.records.jobs import Job, JobState, NewJob, Overdue, QueueLimits, Schedule, ScheduleState, job_of_schedule
from lasttenth.storage.ports import ProjectStore


class ProjectJobs:
    """Enqueue jobs, look after them, and let schedules enqueue them.

    Whether somebody does them is another matter: `lasttenth up` does, and `work` does in this process.
    """

    def __init__(self, installation: Installation, project: str) -> None:
        self._installation = installation
        self._project = project

    def register(self, kind: str, function: Function, *, payload: Any = Any) -> None:
        """Let a function do the jobs of a kind in this process. Raises ConflictError.

        Args:
            kind: the name that jobs carry.
            function: called with a `Context`; one that is no coroutine function runs in a thread.
            payload: the type that the payload is decoded to.
        """
        self._installation.functions.add(kind, function, payload=payload)

    async def enqueue(self, job: NewJob) -> Job:
        """Store a job durably, and return it or the one that has its idempotency key. Raises InvalidRequestError."""
        return (await self.enqueue_all([job]))[0]

    async def enqueue_all(self, jobs: list[NewJob]) -> list[Job]:
        """Store jobs durably, all or none. Raises InvalidRequestError."""
        enqueued = await (await self._store()).jobs.enqueue(jobs)
        self._runner.wake()
        return enqueued

    async def latest(self, *, limit: int = 50, state: JobState | None = None, kind: str = "") -> list[Job]:
        """Return the latest jobs, newest first."""
        return await (await self._store()).jobs.latest(limit=limit, state=state, kind=kind)

    async def get(self, job: str) -> Job:
        """Return a job. Raises NotFoundError."""
        return await (await self._store()).jobs.get(job)

    async def cancel(self, job: str) -> Job:
        """Cancel a job: at once where nobody holds it, else its worker hears of it. Raises NotFoundError, ConflictError."""
        cancelled = await (await self._store()).jobs.cancel(job)
        self._runner.wake()
        return cancelled

    async def retry(self, job: str) -> Job:
        """Let a failed or cancelled job wait again, with all its attempts. Raises NotFoundError, ConflictError."""
        waiting = await (await self._store()).jobs.retry(job)
        self._runner.wake()
        return waiting

    async def limit(self, queue: str, limits: QueueLimits) -> None:
        """Set the limits that all workers together keep in a queue. Raises InvalidRequestError."""
        await (await self._store()).jobs.limit(queue, limits)

    async def schedule(self, schedule: Schedule) -> ScheduleState:
        """Store a schedule, or put it in the place of the one of its name. Raises InvalidRequestError."""
        due = first_due(schedule, now=self._installation.clock.now())
        return await (await self._store()).schedules.put(schedule, next_due=due)

    async def schedules(self) -> list[ScheduleState]:
        """Return all schedules, sorted by name."""
        return await (await self._store()).schedules.overview()

    async def get_schedule(self, name: str) -> ScheduleState:
        """Return a schedule. Raises NotFoundError."""
        return await (await self._store()).schedules.get(name)

    async def remove_schedule(self, name: str) -> None:
        """Remove a schedule; its jobs stay. Raises NotFoundError."""
        await (await self._store()).schedules.remove(name)

    async def pause_schedule(self, name: str) -> ScheduleState:
        """Enqueue nothing until the schedule is resumed. Raises NotFoundError."""
        return await (await self._store()).schedules.pause(name)

    async def resume_schedule(self, name: str) -> ScheduleState:
        """Go on with the next due time from now. Raises NotFoundError."""
        schedules = (await self._store()).schedules
        due = first_due((await schedules.get(name)).schedule, now=self._installation.clock.now())
        return await schedules.resume(name, next_due=due)

    async def run_schedule(self, name: str) -> Job:
        """Enqueue a job of a schedule now, beside those of its due times. Raises NotFoundError."""
        schedule = (await self.get_schedule(name)).schedule
        return await self.enqueue(job_of_schedule(schedule))

    async def expect(self, kind: str, every: int | None) -> None:
        """Expect a job of a kind to be done every so many nanoseconds; None expects nothing any longer."""
        await (await self._store()).schedules.expect(kind, every)

    async def overdue(self) -> list[Overdue]:
        """Return the schedules and kinds that should have succeeded by now."""
        return await (await self._store()).schedules.overdue()

    async def work(self, *, until_idle: bool = False) -> None:
        """Do the jobs of all projects in this process, until it is cancelled or, if wanted, nothing is due."""
        runner = self._installation.runner
        runner.start()
        try:
            await (runner.idle() if until_idle else asyncio.Event().wait())
        finally:
            await runner.close()

    @property
    def _runner(self) -> Runner:
        return self._installation.runner

    async def _store(self) -> ProjectStore:
        return await self._installation.store.project(self._project)
