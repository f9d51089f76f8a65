"""The runner: takes jobs from the store, runs so many at a time, keeps them while they run, and records how they ended.

Small jobs share commits: those that take a moment are claimed many at once, and outcomes that come while others are
being written go into the next transaction together. Nothing that the store refuses ends the runner.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from lasttenth.jobs.execution import Ending, Execution
from lasttenth.jobs.functions import Functions
from lasttenth.jobs.scheduler import Scheduler
from lasttenth.jobs.times import SECOND
from lasttenth.records.errors import StorageError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.records.jobs import Beat, Job, Lease, Outcome
from lasttenth.storage.ports import Store

MOST_AT_ONCE = 256
"""Jobs in one claim, and outcomes in one transaction."""
BATCH_SECONDS = 0.1
"""Jobs that are claimed together should take about so long."""
RETRY_SECONDS = (0.1, 0.5, 2.0, 5.0)
_SHORTEST_WAIT = 0.02
_WEIGHT = 0.2
"""Of the latest job in the average of how long jobs take."""

logger = logging.getLogger("lasttenth.jobs")


class RunnerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner works. Times are seconds."""

    concurrency: int = 8
    lease: float = 15.0
    """How long a job stays with a worker that gives no sign of life."""
    beat: float = 3.0
    """Between two signs of life."""
    longest_wait: float = 1.0
    """Between two looks for new jobs, where nothing comes."""
    grace: float = 8.0
    """How long running jobs may go on when the runner closes; then they are stopped and handed back."""
    patience: float = 5.0
    """How long a job may go on after it was told to stop; then it is let go of, and changes nothing any longer."""
    keep: float = 30 * 86_400.0
    """How long jobs that ended are kept."""


DEFAULTS = RunnerSettings()


class Runner:
    """Run the jobs of all projects, and fire their schedules.

    Args:
        store: where the jobs are.
        functions: what does each kind of job; jobs of other kinds are left to other workers.
        clock: where times come from.
        randomness: spreads the attempts of jobs that failed.
        worker: a name to show for who holds a job.
        settings: how many at a time, and how long.
    """

    def __init__(
        self,
        store: Store,
        functions: Functions,
        *,
        clock: Clock,
        randomness: Randomness,
        worker: str,
        settings: RunnerSettings = DEFAULTS,
    ) -> None:
        self._store = store
        self._functions = functions
        self._clock = clock
        self._randomness = randomness
        self._worker = worker
        self._settings = settings
        self._held: dict[Lease, Execution] = {}
        self._ready: deque[Execution] = deque()
        self._running: set[Execution] = set()
        self._outcomes: deque[Outcome] = deque()
        self._average = 1.0
        self._wait = _SHORTEST_WAIT
        self._begun = 0
        self._wake = asyncio.Event()
        self._listen = asyncio.Event()
        self._freed = asyncio.Event()
        self._written = asyncio.Event()
        self._has_outcomes = asyncio.Event()
        self._closing = asyncio.Event()
        self._scheduler = Scheduler(store.work, clock=clock, keep=int(settings.keep * SECOND))
        self._claiming = asyncio.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take jobs. Raises RuntimeError where it has begun."""
        if self._loops:
            raise RuntimeError("The runner runs already.")
        self._closing.clear()
        self._threads = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="lasttenth-job")
        loop = asyncio.get_running_loop()
        steps = (self._take, self._beat, self._write, self._watch)
        self._loops = [loop.create_task(self._repeat(step), name=f"lasttenth-jobs{step.__name__}") for step in steps]

    def wake(self) -> None:
        """Look for jobs at once: somebody in this process has enqueued or cancelled one."""
        self._wait = _SHORTEST_WAIT
        self._wake.set()
        self._listen.set()

    async def idle(self) -> None:
        """Wait until no job is held here and none is due. Raises StorageError."""
        while True:
            # Not between a claim and the moment when what it took is held here.
            async with self._claiming:
                if not await self._store.work.is_due(self._functions.kinds()) and not self._held:
                    return
            self._written.clear()
            await self._wait_for(self._written, _SHORTEST_WAIT * 5)

    async def close(self) -> None:
        """Take no more jobs, let the running ones end for a while, and hand the others back at once."""
        if not self._loops:
            return
        self._closing.set()
        self._wake.set()
        self._freed.set()
        try:
            await self._wait_for_claim()
            self._hand_back()
            await self._wait_for_running(self._settings.grace)
            for execution in list(self._running):
                self._stop(execution, "closing")
            await self._wait_for_running(min(1.0, self._settings.patience))
            for execution in list(self._running):
                self._let_go(execution)
            await self._flush()
        finally:
            for task in self._loops:
                task.cancel()
            await asyncio.gather(*self._loops, return_exceptions=True)
            self._loops = []
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step again and again; what goes wrong is said once and tried again more and more slowly."""
        failures = 0
        while True:
            try:
                await step()
                failures = 0
            except Exception as error:
                failures += 1
                if failures == 1:
                    expected = isinstance(error, StorageError)
                    logger.warning("Jobs wait: %s", error, exc_info=None if expected else error)
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])

    async def _take(self) -> None:
        """Claim what there is room for, or wait for room, or for something to do."""
        if self._closing.is_set():
            await asyncio.Event().wait()
        target, here = self._target(), len(self._ready) + len(self._running)
        if here >= self._settings.concurrency and here > target // 2:
            self._freed.clear()
            await self._freed.wait()
            return
        self._wake.clear()
        jobs = await self._claim(target - here)
        self._start_ready()
        if len(jobs) < target - here:
            await self._wait_for(self._wake, self._wait)
        self._wait = _SHORTEST_WAIT if jobs else min(self._wait * 2, self._settings.longest_wait)

    async def _claim(self, room: int) -> list[Job]:
        kinds = self._functions.kinds()
        work = self._store.work
        # Reading costs nobody anything; a claim is a transaction that other writers wait for.
        if self._wait > _SHORTEST_WAIT and not await work.is_due(kinds):
            return []
        async with self._claiming:
            lease = int(self._settings.lease * SECOND)
            jobs = await work.claim(kinds, limit=room, lease=lease, worker=self._worker)
            executions = [Execution(job, self._functions[job.kind]) for job in jobs]
            self._held.update({execution.lease: execution for execution in executions})
            self._ready.extend(executions)
        return jobs

    def _target(self) -> int:
        """Return how many jobs should be here: as many as run at a time, more where each takes but a moment."""
        concurrency = self._settings.concurrency
        return max(concurrency, min(MOST_AT_ONCE, int(concurrency * BATCH_SECONDS / max(self._average, 1e-6))))

    def _start_ready(self) -> None:
        while self._ready and len(self._running) < self._settings.concurrency and not self._closing.is_set():
            execution = self._ready.popleft()
            self._running.add(execution)
            self._begun += 1
            execution.task = asyncio.get_running_loop().create_task(self._run(execution))

    async def _run(self, execution: Execution) -> None:
        began = time.perf_counter()
        try:
            outcome = await self._outcome(execution)
        finally:
            self._average += _WEIGHT * (time.perf_counter() - began - self._average)
        if execution in self._running:
            self._end(execution, outcome)

    async def _outcome(self, execution: Execution) -> Outcome | None:
        try:
            outcome = await execution.run(self._store, self._threads)
        except asyncio.CancelledError as error:
            if execution.ending is None:
                return execution.failure(error, clock=self._clock, randomness=self._randomness)
        except Exception as error:  # noqa: BLE001 - a user's function; what it raises is recorded with the job
            if execution.ending is None:
                return execution.failure(error, clock=self._clock, randomness=self._randomness)
        else:
            if execution.ending != "cancelled":
                return outcome
        return execution.stopped(now=self._clock.now())

    def _end(self, execution: Execution, outcome: Outcome | None) -> None:
        self._running.discard(execution)
        if outcome is None:
            self._held.pop(execution.lease, None)
        else:
            self._outcomes.append(outcome)
            self._has_outcomes.set()
        self._freed.set()
        self._start_ready()

    def _stop(self, execution: Execution, ending: Ending) -> None:
        if execution in self._ready:
            self._ready.remove(execution)
            execution.ending = ending
            self._end(execution, execution.stopped(now=self._clock.now()))
        elif execution in self._running and execution.ending is None:
            execution.stop(ending)
            asyncio.get_running_loop().call_later(self._settings.patience, self._let_go, execution)

    def _let_go(self, execution: Execution) -> None:
        """Record what a function that does not stop was told to be; whatever it still does changes nothing."""
        if execution in self._running:
            self._end(execution, execution.stopped(now=self._clock.now()))

    def _hand_back(self) -> None:
        """Give jobs that were not begun to whoever has time for them."""
        for execution in list(self._ready):
            self._stop(execution, "closing")

    async def _beat(self) -> None:
        """Keep what is held, and hear what was cancelled or lost."""
        await self._wait_for(self._listen, self._settings.beat)
        self._listen.clear()
        if self._ready and not self._begun:
            # What runs takes longer than what ran before: let others have what was taken for later.
            self._average = max(self._average, 1.0)
            self._hand_back()
        self._begun = 0
        held = list(self._held.values())
        if not held:
            return
        beats = [Beat(lease=each.lease, progress=each.context.unsaved if each.context else None) for each in held]
        pulses = await self._store.work.beat(beats, lease=int(self._settings.lease * SECOND))
        for execution, beat, pulse in zip(held, beats, pulses, strict=True):
            if execution.context is not None:
                execution.context.saved(beat.progress)
            if pulse != "kept":
                self._stop(execution, "cancelled" if pulse == "cancel" else "lost")

    async def _write(self) -> None:
        """Record the outcomes that have come."""
        if not self._outcomes:
            self._has_outcomes.clear()
            await self._has_outcomes.wait()
        batch = [self._outcomes[number] for number in range(min(len(self._outcomes), MOST_AT_ONCE))]
        accepted = await self._finish(batch)
        for outcome, stands in zip(batch, accepted, strict=True):
            self._outcomes.popleft()
            self._held.pop(outcome.lease, None)
            if not stands:
                logger.warning("Job %s had passed to another worker; its outcome here is void.", outcome.lease.job)
        self._written.set()

    async def _finish(self, batch: list[Outcome]) -> list[bool]:
        try:
            return await self._store.work.finish(batch)
        except StorageError:
            raise
        except Exception:
            # One that can never be stored must not keep the others from it.
            if len(batch) == 1:
                logger.exception("The outcome of job %s cannot be stored.", batch[0].lease.job)
                return [True]
        return [stands for outcome in batch for stands in await self._finish([outcome])]

    async def _watch(self) -> None:
        """Look after the schedules."""
        await asyncio.sleep(self._settings.longest_wait)
        if not self._closing.is_set() and await self._scheduler.look():
            self.wake()

    async def _wait_for_claim(self) -> None:
        """Let a claim that is under way end, so that what it takes is handed back, unless the store is stuck."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.patience), self._claiming:
                return

    async def _wait_for_running(self, seconds: float) -> None:
        tasks = [each.task for each in self._running if each.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def _flush(self) -> None:
        """Record what has ended; what the store refuses now is taken again when its lease has run out."""
        give_up = time.monotonic() + self._settings.patience
        while self._outcomes and time.monotonic() < give_up:
            self._written.clear()
            await self._wait_for(self._written, _SHORTEST_WAIT)

    async def _wait_for(self, event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
