"""The synchronous face of a project's jobs; `sync` says how one waits."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lasttenth.app.jobs import ProjectJobs
from lasttenth.jobs import Function
from lasttenth.records.jobs import Job, JobState, NewJob, Overdue, QueueLimits, Schedule, ScheduleState

T = TypeVar("T")

Wait = Callable[[Coroutine[Any, Any, Any]], Any]


class SyncJobs:
    """The methods of `ProjectJobs` for programs without an event loop."""

    def __init__(self, jobs: ProjectJobs, wait: Wait) -> None:
        self._jobs = jobs
        self._until: Wait = wait

    def register(self, kind: str, function: Function, *, payload: Any = Any) -> None:
        """See `ProjectJobs.register`."""
        self._jobs.register(kind, function, payload=payload)

    def enqueue(self, job: NewJob) -> Job:
        """See `ProjectJobs.enqueue`."""
        return self._wait(self._jobs.enqueue(job))

    def enqueue_all(self, jobs: list[NewJob]) -> list[Job]:
        """See `ProjectJobs.enqueue_all`."""
        return self._wait(self._jobs.enqueue_all(jobs))

    def latest(self, *, limit: int = 50, state: JobState | None = None, kind: str = "") -> list[Job]:
        """See `ProjectJobs.latest`."""
        return self._wait(self._jobs.latest(limit=limit, state=state, kind=kind))

    def get(self, job: str) -> Job:
        """See `ProjectJobs.get`."""
        return self._wait(self._jobs.get(job))

    def cancel(self, job: str) -> Job:
        """See `ProjectJobs.cancel`."""
        return self._wait(self._jobs.cancel(job))

    def retry(self, job: str) -> Job:
        """See `ProjectJobs.retry`."""
        return self._wait(self._jobs.retry(job))

    def limit(self, queue: str, limits: QueueLimits) -> None:
        """See `ProjectJobs.limit`."""
        self._wait(self._jobs.limit(queue, limits))

    def schedule(self, schedule: Schedule) -> ScheduleState:
        """See `ProjectJobs.schedule`."""
        return self._wait(self._jobs.schedule(schedule))

    def schedules(self) -> list[ScheduleState]:
        """See `ProjectJobs.schedules`."""
        return self._wait(self._jobs.schedules())

    def get_schedule(self, name: str) -> ScheduleState:
        """See `ProjectJobs.get_schedule`."""
        return self._wait(self._jobs.get_schedule(name))

    def remove_schedule(self, name: str) -> None:
        """See `ProjectJobs.remove_schedule`."""
        self._wait(self._jobs.remove_schedule(name))

    def pause_schedule(self, name: str) -> ScheduleState:
        """See `ProjectJobs.pause_schedule`."""
        return self._wait(self._jobs.pause_schedule(name))

    def resume_schedule(self, name: str) -> ScheduleState:
        """See `ProjectJobs.resume_schedule`."""
        return self._wait(self._jobs.resume_schedule(name))

    def run_schedule(self, name: str) -> Job:
        """See `ProjectJobs.run_schedule`."""
        return self._wait(self._jobs.run_schedule(name))

    def expect(self, kind: str, every: int | None) -> None:
        """See `ProjectJobs.expect`."""
        self._wait(self._jobs.expect(kind, every))

    def overdue(self) -> list[Overdue]:
        """See `ProjectJobs.overdue`."""
        return self._wait(self._jobs.overdue())

    def work(self, *, until_idle: bool = False) -> None:
        """See `ProjectJobs.work`."""
        self._wait(self._jobs.work(until_idle=until_idle))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        found: T = self._until(work)
        return found
