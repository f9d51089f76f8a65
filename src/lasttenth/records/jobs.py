"""Jobs: work in the background, with the schedules that begin it and the bounds it keeps. Times are Unix nanoseconds."""

from typing import Any, Literal

import msgspec

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

DEFAULT_QUEUE = "default"
DEFAULT_ATTEMPTS = 5


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job has come, in whatever it counts; `total` is None where nobody knows it."""

    done: int = 0
    total: int | None = None
    message: str = ""


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be enqueued."""

    kind: str
    """The name of a registered function."""
    payload: Any = None
    """What the function is told, as JSON."""
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    """A higher one goes first."""
    not_before: int = 0
    max_attempts: int = DEFAULT_ATTEMPTS
    idempotency_key: str = ""
    """Within a project and kind there is one job of a key: who enqueues it again gets the job that stands."""
    concurrency_key: str = ""
    """Jobs of one key in a queue run one at a time, or as many as the queue's limits say."""
    schedule: str = ""
    """The schedule that the job comes from, empty where somebody enqueued it."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands."""

    project: str
    id: str
    kind: str
    payload: Any
    queue: str
    priority: int
    state: JobState
    due: int | None
    """When somebody should take it: the time it waits for, or the end of the lease it runs under; None once it ended."""
    attempts: int
    """How often it was begun; an attempt that a closing worker handed back does not count."""
    max_attempts: int
    idempotency_key: str
    concurrency_key: str
    schedule: str
    cancelling: bool
    """True from the request to cancel a running job until its worker has heard of it."""
    progress: Progress
    result: Any
    error_code: str
    error: str
    worker: str
    token: int
    """Grows with every lease: a worker whose token is old has lost the job to another one."""
    created: int
    started: int | None
    ended: int | None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker holds a job by."""

    project: str
    job: str
    token: int


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life for one job, with its progress where that has changed."""

    lease: Lease
    progress: Progress | None = None


Pulse = Literal["kept", "cancel", "lost"]
"""What a worker hears of a job that it holds: go on, stop because somebody cancelled it, or it is no longer yours."""


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the ledger, written out: what travels between processes."""

    id: str
    kind: str
    subject: str
    at: int
    body: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. `waiting` tries again at `due`; the events are appended with it, or not at all."""

    lease: Lease
    state: Literal["done", "failed", "cancelled", "waiting"]
    result: Any = None
    error_code: str = ""
    error: str = ""
    due: int = 0
    counted: bool = True
    """False where the attempt should not count: the worker closed before it was over."""
    progress: Progress | None = None
    events: tuple[EventRow, ...] = ()


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What all workers together may do in one queue. None means: as much as they can."""

    running: int | None = None
    """Jobs that run at one time."""
    per_key: int = 1
    """Jobs of one concurrency key that run at one time."""
    rate: int | None = None
    """Jobs begun in `period`, at most so many at once: a bucket that refills evenly."""
    period: int = 60 * 10**9


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Enqueue a job at certain times: by a cron expression in a time zone, or every so many nanoseconds."""

    name: str
    kind: str
    payload: Any = None
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    max_attempts: int = DEFAULT_ATTEMPTS
    concurrency_key: str = ""
    cron: str = ""
    every: int = 0
    zone: str = "UTC"
    missed: Literal["skip", "all"] = "skip"
    """What becomes of the times that passed while nothing ran: one job for the latest of them, or one for each."""
    expect_every: int | None = None
    """The schedule is overdue when none of its jobs has been done for so long."""


def job_of_schedule(schedule: Schedule, *, time: int | None = None) -> NewJob:
    """Return the job of a due time, of which there is only one; without a time one beside those of all due times."""
    return NewJob(
        kind=schedule.kind,
        payload=schedule.payload,
        queue=schedule.queue,
        priority=schedule.priority,
        not_before=time or 0,
        max_attempts=schedule.max_attempts,
        idempotency_key="" if time is None else f"{schedule.name}@{time}",
        concurrency_key=schedule.concurrency_key,
        schedule=schedule.name,
    )


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it stands."""

    project: str
    schedule: Schedule
    paused: bool
    next_due: int
    since: int
    """From when on success is expected: when it was made or resumed, or its times were changed."""
    last_success: int | None


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """Due times of a schedule that become jobs, provided that it still stands where it was seen."""

    project: str
    name: str
    seen: int
    times: tuple[int, ...]
    next_due: int


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule or a kind of job that should have succeeded by now."""

    project: str
    subject: str
    """`schedule:NAME` or `kind:NAME`."""
    expect_every: int
    since: int
    """The last success, or when success came to be expected."""
