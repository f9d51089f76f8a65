"""The scheduler on a real store, with a clock that stands until it is moved."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conftest import open_sqlite, with_store

from lasttenth.jobs.scheduler import Scheduler
from lasttenth.records.jobs import Lease, NewJob, Outcome, Schedule
from lasttenth.storage.ports import ProjectStore, Store
from lasttenth.testing import FixedClock

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR

T = TypeVar("T")


def run(folder: Path, work: Callable[[Scheduler, Store, FixedClock], Awaitable[T]]) -> T:
    """Do some work with a scheduler that keeps jobs for a day."""
    clock = FixedClock()

    async def opened(store: Store) -> T:
        return await work(Scheduler(store.work, clock=clock, keep=DAY), store, clock)

    return asyncio.run(with_store(open_sqlite(folder, clock), opened))


async def project(store: Store) -> ProjectStore:
    """Return a project."""
    return await store.project("one")


def test_due_schedules_become_jobs_and_the_others_do_not(tmp_path: Path) -> None:
    async def work(scheduler: Scheduler, store: Store, clock: FixedClock) -> list[object]:
        schedules = (await project(store)).schedules
        await schedules.put(Schedule(name="due", kind="k", every=HOUR), next_due=clock.now())
        await schedules.put(Schedule(name="later", kind="k", every=HOUR), next_due=clock.now() + 1)
        looks = [await scheduler.look(), await scheduler.look()]
        return [looks, [job.schedule for job in await (await project(store)).jobs.latest()]]

    assert run(tmp_path, work) == [[True, False], ["due"]]


def test_schedule_that_cannot_be_understood_here_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(scheduler: Scheduler, store: Store, clock: FixedClock) -> list[str]:
        schedules = (await project(store)).schedules
        strange = Schedule(name="a strange one", kind="k", cron="0 3 * * *", zone="Mars/Olympus")
        await schedules.put(strange, next_due=clock.now())
        await schedules.put(Schedule(name="plain", kind="k", every=HOUR), next_due=clock.now())
        await scheduler.look()
        return [job.schedule for job in await (await project(store)).jobs.latest()]

    assert run(tmp_path, work) == ["plain"]
    assert "Mars/Olympus" in caplog.text


def test_overdue_is_told_once_until_it_succeeds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work(scheduler: Scheduler, store: Store, clock: FixedClock) -> None:
        await (await project(store)).schedules.expect("backup", HOUR)
        for _ in range(3):
            clock.advance(HOUR)
            await scheduler.look()

    run(tmp_path, work)

    told = [record.message for record in caplog.records]
    assert told == ["kind:backup of project one is overdue."]


def test_jobs_that_ended_long_ago_are_forgotten(tmp_path: Path) -> None:
    async def work(scheduler: Scheduler, store: Store, clock: FixedClock) -> list[int]:
        jobs = (await project(store)).jobs
        await jobs.enqueue([NewJob(kind="k")] * 3)
        for job in await store.work.claim(["k"], limit=2, lease=SECOND, worker="w"):
            lease = Lease(project=job.project, job=job.id, token=job.token)
            await store.work.finish([Outcome(lease=lease, state="done")])
        counts = []
        for passed in (0, DAY, 1 + HOUR):
            clock.advance(passed)
            await scheduler.look()
            counts.append(len(await jobs.latest()))
        return counts

    assert run(tmp_path, work) == [3, 3, 1]
