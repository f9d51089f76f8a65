"""One suite for every engine: a due time becomes a job once, and what does not succeed in time is known."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest
from tests.conftest import Engine

from lasttenth.records.errors import InvalidRequestError, NotFoundError
from lasttenth.records.jobs import Firing, Lease, NewJob, Outcome, Schedule, ScheduleState
from lasttenth.storage.ports import ProjectStore, Store
from lasttenth.testing import FixedClock

SECOND = 10**9
NIGHTLY = Schedule(name="nightly", kind="add", payload=[1], every=SECOND, concurrency_key="k", expect_every=5 * SECOND)

T = TypeVar("T")


class Place:
    """A project, its store and a clock that stands until it is moved."""

    def __init__(self, store: Store, project: ProjectStore, clock: FixedClock) -> None:
        self.store = store
        self.project = project
        self.clock = clock

    async def put(self, schedule: Schedule = NIGHTLY) -> ScheduleState:
        """Store a schedule that is due now."""
        return await self.project.schedules.put(schedule, next_due=self.clock.now())

    def firing(self, *times: int) -> Firing:
        """Return the firing of due times, of which the first was seen."""
        return Firing(project="one", name="nightly", seen=times[0], times=times, next_due=times[-1] + SECOND)

    async def succeed(self) -> None:
        """Do whatever job is due."""
        for job in await self.store.work.claim(["add"], limit=9, lease=SECOND, worker="w"):
            lease = Lease(project=job.project, job=job.id, token=job.token)
            await self.store.work.finish([Outcome(lease=lease, state="done")])


Run = Callable[[Callable[[Place], Awaitable[T]]], T]


@pytest.fixture
def run(engine: Engine) -> Callable[[Callable[[Place], Awaitable[T]]], T]:
    """Return what runs work in the project `one` of an engine."""
    clock = FixedClock()

    def start(work: Callable[[Place], Awaitable[T]]) -> T:
        async def opened(store: Store) -> T:
            return await work(Place(store, await store.project("one"), clock))

        return engine.run(opened, clock=clock)

    return start


def test_schedule_is_there_after_a_restart_and_another_of_its_name_takes_its_place(
    run: Run[ScheduleState],
) -> None:
    run(lambda place: place.put())
    changed = run(lambda place: place.put(Schedule(name="nightly", kind="other", every=9)))

    found = run(lambda place: place.project.schedules.get("nightly"))

    assert found == changed
    assert (found.schedule.kind, found.paused, found.last_success) == ("other", False, None)


def test_schedule_that_is_put_again_is_due_when_it_would_have_been(run: Run[list[int]]) -> None:
    async def work(place: Place) -> list[int]:
        first = await place.put()
        place.clock.advance(3 * SECOND)
        same = await place.put(msgspec.structs.replace(NIGHTLY, payload=[2]))
        other = await place.put(msgspec.structs.replace(NIGHTLY, every=2 * SECOND))
        return [state.next_due - first.next_due for state in (same, other)] + [same.since - first.since]

    assert run(work) == [0, 3 * SECOND, 0]


def test_due_time_becomes_one_job_however_many_workers_see_it(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        now = place.clock.now()
        await place.put()
        [seen] = await place.store.work.due_schedules()
        fired = await asyncio.gather(*(place.store.work.fire(place.firing(now)) for _ in range(4)))
        [job] = await place.project.jobs.latest()
        left = await place.store.work.due_schedules()
        return [seen.schedule == NIGHTLY, sorted(fired), job.schedule, job.payload, job.concurrency_key, left]

    assert run(work) == [True, [False, False, False, True], "nightly", [1], "k", []]


def test_several_due_times_become_as_many_jobs(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        now = place.clock.now()
        await place.put()
        place.clock.advance(2 * SECOND)
        await place.store.work.fire(place.firing(now, now + SECOND, now + 2 * SECOND))
        state = await place.project.schedules.get("nightly")
        return [len(await place.project.jobs.latest()), state.next_due - now]

    assert run(work) == [3, 3 * SECOND]


def test_paused_schedule_enqueues_nothing_until_it_is_resumed(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        now = place.clock.now()
        await place.put()
        paused = await place.project.schedules.pause("nightly")
        silent = [await place.store.work.due_schedules(), await place.store.work.fire(place.firing(now))]
        resumed = await place.project.schedules.resume("nightly", next_due=now + SECOND)
        place.clock.advance(SECOND)
        return [paused.paused, silent, resumed.paused, len(await place.store.work.due_schedules())]

    assert run(work) == [True, [[], False], False, 1]


def test_unknown_schedule_is_not_found_and_a_removed_one_is_gone(run: Run[list[ScheduleState]]) -> None:
    async def work(place: Place) -> list[ScheduleState]:
        schedules = place.project.schedules
        await place.put()
        await schedules.remove("nightly")
        for refused in (schedules.get, schedules.remove, schedules.pause):
            with pytest.raises(NotFoundError, match="no schedule nightly"):
                await refused("nightly")
        with pytest.raises(InvalidRequestError, match="name"):
            await place.put(Schedule(name="", kind="add"))
        return await schedules.overview()

    assert run(work) == []


def test_schedule_that_does_not_succeed_in_time_is_overdue_until_it_does(run: Run[list[list[str]]]) -> None:
    async def work(place: Place) -> list[list[str]]:
        found: list[list[str]] = []

        async def look() -> None:
            found.append([each.subject for each in await place.project.schedules.overdue()])

        await place.put()
        place.clock.advance(5 * SECOND)
        await look()
        place.clock.advance(1)
        await look()
        await place.store.work.fire(place.firing(place.clock.now() - 5 * SECOND - 1))
        await place.succeed()
        await look()
        place.clock.advance(5 * SECOND + 1)
        await look()
        await place.project.schedules.pause("nightly")
        await look()
        await place.project.schedules.resume("nightly", next_due=place.clock.now())
        await look()
        return found

    assert run(work) == [[], ["schedule:nightly"], [], ["schedule:nightly"], [], []]


def test_kind_that_is_expected_to_succeed_is_overdue_whoever_enqueues_it(run: Run[list[int]]) -> None:
    async def work(place: Place) -> list[int]:
        found: list[int] = []
        await place.project.schedules.expect("add", SECOND)
        for enqueue in (False, True, False):
            place.clock.advance(SECOND + 1)
            if enqueue:
                await place.project.jobs.enqueue([NewJob(kind="add")])
                await place.succeed()
            found.append(len(await place.store.work.overdue()))
        await place.project.schedules.expect("add", None)
        return [*found, len(await place.store.work.overdue())]

    assert run(work) == [1, 0, 1, 0]
