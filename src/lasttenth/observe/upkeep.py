"""Upkeep of the traces, behind their writing: full text, and dictionaries that pack them well.

It may run in any number of processes at once: the store sees to it that nothing is indexed twice.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from lasttenth.records.errors import StorageError
from lasttenth.records.totals import SearchLag
from lasttenth.storage.ports import Store

LOOK_SECONDS = 5.0
"""How often to look for what other processes have left."""
QUIET_SECONDS = 0.5
"""How long nothing must have been written before what was is indexed: requests go first."""
BUSY_SECONDS = 10.0
"""How long indexing waits for such a moment, and between two batches for writing to keep up."""
LEARN_SECONDS = 60.0
AT_ONCE = 2000
"""Spans that a search waits for."""

logger = logging.getLogger("lasttenth.observe")


class Upkeep:
    """Keep the traces of a store searchable and small.

    Args:
        store: where they are.
        is_behind: tells whether writing needs all there is.
    """

    def __init__(self, store: Store, is_behind: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._is_behind = is_behind
        self._wake = asyncio.Event()
        self._learn_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; nothing is done before `wake` is called or some seconds have passed."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="lasttenth-upkeep")

    def wake(self) -> None:
        """Say that spans were written."""
        self._wake.set()

    async def catch_up(self) -> None:
        """Make searchable what waits, where it is little, for somebody who is about to search."""
        lag = await self._store.search_lag()
        if 0 < lag.spans <= AT_ONCE:
            with contextlib.suppress(StorageError):
                await self._index(lag, patience=0)

    async def close(self) -> None:
        """Stop where it is: what is left waits in the store."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            await self._until_it_is_quiet()
            try:
                await self._index(await self._store.search_lag(), patience=BUSY_SECONDS)
                await self._learn()
            except StorageError as error:
                logger.info("Spans wait to be searchable: %s", error)
            except Exception:
                # A background loop: what fails is logged, and tried again with the next spans.
                logger.exception("The upkeep of traces failed.")

    async def _until_it_is_quiet(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BUSY_SECONDS):
                while self._wake.is_set():
                    self._wake.clear()
                    await asyncio.sleep(QUIET_SECONDS)
        self._wake.clear()

    async def _index(self, lag: SearchLag, *, patience: float) -> None:
        while lag.spans:
            await self._until_writing_keeps_up(patience)
            before, lag = lag, await self._store.index_spans()
            if lag.spans >= before.spans:
                return  # another process has them in hand

    async def _until_writing_keeps_up(self, patience: float) -> None:
        for _ in range(int(patience / QUIET_SECONDS)):
            if not self._is_behind():
                return
            await asyncio.sleep(QUIET_SECONDS)

    async def _learn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._learn_at:
            return
        self._learn_at = now + LEARN_SECONDS
        for project in await self._store.projects():
            if await (await self._store.project(project)).traces.learn():
                logger.info("Project %s has a new dictionary for its spans.", project)
