"""Workers are killed with -9 again and again: no job is lost, none is completed twice, no due time is missed or doubled.

What a job does is an event that is committed with its completion, so that the events are the completions.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

import pytest
from tests.chaos.test_workers import writing
from tests.conftest import open_postgres, open_sqlite, with_store
from tests.servers import PostgresServer

from lasttenth.records.events import Score
from lasttenth.records.ids import SystemClock
from lasttenth.records.jobs import NewJob, Schedule
from lasttenth.storage.ports import Store
from lasttenth.testing import clean_environment

JOBS_EACH_ROUND = 150
WORKERS = 2
SECOND = 10**9
SECONDS = 120.0

T = TypeVar("T")

# It says when it has begun, and then works until it is killed or its input ends.
WORKER = """
import asyncio, sys
from lasttenth.jobs import Functions, Runner, RunnerSettings
from lasttenth.records.events import Score
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.remote import RemoteStore, WriterClient
from lasttenth.storage.remote.writer import SOCKET
from tests.conftest import SqliteReader, open_postgres, open_sqlite, sqlite_native
from pathlib import Path

async def sqlite(place):
    return await open_sqlite(Path(place))

async def remote(place):
    reader, client = SqliteReader(Path(place) / "store.db"), WriterClient(Path(place) / SOCKET)
    return RemoteStore(reader, sqlite_native(), client, clock=SystemClock(), randomness=system_randomness)

async def work(context):
    await asyncio.sleep(0.001 * (context.payload or 0))
    name = f"{context.job.id}:{context.attempt}"
    context.append(Score(id=name, at=1, of="case", of_id=context.job.id, metric="done", value=1.0, source="code"))
    print("did", flush=True)

async def main(engine, place):
    store = await {"sqlite": sqlite, "workers": remote, "postgres": open_postgres}[engine](place)
    functions = Functions()
    functions.add("work", work)
    settings = RunnerSettings(concurrency=8, lease=1.0, beat=0.2, longest_wait=0.1)
    runner = Runner(
        store, functions, clock=SystemClock(), randomness=system_randomness, worker="w", settings=settings
    )
    runner.start()
    print("begun", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.close()
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


class Workplace:
    """A store that several processes work on."""

    def __init__(self, engine: str, address: str, opened: Callable[[], Awaitable[Store]]) -> None:
        self.engine = engine
        self.address = address
        self._opened = opened

    def run(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Open the store for the time of some work."""
        return asyncio.run(with_store(self._opened(), work))

    def start(self, output: int) -> "subprocess.Popen[bytes]":
        """Start a worker that says to a pipe what it does."""
        folder = Path(self.address) if self.address.startswith("/") else Path()
        command = [sys.executable, "-c", WORKER, self.engine, self.address]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, env=clean_environment(folder))


class Workers:
    """Some workers, all of whose words come through one pipe, and the process that writes for them, if there is one."""

    def __init__(self, processes: Sequence["subprocess.Popen[Any]"], words: TextIO) -> None:
        self._processes = processes
        self._words = words
        self.hear("begun", times=WORKERS)

    def hear(self, word: str, *, times: int) -> None:
        """Wait until a word has been said so many times."""
        while times:
            said = self._words.readline()
            assert said, "all workers ended by themselves"
            times -= said == f"{word}\n"

    def kill(self) -> None:
        """End all of them, in the middle of whatever they do."""
        for process in self._processes:
            process.kill()


@pytest.fixture(params=["sqlite", "workers", "postgres"])
def workplace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    """Return an empty store of each engine in turn."""
    if request.param != "postgres":
        yield Workplace(request.param, str(tmp_path), lambda: open_sqlite(tmp_path))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield Workplace("postgres", url, lambda: open_postgres(url))


@contextmanager
def workers(workplace: Workplace) -> Iterator[Workers]:
    """Let workers work, and let those that still live close in the end."""
    incoming, outgoing = os.pipe()
    with ExitStack() as stack:
        words = stack.enter_context(os.fdopen(incoming))
        writers = [stack.enter_context(writing(Path(workplace.address)))] if workplace.engine == "workers" else []
        processes = [workplace.start(outgoing) for _ in range(WORKERS)]
        os.close(outgoing)
        try:
            yield Workers([*writers, *processes], words)
        finally:
            for process in processes:
                process.communicate(timeout=SECONDS)


def test_no_job_is_lost_and_none_done_twice_however_often_workers_are_killed(workplace: Workplace, rounds: int) -> None:
    chance = random.Random(1)
    for _ in range(rounds):
        with workers(workplace) as some:
            workplace.run(enqueue)
            some.hear("did", times=chance.randint(1, JOBS_EACH_ROUND))
            some.kill()
    with workers(workplace):
        workplace.run(lambda store: until_all_done(store, rounds * JOBS_EACH_ROUND))

    assert set(completions(workplace).values()) == {1}
    assert len(completions(workplace)) == rounds * JOBS_EACH_ROUND


def test_two_workers_beside_each_other_share_the_work(workplace: Workplace) -> None:
    workplace.run(enqueue)

    with workers(workplace):
        workplace.run(lambda store: until_all_done(store, JOBS_EACH_ROUND))

    assert set(completions(workplace).values()) == {1}
    assert len(completions(workplace)) == JOBS_EACH_ROUND


def test_each_due_time_becomes_one_job_whatever_happens_to_the_workers(workplace: Workplace, rounds: int) -> None:
    begun = SystemClock().now() // SECOND * SECOND
    schedule = Schedule(name="often", kind="work", every=SECOND, missed="all", max_attempts=1000)

    async def put(store: Store) -> None:
        await (await store.project("one")).schedules.put(schedule, next_due=begun)

    async def due_times(store: Store) -> tuple[list[int], int]:
        project = await store.project("one")
        jobs = await project.jobs.latest(limit=10_000)
        times = sorted(int(job.idempotency_key.partition("@")[2]) for job in jobs)
        return times, (await project.schedules.get("often")).next_due

    workplace.run(put)
    for _ in range(rounds):
        with workers(workplace) as some:
            some.hear("did", times=2)
            some.kill()
    times, next_due = workplace.run(due_times)

    assert times == list(range(begun, next_due, SECOND))


async def enqueue(store: Store) -> None:
    """Enqueue the jobs of one round, some of which take a moment."""
    jobs = [NewJob(kind="work", payload=number % 7, max_attempts=1000) for number in range(JOBS_EACH_ROUND)]
    await (await store.project("one")).jobs.enqueue(jobs)


async def until_all_done(store: Store, count: int) -> None:
    """Wait until no job is left that waits or runs."""
    jobs = (await store.project("one")).jobs
    async with asyncio.timeout(SECONDS):
        while len(await jobs.latest(limit=count + 1, state="done")) < count:  # noqa: ASYNC110 - others do them
            await asyncio.sleep(0.1)


def completions(workplace: Workplace) -> Counter[str]:
    """Return how often each job was completed."""

    async def count(store: Store) -> Counter[str]:
        events = await (await store.project("one")).events.latest(Score, limit=100_000)
        return Counter(event.of_id for event in events)

    return workplace.run(count)
