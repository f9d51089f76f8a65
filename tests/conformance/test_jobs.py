"""One suite for every engine: jobs come in once, are held by one worker at a time, and end once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest
from tests.conftest import Engine

from lasttenth.records.errors import ConflictError, InvalidRequestError, NotFoundError
from lasttenth.records.events import Score
from lasttenth.records.jobs import Beat, Job, JobState, Lease, NewJob, Outcome, Progress, QueueLimits
from lasttenth.storage.events import event_row
from lasttenth.storage.job_ports import Jobs, Work
from lasttenth.storage.ports import Store
from lasttenth.testing import FixedClock

SECOND = 10**9
LEASE = 30 * SECOND
KINDS = ["add", "other"]

T = TypeVar("T")


def lease_of(job: Job) -> Lease:
    """Return what the worker that claimed a job holds it by."""
    return Lease(project=job.project, job=job.id, token=job.token)


def done(job: Job) -> Outcome:
    """Return the outcome of a job that went well."""
    return Outcome(lease=lease_of(job), state="done", result={"sum": 3})


class Place:
    """A project's jobs, the workers' side of the store, and a clock that stands until it is moved."""

    def __init__(self, store: Store, jobs: Jobs, clock: FixedClock) -> None:
        self.store = store
        self.jobs = jobs
        self.work: Work = store.work
        self.clock = clock

    async def add(self, *jobs: NewJob) -> list[Job]:
        """Enqueue jobs, by default one."""
        return await self.jobs.enqueue(jobs or [NewJob(kind="add")])

    async def claim(self, limit: int = 10) -> list[Job]:
        """Take what is due."""
        return await self.work.claim(KINDS, limit=limit, lease=LEASE, worker="w")

    async def state(self, job: Job) -> JobState:
        """Return how a job stands."""
        return (await self.jobs.get(job.id)).state


Run = Callable[[Callable[[Place], Awaitable[T]]], T]


@pytest.fixture
def run(engine: Engine) -> Callable[[Callable[[Place], Awaitable[T]]], T]:
    """Return what runs work in the project `one` of an engine."""
    clock = FixedClock()

    def start(work: Callable[[Place], Awaitable[T]]) -> T:
        async def opened(store: Store) -> T:
            return await work(Place(store, (await store.project("one")).jobs, clock))

        return engine.run(opened, clock=clock)

    return start


def test_job_is_there_after_a_restart(run: Run[Job]) -> None:
    job = NewJob(kind="add", payload={"a": [1, "\0é"]}, queue="slow", priority=3, max_attempts=2)

    async def enqueue(place: Place) -> Job:
        return (await place.add(job))[0]

    enqueued = run(enqueue)
    found = run(lambda place: place.jobs.get(enqueued.id))

    assert found == enqueued
    assert (found.state, found.payload, found.queue) == ("waiting", {"a": [1, "\0é"]}, "slow")


def test_same_key_is_the_same_job_however_it_ended(run: Run[list[str]]) -> None:
    key = NewJob(kind="add", payload=1, idempotency_key="k")

    async def work(place: Place) -> list[str]:
        both = await place.add(key, msgspec.structs.replace(key, payload=2))
        await place.work.finish([done(job) for job in await place.claim()])
        [later] = await place.add(key)
        [other_kind] = await place.add(NewJob(kind="other", idempotency_key="k"))
        return [*(job.id for job in both), later.id, later.state, other_kind.state]

    first, second, third, state, other = run(work)

    assert first == second == third
    assert (state, other) == ("done", "waiting")


@pytest.mark.parametrize(
    "job",
    [
        NewJob(kind=""),
        NewJob(kind="k" * 201),
        NewJob(kind="add", queue=""),
        NewJob(kind="add", max_attempts=0),
        NewJob(kind="add", priority=10**9),
        NewJob(kind="add", payload=object()),
    ],
)
def test_job_that_makes_no_sense_is_refused_and_takes_its_company_with_it(run: Run[list[Job]], job: NewJob) -> None:
    async def work(place: Place) -> list[Job]:
        with pytest.raises(InvalidRequestError):
            await place.add(NewJob(kind="add"), job)
        return await place.jobs.latest()

    assert run(work) == []


def test_jobs_are_taken_by_priority_and_then_in_order_when_they_are_due(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        later = place.clock.now() + SECOND
        await place.add(*(NewJob(kind="add", payload=n) for n in range(3)), NewJob(kind="add", payload=9, priority=1))
        await place.add(NewJob(kind="add", payload=7, not_before=later, priority=5), NewJob(kind="unknown"))
        first = [job.payload for job in await place.claim(3)]
        rest = [job.payload for job in await place.claim()]
        place.clock.advance(SECOND)
        return [first, rest, [job.payload for job in await place.claim()], await place.work.is_due(KINDS)]

    assert run(work) == [[9, 0, 1], [2], [7], False]


def test_claimed_job_is_held_until_its_lease_runs_out(run: Run[list[Job]]) -> None:
    async def work(place: Place) -> list[Job]:
        await place.add()
        [first] = await place.claim()
        assert await place.claim() == []
        place.clock.advance(LEASE - 1)
        await place.work.beat([Beat(lease=lease_of(first))], lease=LEASE)
        place.clock.advance(LEASE - 1)
        assert await place.claim() == []
        place.clock.advance(1)
        return [first, *await place.claim()]

    first, second = run(work)

    assert first.id == second.id
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.token > first.token


def test_worker_that_lost_its_lease_changes_nothing_any_longer(run: Run[list[object]]) -> None:
    event = event_row(Score(id="e", at=1, of="trace", of_id="t", metric="m", value=1.0, source="code"))

    async def work(place: Place) -> list[object]:
        await place.add()
        [old] = await place.claim()
        place.clock.advance(LEASE)
        [new] = await place.claim()
        late = msgspec.structs.replace(done(old), events=(event,))
        pulses = await place.work.beat([Beat(lease=lease_of(old), progress=Progress(done=9))], lease=LEASE)
        accepted = await place.work.finish([late])
        events = await (await place.store.project("one")).events.latest(Score)
        found = await place.jobs.get(old.id)
        return [pulses, accepted, events, found.state, found.token == new.token, found.progress.done]

    assert run(work) == [["lost"], [False], [], "running", True, 0]


def test_job_is_completed_once_together_with_its_events(run: Run[list[object]]) -> None:
    score = Score(id="e", at=1, of="trace", of_id="t", metric="m", value=1.0, source="code")

    async def work(place: Place) -> list[object]:
        await place.add(*[NewJob(kind="add")] * 2)
        one, other = await place.claim()
        first = msgspec.structs.replace(done(one), events=(event_row(score),), progress=Progress(done=2, total=2))
        accepted = await place.work.finish([first, done(other)])
        again = await place.work.finish([first])
        differently = await place.work.finish([Outcome(lease=lease_of(one), state="failed")])
        events = await (await place.store.project("one")).events.latest(Score)
        found = await place.jobs.get(one.id)
        return [accepted, again, differently, events, found.state, found.result, found.progress.total, found.due]

    # Said again, because the answer was lost on its way, it still stands; said differently it is refused.
    assert run(work) == [[True, True], [True], [False], [score], "done", {"sum": 3}, 2, None]


def test_failed_attempt_waits_and_what_a_closing_worker_hands_back_does_not_count(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add()
        [job] = await place.claim()
        due = place.clock.now() + SECOND
        again = Outcome(lease=lease_of(job), state="waiting", due=due, error="No.", error_code="e")
        await place.work.finish([again])
        waiting = await place.jobs.get(job.id)
        early = await place.claim()
        place.clock.advance(SECOND)
        [second] = await place.claim()
        back = Outcome(lease=lease_of(second), state="waiting", due=place.clock.now(), counted=False)
        await place.work.finish([back])
        [third] = await place.claim()
        return [waiting.state, waiting.error, early, second.attempts, third.attempts]

    assert run(work) == ["waiting", "No.", [], 2, 2]


def test_job_whose_worker_always_goes_away_fails_in_the_end(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add(NewJob(kind="add", max_attempts=2))
        claims = []
        for _ in range(3):
            claims.append(len(await place.claim()))
            place.clock.advance(LEASE)
        [job] = await place.jobs.latest()
        return [claims, job.state, job.error_code, job.attempts]

    assert run(work) == [[1, 1, 0], "failed", "worker_away", 2]


def test_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_worker(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        [waiting] = await place.add()
        at_once = await place.jobs.cancel(waiting.id)
        await place.add()
        [job] = await place.claim()
        asked = await place.jobs.cancel(job.id)
        pulses = await place.work.beat([Beat(lease=lease_of(job))], lease=LEASE)
        await place.work.finish([Outcome(lease=lease_of(job), state="cancelled")])
        late = await place.work.finish([done(job)])
        return [at_once.state, asked.state, asked.cancelling, pulses, late, await place.state(job)]

    assert run(work) == ["cancelled", "running", True, ["cancel"], [False], "cancelled"]


def test_job_whose_worker_is_gone_is_cancelled_at_once(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add()
        [job] = await place.claim()
        place.clock.advance(LEASE)
        cancelled = await place.jobs.cancel(job.id)
        return [cancelled.state, await place.work.finish([done(job)])]

    assert run(work) == ["cancelled", [False]]


def test_job_that_was_to_be_cancelled_gets_no_other_attempt(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add(*[NewJob(kind="add")] * 2)
        failed, handed_back = await place.claim()
        for job in (failed, handed_back):
            await place.jobs.cancel(job.id)
        again = Outcome(lease=lease_of(failed), state="waiting", due=place.clock.now(), error="No.")
        back = Outcome(lease=lease_of(handed_back), state="waiting", due=place.clock.now(), counted=False)
        await place.work.finish([again, back])
        return [await place.claim(), await place.state(failed), await place.state(handed_back)]

    assert run(work) == [[], "cancelled", "cancelled"]


def test_job_that_was_to_be_cancelled_when_its_worker_went_away_is_cancelled(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        [job] = await place.add()
        await place.claim()
        await place.jobs.cancel(job.id)
        place.clock.advance(LEASE)
        return [await place.claim(), await place.state(job)]

    assert run(work) == [[], "cancelled"]


def test_failed_job_is_tried_again_by_hand_and_a_job_that_ended_is_not_cancelled(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add(NewJob(kind="add", max_attempts=1))
        [job] = await place.claim()
        await place.work.finish([Outcome(lease=lease_of(job), state="failed", error="No.")])
        with pytest.raises(ConflictError, match="failed"):
            await place.jobs.cancel(job.id)
        retried = await place.jobs.retry(job.id)
        [again] = await place.claim()
        with pytest.raises(ConflictError, match="running"):
            await place.jobs.retry(job.id)
        with pytest.raises(NotFoundError, match="no job nowhere"):
            await place.jobs.retry("nowhere")
        return [retried.state, retried.error, retried.attempts, again.attempts, again.token > job.token]

    assert run(work) == ["waiting", "", 0, 1, True]


def test_queue_and_key_run_as_many_jobs_as_their_limits_say(run: Run[list[int]]) -> None:
    async def work(place: Place) -> list[int]:
        await place.jobs.limit("small", QueueLimits(running=2))
        await place.add(*[NewJob(kind="add", queue="small")] * 5)
        await place.add(*[NewJob(kind="add", queue="keyed", concurrency_key="k")] * 3, NewJob(kind="other"))
        first = await place.claim(6)
        second = await place.claim(6)
        await place.work.finish([done(job) for job in first])
        third = await place.claim(6)
        place.clock.advance(LEASE)
        after_a_crash = await place.claim(6)
        return [
            len([job for job in jobs if job.queue == queue])
            for jobs in (first, second, third, after_a_crash)
            for queue in ("small", "keyed", "default")
        ]

    assert run(work) == [2, 1, 1, 0, 0, 0, 2, 1, 0, 2, 1, 0]


def test_workers_that_claim_at_the_same_time_keep_the_limits_together(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.jobs.limit("small", QueueLimits(running=3))
        await place.jobs.limit("paced", QueueLimits(rate=4))
        limited = [NewJob(kind="add", queue="small"), NewJob(kind="add", queue="paced")] * 10
        keyed = [NewJob(kind="add", queue="keyed", concurrency_key=f"{number % 2}") for number in range(10)]
        await place.add(*limited, *keyed, *[NewJob(kind="add")] * 30)
        claims = await asyncio.gather(*(place.claim(9) for _ in range(12)))
        jobs = [job for claim in claims for job in claim]
        counts = Counter(job.queue for job in jobs)
        return [len({job.id for job in jobs}) == len(jobs), dict(sorted(counts.items()))]

    assert run(work) == [True, {"default": 30, "keyed": 2, "paced": 4, "small": 3}]


def test_queue_begins_no_more_jobs_than_its_rate_allows(run: Run[list[int]]) -> None:
    async def work(place: Place) -> list[int]:
        await place.jobs.limit("paced", QueueLimits(rate=2, period=SECOND))
        await place.add(*[NewJob(kind="add", queue="paced")] * 9)
        counts = []
        for passed in (0, 0, SECOND // 2, SECOND // 2 - 1, 1, 10 * SECOND):
            place.clock.advance(passed)
            jobs = await place.claim()
            await place.work.finish([done(job) for job in jobs])
            counts.append(len(jobs))
        return counts

    assert run(work) == [2, 0, 1, 0, 1, 2]


def test_limits_are_kept_and_replaced_and_senseless_ones_refused(run: Run[dict[str, QueueLimits]]) -> None:
    async def work(place: Place) -> dict[str, QueueLimits]:
        await place.jobs.limit("q", QueueLimits(running=1, rate=5))
        await place.jobs.limit("q", QueueLimits(running=2))
        for limits in (QueueLimits(running=0), QueueLimits(rate=0), QueueLimits(per_key=0), QueueLimits(period=0)):
            with pytest.raises(InvalidRequestError, match="below 1"):
                await place.jobs.limit("q", limits)
        return await place.jobs.limits()

    assert run(work) == {"q": QueueLimits(running=2)}


def test_jobs_are_listed_newest_first_by_state_and_kind(run: Run[list[list[object]]]) -> None:
    async def work(place: Place) -> list[list[object]]:
        for number in range(3):
            await place.add(NewJob(kind=KINDS[number % 2], payload=number))
            place.clock.advance(10**6)
        await place.claim(1)
        found = [
            await place.jobs.latest(),
            await place.jobs.latest(limit=1),
            await place.jobs.latest(state="running"),
            await place.jobs.latest(kind="other"),
        ]
        return [[job.payload for job in jobs] for jobs in found]

    assert run(work) == [[2, 1, 0], [2], [0], [1]]


def test_jobs_that_ended_long_ago_are_forgotten_and_no_others(run: Run[list[object]]) -> None:
    async def work(place: Place) -> list[object]:
        await place.add(*[NewJob(kind="add")] * 2)
        await place.work.finish([done(job) for job in await place.claim(1)])
        place.clock.advance(SECOND)
        early = await place.work.forget(place.clock.now() - SECOND)
        forgotten = await place.work.forget(place.clock.now())
        return [early, forgotten, [job.state for job in await place.jobs.latest()]]

    assert run(work) == [0, 1, ["waiting"]]
