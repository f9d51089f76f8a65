"""Recording: the only writer of spans and their payloads, behind the answers that they describe.

A queue bounded in bytes stands between the requests and the store. While the store refuses, what does not fit into the
queue goes to an append-only spill file, and comes back from there, also after a restart. Only a full disk makes it drop
a span, and the drop is counted and reported.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from lasttenth.observe.spill import Spill
from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Span

QUEUE_BYTES = 32 * 2**20
BATCH = 256
RETRY_SECONDS = (0.1, 0.5, 2.0, 5.0)
CLOSE_SECONDS = 5.0
_OVERHEAD = 1024
"""Bytes that a span is taken to need beside its payloads."""

logger = logging.getLogger("lasttenth.observe")

WriteSpans = Callable[[str, list[Span]], Awaitable[None]]
"""Store spans of a project durably. Raises StorageError."""


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
    size: int


class Recorder:
    """Take spans without waiting and write them in batches.

    Args:
        write: how spans reach the store.
        folder: where the spill file is kept, for what the store refuses and the queue cannot hold.
        queue_bytes: bound of the queue.
    """

    def __init__(self, write: WriteSpans, *, folder: Path, queue_bytes: int = QUEUE_BYTES) -> None:
        self._write = write
        self._spill = Spill(folder, process=os.getpid())
        self._limit = queue_bytes
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._dropped = 0
        self._failures = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, with what an earlier process left in the spill file."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="lasttenth-recorder")

    def record(self, project: str, span: Span) -> None:
        """Take a span. Never waits, never raises."""
        size = _OVERHEAD + sum(len(payload.body) for payload in (span.input, span.output) if payload is not None)
        waiting = _Waiting(project, span, size)
        if self._bytes + size > self._limit:
            self._set_aside([waiting])
            self._wake.set()
            return
        self._queue.append(waiting)
        self._bytes += size
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Wait until everything that was taken is written. Raises StorageError while the store refuses."""
        while self._queue and not self._failures:
            self._wake.set()
            await self._idle.wait()
        if self._failures:
            raise StorageError("Spans wait for the store, which refuses them.", hint="See lasttenth doctor.")

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
        """Write what waits; what the store refuses now goes to the spill file for the next start."""
        if self._task is None:
            return
        self._closing = True
        self._wake.set()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(self._task, CLOSE_SECONDS)
        self._task = None
        self._set_aside(list(self._queue))
        self._queue.clear()

    async def _run(self) -> None:
        while not (self._closing and (not self._queue or self._failures)):
            await self._recover()
            if self._queue:
                await self._write_batch()
            elif not self._closing and not self._failures:
                self._idle.set()
                await self._wake.wait()
                self._wake.clear()

    async def _write_batch(self) -> None:
        batch = [self._queue[index] for index in range(min(BATCH, len(self._queue)))]
        if await self._stored(batch):
            for waiting in batch:
                self._queue.popleft()
                self._bytes -= waiting.size

    async def _recover(self) -> None:
        if self._spill.count and not (self._failures and self._queue):
            spans = await asyncio.to_thread(self._spill.read)
            batch = [_Waiting(project, span, 0) for project, span in spans]
            if await self._stored(batch):
                self._spill.remove_first(len(batch))

    async def _stored(self, batch: list[_Waiting]) -> bool:
        try:
            for project in dict.fromkeys(waiting.project for waiting in batch):
                await self._write(project, [waiting.span for waiting in batch if waiting.project == project])
        except StorageError as error:
            self._failures += 1
            logger.warning("%d spans wait: %s", len(batch), error)
            self._idle.set()
            await self._pause()
            return False
        except Exception as error:  # noqa: BLE001 - a background loop, which must outlive any one span
            return await self._stored_singly(batch, error)
        self._failures = 0
        return True

    async def _stored_singly(self, batch: list[_Waiting], error: Exception) -> bool:
        """Store what can be stored of a batch that holds a span which cannot: one span must not stop all others."""
        if len(batch) == 1:
            self._dropped += 1
            logger.error("A span was dropped, %d so far: it cannot be stored.", self._dropped, exc_info=error)
            return True
        # A span that is stored already is left as it is, so a refusal in between costs nothing but time.
        for waiting in batch:
            if not await self._stored([waiting]):
                return False
        return True

    async def _pause(self) -> None:
        if self._closing:
            return
        delay = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]
        await asyncio.sleep(delay)

    def _set_aside(self, spans: list[_Waiting]) -> None:
        for waiting in spans:
            try:
                self._spill.append(waiting.project, waiting.span)
            except OSError as error:
                self._dropped += 1
                logger.error("A span was dropped, %d so far: the spill file refuses: %s", self._dropped, error)  # noqa: TRY400
