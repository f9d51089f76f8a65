"""Recording: the only writer of spans and their payloads, behind the answers that they describe.

A queue bounded in bytes stands between the requests and the store. While the store refuses, what does not fit into the
queue goes to an append-only spill file, and comes back from there, also after a restart. Only a full disk, or a span
that no store will ever take, makes it drop a span; the drop is counted and reported.
"""

import asyncio
import contextlib
import itertools
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from lasttenth.observe.spill import Spill
from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Payload, Span

QUEUE_BYTES = 16 * 2**20
BATCH = 256
BATCH_BYTES = 4 * 2**20
GATHER_SECONDS = 0.05
"""How long a span waits for others, where nobody waits for it: a commit costs about as much for one as for many."""
GIVE_WAY_SECONDS = 0.5
"""How long a request waits for the writer to catch up: what goes through the spill costs twice."""
RETRY_SECONDS = (0.1, 0.5, 2.0, 5.0)
CLOSE_SECONDS = 5.0
_OVERHEAD = 1024
"""Bytes that a span is taken to need beside its payloads."""

logger = logging.getLogger("lasttenth.observe")

WriteSpans = Callable[[str, list[Span]], Awaitable[None]]
"""Store spans of a project durably. Raises StorageError where another attempt may help."""


class RecorderHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How recording stands: spans and bytes that wait, spans in the spill file, spans that were dropped."""

    waiting: int
    waiting_bytes: int
    spilled: int
    dropped: int
    failing: bool


class _Waiting(NamedTuple):
    project: str
    span: Span
    size: int = 0


class Recorder:
    """Take spans without waiting and write them in batches.

    Args:
        write: how spans reach the store.
        folder: where the spill file is kept, for what the store refuses and the queue cannot hold.
        queue_bytes: bound of the queue.
        payloads: whether inputs and outputs are kept.
    """

    def __init__(
        self, write: WriteSpans, *, folder: Path, queue_bytes: int = QUEUE_BYTES, payloads: bool = True
    ) -> None:
        self._write = write
        self._payloads = payloads
        self._spill = Spill(folder, process=os.getpid())
        self._limit = queue_bytes
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._written = 0
        self._dropped = 0
        self._failures = 0
        self._is_stuck = False
        """Whether waiting for the store has been in vain since it last took something."""
        self._wake = asyncio.Event()
        self._turn = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, with what an earlier process left in the spill file."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="lasttenth-recorder")

    def record(self, project: str, span: Span) -> None:
        """Take a span. Never waits, never raises."""
        if not self._payloads:
            span = msgspec.structs.replace(span, input=None, output=None)
        size = _OVERHEAD + _length(span.input) + _length(span.output)
        is_closed = self._closing.is_set() and self._task is None
        if is_closed or self._bytes + size > self._limit:
            self._set_aside(project, span)
            return
        self._queue.append(_Waiting(project, span, size))
        self._bytes += size
        self._wake.set()
        if self._has_batch:
            self._hurry.set()

    async def flush(self) -> None:
        """Wait until everything that was taken before is written. Raises StorageError while the store refuses."""
        self._hurry.set()
        queued, spilled = self._written + len(self._queue), self._spill.taken + self._spill.count
        while self._written < queued or (self._spill.count and self._spill.taken < spilled):
            if self._failures or self._task is None:
                raise StorageError("Spans wait for the store, which refuses them.", hint="See lasttenth doctor.")
            await self._turn.wait()

    @property
    def is_crowded(self) -> bool:
        """Tell whether half of the queue is taken, and the store gets on with it."""
        return self._bytes * 2 > self._limit and not self._is_stuck

    async def give_way(self) -> None:
        """Wait for as long as the queue is crowded, or until it turns out that the store does not get on with it."""
        try:
            async with asyncio.timeout(GIVE_WAY_SECONDS):
                while self.is_crowded:
                    await self._turn.wait()
        except TimeoutError:
            self._is_stuck = True

    @property
    def is_behind(self) -> bool:
        """Tell whether spans come faster than they are written."""
        return len(self._queue) > BATCH

    def health(self) -> RecorderHealth:
        """Return how recording stands."""
        return RecorderHealth(
            waiting=len(self._queue),
            waiting_bytes=self._bytes,
            spilled=self._spill.count,
            dropped=self._dropped,
            failing=self._failures > 0,
        )

    async def close(self) -> None:
        """Write what waits; what the store refuses now goes to the spill file, for whoever starts next."""
        task = self._task
        if task is None:
            self._spill.close()
            return
        self._closing.set()
        self._wake.set()
        self._hurry.set()
        try:
            await asyncio.wait({task}, timeout=CLOSE_SECONDS)
        finally:
            task.cancel()
            self._task = None
            while self._queue:
                waiting = self._queue.popleft()
                self._bytes -= waiting.size
                self._set_aside(waiting.project, waiting.span)
            self._spill.close()
            self._announce()

    async def _run(self) -> None:
        while not (self._closing.is_set() and (self._failures or not self._queue)):
            if self._queue:
                await self._gather()
                await self._write_queue()
            # While the store refuses, one kind of batch is enough to find out when it no longer does.
            if self._spill.count and not (self._failures and self._queue):
                await self._write_spill()
            self._announce()
            if self._failures:
                await self._pause()
            elif not (self._queue or self._spill.count or self._closing.is_set()):
                await self._wake.wait()
                self._wake.clear()

    @property
    def _has_batch(self) -> bool:
        return len(self._queue) >= BATCH or self._bytes >= BATCH_BYTES

    async def _gather(self) -> None:
        """Let more spans come, unless there are enough or somebody waits."""
        if not self._has_batch and not self._failures:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._hurry.wait()
        self._hurry.clear()

    async def _write_queue(self) -> None:
        batch = list(_first(self._queue))
        if await self._store(batch):
            self._written += len(batch)
            for waiting in batch:
                self._queue.popleft()
                self._bytes -= waiting.size

    async def _write_spill(self) -> None:
        spans = await asyncio.to_thread(self._spill.read)
        if await self._store([_Waiting(project, span) for project, span in spans]):
            self._spill.forget()

    async def _store(self, batch: Sequence[_Waiting]) -> bool:
        """Store a batch, and tell whether it is done with: a span that no store will ever take is dropped."""
        try:
            for project in dict.fromkeys(waiting.project for waiting in batch):
                await self._write(project, [waiting.span for waiting in batch if waiting.project == project])
        except StorageError as error:
            self._failures += 1
            self._is_stuck = True
            logger.warning("%d spans wait: %s", len(batch), error)
            return False
        except Exception as error:  # noqa: BLE001 - a background loop; what fails alone is counted and logged
            if len(batch) > 1:
                return await self._store_one_by_one(batch)
            self._drop(batch[0].span, error)
        if self._failures:
            self._failures = 0
            self._spill.take_over()  # who ended while the store refused has left something
        self._is_stuck = False
        return True

    async def _store_one_by_one(self, batch: Sequence[_Waiting]) -> bool:
        for waiting in batch:
            if not await self._store([waiting]):
                return False
        return True

    async def _pause(self) -> None:
        delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), delay)

    def _announce(self) -> None:
        """Let those who wait look at what has changed."""
        self._turn.set()
        self._turn = asyncio.Event()

    def _set_aside(self, project: str, span: Span) -> None:
        try:
            self._spill.append(project, span)
        except Exception as error:  # noqa: BLE001 - recording never breaks the recorded call
            self._drop(span, error)
        self._wake.set()

    def _drop(self, span: Span, error: Exception) -> None:
        self._dropped += 1
        logger.error("A span of trace %s was dropped, %d so far.", span.trace_id, self._dropped, exc_info=error)


def _first(queue: Iterable[_Waiting]) -> Iterator[_Waiting]:
    """Yield what is written at once: at least one span."""
    size = 0
    for waiting in itertools.islice(queue, BATCH):
        if size and size + waiting.size > BATCH_BYTES:
            return
        size += waiting.size
        yield waiting


def _length(payload: Payload | None) -> int:
    return 0 if payload is None else len(payload.body)
