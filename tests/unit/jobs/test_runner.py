"""The runner on a real store: jobs end once, whatever functions do, and closing leaves nothing half done."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from tests.conftest import open_sqlite

from lasttenth.jobs import Context, Functions, Runner, RunnerSettings
from lasttenth.records.errors import ConflictError, PermanentError
from lasttenth.records.events import Score
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.jobs import Job, JobState, NewJob, Schedule
from lasttenth.storage.ports import ProjectStore, Store
from lasttenth.storage.sqlite import SqliteStore

QUICK = RunnerSettings(concurrency=4, lease=5.0, beat=0.05, longest_wait=0.05, grace=0.2, patience=0.2)
SECONDS = 20.0

T = TypeVar("T")


async def until(read: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> T:
    """Read until what is read is right, and return it."""
    async with asyncio.timeout(SECONDS):
        while not is_right(found := await read()):  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.01)
    return found


class Place:
    """A store with a runner, and one project."""

    def __init__(self, store: Store, project: ProjectStore, settings: RunnerSettings) -> None:
        self.store = store
        self.project = project
        self.functions = Functions()
        self.runner = self.another(settings)

    def another(self, settings: RunnerSettings = QUICK, *, worker: str = "w") -> Runner:
        """Return another runner of the same functions."""
        clock = SystemClock()
        return Runner(self.store, self.functions, clock=clock, randomness=bytes, worker=worker, settings=settings)

    async def add(self, kind: str, payload: object = None, **more: Any) -> Job:
        """Enqueue a job."""
        [job] = await self.project.jobs.enqueue([NewJob(kind=kind, payload=payload, **more)])
        self.runner.wake()
        return job

    async def until(self, job: Job, *states: JobState) -> Job:
        """Wait until a job is in one of the states."""
        return await until(lambda: self.project.jobs.get(job.id), lambda found: found.state in states)

    async def outcome(self, kind: str, function: Callable[[Context[Any]], Any], payload: object = None) -> Job:
        """Let a function do one job and return how it ended."""
        self.functions.add(kind, function)
        self.runner.start()
        return await self.until(await self.add(kind, payload, max_attempts=3), "done", "failed")


def run(folder: Path, work: Callable[[Place], Awaitable[T]], *, settings: RunnerSettings = QUICK) -> T:
    """Do some work beside a runner, which is closed in the end."""

    async def main() -> T:
        store = await open_sqlite(folder)
        place = Place(store, await store.project("one"), settings)
        try:
            return await work(place)
        finally:
            await place.runner.close()
            await store.close()

    return asyncio.run(main())


class Sum(msgspec.Struct):
    """What the function `add` is told."""

    left: int
    right: int


async def add(context: Context[Sum]) -> dict[str, int]:
    """Add two numbers."""
    context.progress(1, 2, "half")
    context.progress(2, 2)
    return {"sum": context.payload.left + context.payload.right}


def test_function_gets_its_payload_and_its_result_is_kept(tmp_path: Path) -> None:
    async def work(place: Place) -> Job:
        place.functions.add("add", add, payload=Sum)
        place.runner.start()
        return await place.until(await place.add("add", {"left": 1, "right": 2}), "done")

    job = run(tmp_path, work)

    assert job.result == {"sum": 3}
    assert (job.progress.done, job.progress.total, job.attempts, job.worker) == (2, 2, 1, "w")


def test_payload_of_another_shape_fails_at_once(tmp_path: Path) -> None:
    async def work(place: Place) -> Job:
        place.functions.add("add", add, payload=Sum)
        place.runner.start()
        return await place.until(await place.add("add", {"left": "one"}), "failed")

    job = run(tmp_path, work)

    assert (job.attempts, job.error_code) == (1, "permanent_failure")
    assert "payload" in job.error


def test_ordinary_function_runs_in_a_thread_and_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    def name(_context: Context[Any]) -> str:
        return threading.current_thread().name

    assert "lasttenth-job" in run(tmp_path, lambda place: place.outcome("name", name)).result


def test_failing_function_is_tried_again_and_may_succeed(tmp_path: Path) -> None:
    async def fails_twice(context: Context[Any]) -> int:
        if context.attempt < 3:
            raise ValueError(f"Not yet \ud800 {context.attempt}")
        return context.attempt

    job = run(tmp_path, lambda place: place.outcome("k", fails_twice))

    assert (job.state, job.result, job.attempts, job.error) == ("done", 3, 3, "")


def test_function_that_always_fails_fails_in_the_end_and_says_why(tmp_path: Path) -> None:
    async def fails(_context: Context[Any]) -> None:
        raise ValueError("Never.")

    job = run(tmp_path, lambda place: place.outcome("k", fails))

    assert (job.state, job.attempts, job.error_code, job.error) == (
        "failed",
        3,
        "function_failed",
        "ValueError: Never.",
    )


@pytest.mark.parametrize("error", [PermanentError("Never."), ConflictError("Not like that.")])
def test_permanent_failure_is_not_tried_again(tmp_path: Path, error: Exception) -> None:
    async def fails(_context: Context[Any]) -> None:
        raise error

    job = run(tmp_path, lambda place: place.outcome("k", fails))

    assert (job.state, job.attempts) == ("failed", 1)


@pytest.mark.parametrize("result", [object(), "\ud800", {1, object}])
def test_result_that_cannot_be_kept_is_a_failure_that_says_so(tmp_path: Path, result: object) -> None:
    async def returns(_context: Context[Any]) -> object:
        return result

    job = run(tmp_path, lambda place: place.outcome("k", returns))

    assert (job.state, job.attempts) == ("failed", 1)
    assert "cannot be kept as JSON" in job.error


def test_events_are_appended_with_the_completion_and_only_with_it(tmp_path: Path) -> None:
    async def appends(context: Context[Any]) -> None:
        name = context.key(f"attempt {context.attempt}")
        context.append(Score(id=name, at=1, of="trace", of_id="t", metric="m", value=1.0, source="code"))
        if context.attempt < 2:
            raise ValueError("After the event.")

    async def work(place: Place) -> tuple[Job, list[Score]]:
        job = await place.outcome("k", appends)
        return job, await place.project.events.latest(Score)

    job, events = run(tmp_path, work)

    assert [event.id for event in events] == [f"{job.id}/attempt 2"]


def test_running_job_is_cancelled_in_its_function(tmp_path: Path) -> None:
    seen: list[str] = []

    async def waits(_context: Context[Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("stopped")

    async def work(place: Place) -> Job:
        place.functions.add("k", waits)
        place.runner.start()
        job = await place.until(await place.add("k"), "running")
        await place.project.jobs.cancel(job.id)
        return await place.until(job, "cancelled")

    run(tmp_path, work)

    assert seen == ["stopped"]


def test_function_that_ignores_its_cancellation_changes_nothing_any_longer(tmp_path: Path) -> None:
    goes_on = threading.Event()
    ended = threading.Event()

    def ignores(context: Context[Any]) -> str:
        goes_on.wait(SECONDS)
        context.append(Score(id="late", at=1, of="trace", of_id="t", metric="m", value=1.0, source="code"))
        ended.set()
        return "too late"

    async def stubborn(_context: Context[Any]) -> str:
        while not goes_on.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return "too late"

    async def work(place: Place) -> list[Job]:
        place.functions.add("thread", ignores)
        place.functions.add("stubborn", stubborn)
        place.runner.start()
        jobs = [await place.add("thread"), await place.add("stubborn")]
        for job in jobs:
            await place.until(job, "running")
            await place.project.jobs.cancel(job.id)
        for job in jobs:
            await place.until(job, "cancelled")
        goes_on.set()
        await asyncio.to_thread(ended.wait, SECONDS)
        await place.until(await place.add("thread"), "done")
        return [await place.project.jobs.get(job.id) for job in jobs]

    assert [(job.state, job.result) for job in run(tmp_path, work)] == [("cancelled", None)] * 2


def test_progress_is_seen_while_the_job_runs(tmp_path: Path) -> None:
    async def work(place: Place) -> None:
        seen = asyncio.Event()

        async def reports(context: Context[Any]) -> None:
            context.progress(3, 9, "indexing")
            await seen.wait()

        place.functions.add("k", reports)
        place.runner.start()
        job = await place.add("k")
        await until(lambda: place.project.jobs.get(job.id), lambda found: found.progress.message == "indexing")
        seen.set()
        await place.until(job, "done")

    run(tmp_path, work)


def test_many_small_jobs_are_all_done_once(tmp_path: Path) -> None:
    counted: list[int] = []

    async def count(context: Context[Any]) -> None:
        counted.append(context.payload)

    async def work(place: Place) -> set[JobState]:
        place.functions.add("k", count)
        await place.project.jobs.enqueue([NewJob(kind="k", payload=number) for number in range(700)])
        other = place.another()
        place.runner.start()
        other.start()
        await place.runner.idle()
        await other.idle()
        await other.close()
        return {job.state for job in await place.project.jobs.latest(limit=1000)}

    assert run(tmp_path, work) == {"done"}
    assert sorted(counted) == list(range(700))


def test_jobs_that_were_taken_for_later_go_to_others_when_those_before_them_take_long(tmp_path: Path) -> None:
    async def work(place: Place) -> set[str]:
        stuck = asyncio.Event()
        workers = set()

        async def moment(_context: Context[Any]) -> None:
            pass

        async def long(_context: Context[Any]) -> None:
            await stuck.wait()

        place.functions.add("moment", moment)
        place.functions.add("long", long)
        place.runner.start()
        # After many that take a moment, many are taken at once.
        await place.project.jobs.enqueue([NewJob(kind="moment")] * 60)
        await place.runner.idle()
        slow = [NewJob(kind="long", priority=1)] * QUICK.concurrency
        jobs = await place.project.jobs.enqueue([*slow, *[NewJob(kind="moment")] * 20])
        await place.until(jobs[0], "running")
        other = place.another(worker="other")
        other.start()
        for job in jobs[QUICK.concurrency :]:
            workers.add((await place.until(job, "done")).worker)
        stuck.set()
        await other.close()
        return workers

    assert run(tmp_path, work) == {"other"}


def test_closing_lets_jobs_end_and_hands_the_others_back_at_once(tmp_path: Path) -> None:
    async def work(place: Place) -> list[tuple[str, JobState, int]]:
        begun = asyncio.Event()

        async def soon(_context: Context[Any]) -> None:
            begun.set()
            await asyncio.sleep(0.05)

        async def never(_context: Context[Any]) -> None:
            await asyncio.Event().wait()

        place.functions.add("never", never)
        place.functions.add("soon", soon)
        jobs = [await place.add(kind) for kind in ("never", "never", "never", "soon", "soon")]
        place.runner.start()
        await asyncio.wait_for(begun.wait(), SECONDS)
        await place.runner.close()
        found = [await place.project.jobs.get(job.id) for job in jobs]
        return [(job.kind, job.state, job.attempts) for job in found]

    states = run(tmp_path, work)

    # Four run at a time: the fifth was not begun.
    assert states == [("never", "waiting", 0)] * 3 + [("soon", "done", 1), ("soon", "waiting", 0)]


def test_runner_outlives_a_store_that_refuses_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    locks = sqlite3.connect(tmp_path / "store.db", isolation_level=None)

    async def main() -> Job:
        clock = SystemClock()
        store = await SqliteStore.open(
            tmp_path / "store.db", clock=clock, randomness=system_randomness, busy_timeout=0.02
        )
        place = Place(store, await store.project("one"), QUICK)

        async def refuse_then_end(_context: Context[Any]) -> str:
            locks.execute("BEGIN IMMEDIATE")
            return "kept"

        place.functions.add("k", refuse_then_end)
        try:
            place.runner.start()
            job = await place.add("k")
            await until(lambda: asyncio.sleep(0, caplog.records), bool)
            locks.execute("ROLLBACK")
            return await place.until(job, "done")
        finally:
            await place.runner.close()
            await store.close()

    try:
        job = asyncio.run(main())
    finally:
        locks.close()

    assert (job.result, job.attempts) == ("kept", 1)
    # Once for each of the runner's loops, however often each of them tried.
    assert 1 <= len([record for record in caplog.records if "locked by another process" in record.message]) <= 4


def test_schedule_is_fired_by_one_of_several_runners(tmp_path: Path) -> None:
    async def work(place: Place) -> list[Job]:
        async def nothing(_context: Context[Any]) -> None:
            pass

        place.functions.add("k", nothing)
        past = SystemClock().now() - 10**9
        schedule = Schedule(name="s", kind="k", every=3600 * 10**9)
        others = [place.another() for _ in range(2)]
        await place.project.schedules.put(schedule, next_due=past)
        for runner in (place.runner, *others):
            runner.start()
        await until(lambda: place.project.schedules.get("s"), lambda found: found.last_success is not None)
        for runner in others:
            await runner.close()
        return await place.project.jobs.latest()

    jobs = run(tmp_path, work)

    assert [(job.schedule, job.state) for job in jobs] == [("s", "done")]


def test_kind_has_one_function() -> None:
    functions = Functions()
    functions.add("k", add)

    with pytest.raises(ConflictError, match="kind k"):
        functions.add("k", add)
