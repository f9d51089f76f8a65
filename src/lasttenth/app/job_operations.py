"""The operations on jobs and schedules."""

from typing import Annotated, Literal

import msgspec

from lasttenth.app.app import App
from lasttenth.app.operation import Done, Nothing, Operation
from lasttenth.records.jobs import Job, ScheduleState


class ListJobs(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many.")] = 50
    state: Annotated[
        Literal["", "waiting", "running", "done", "failed", "cancelled"],
        msgspec.Meta(description="Only those in this state."),
    ] = ""
    kind: Annotated[str, msgspec.Meta(description="Only those of this kind.")] = ""


class OneJob(msgspec.Struct, frozen=True, kw_only=True):
    """Which job."""

    job: Annotated[str, msgspec.Meta(description="The job's id.")]


class OneSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Which schedule."""

    schedule: Annotated[str, msgspec.Meta(description="The schedule's name.")]


async def _list_jobs(app: App, request: ListJobs) -> list[Job]:
    return await app.jobs.latest(limit=request.limit, state=request.state or None, kind=request.kind)


async def _show_job(app: App, request: OneJob) -> Job:
    return await app.jobs.get(request.job)


async def _cancel_job(app: App, request: OneJob) -> Job:
    return await app.jobs.cancel(request.job)


async def _retry_job(app: App, request: OneJob) -> Job:
    return await app.jobs.retry(request.job)


async def _list_schedules(app: App, _request: Nothing) -> list[ScheduleState]:
    return await app.jobs.schedules()


async def _show_schedule(app: App, request: OneSchedule) -> ScheduleState:
    return await app.jobs.get_schedule(request.schedule)


async def _pause_schedule(app: App, request: OneSchedule) -> ScheduleState:
    return await app.jobs.pause_schedule(request.schedule)


async def _resume_schedule(app: App, request: OneSchedule) -> ScheduleState:
    return await app.jobs.resume_schedule(request.schedule)


async def _run_schedule(app: App, request: OneSchedule) -> Job:
    return await app.jobs.run_schedule(request.schedule)


async def _remove_schedule(app: App, request: OneSchedule) -> Done:
    await app.jobs.remove_schedule(request.schedule)
    return Done()


JOB_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "list_jobs",
        "GET",
        "/api/jobs",
        ("jobs", "list"),
        "List the latest jobs.",
        ListJobs,
        list[Job],
        _list_jobs,
    ),
    Operation(
        "show_job",
        "GET",
        "/api/jobs/{job}",
        ("jobs", "show"),
        "Show a job.",
        OneJob,
        Job,
        _show_job,
    ),
    Operation(
        "cancel_job",
        "POST",
        "/api/jobs/{job}/cancel",
        ("jobs", "cancel"),
        "Cancel a job.",
        OneJob,
        Job,
        _cancel_job,
    ),
    Operation(
        "retry_job",
        "POST",
        "/api/jobs/{job}/retry",
        ("jobs", "retry"),
        "Try a failed or cancelled job again.",
        OneJob,
        Job,
        _retry_job,
    ),
    Operation(
        "list_schedules",
        "GET",
        "/api/schedules",
        ("schedules", "list"),
        "List the schedules.",
        Nothing,
        list[ScheduleState],
        _list_schedules,
    ),
    Operation(
        "show_schedule",
        "GET",
        "/api/schedules/{schedule}",
        ("schedules", "show"),
        "Show a schedule.",
        OneSchedule,
        ScheduleState,
        _show_schedule,
    ),
    Operation(
        "pause_schedule",
        "POST",
        "/api/schedules/{schedule}/pause",
        ("schedules", "pause"),
        "Enqueue nothing until the schedule is resumed.",
        OneSchedule,
        ScheduleState,
        _pause_schedule,
    ),
    Operation(
        "resume_schedule",
        "POST",
        "/api/schedules/{schedule}/resume",
        ("schedules", "resume"),
        "Go on with a paused schedule.",
        OneSchedule,
        ScheduleState,
        _resume_schedule,
    ),
    Operation(
        "run_schedule",
        "POST",
        "/api/schedules/{schedule}/run",
        ("schedules", "run"),
        "Enqueue a job of a schedule now.",
        OneSchedule,
        Job,
        _run_schedule,
    ),
    Operation(
        "remove_schedule",
        "DELETE",
        "/api/schedules/{schedule}",
        ("schedules", "remove"),
        "Remove a schedule; its jobs stay.",
        OneSchedule,
        Done,
        _remove_schedule,
    ),
)
