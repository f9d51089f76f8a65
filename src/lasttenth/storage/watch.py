"""Noticing what others commit, so that what is read for every request may be kept between commits.

Pointers and keys are few and change seldom; each process keeps those that it has read and lets go of all of them when
anything was committed, by whichever process. What is kept is never older than `MOST_SECONDS`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from lasttenth.records.errors import StorageError
from lasttenth.records.ids import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

POLL_SECONDS = 0.25
MOST_SECONDS = 0.75
"""How old a look at the store may be for what is kept still to count: a look may be late, a process may stand still."""
REMEMBERED = 4096
"""Values that are kept at a time."""


class Watch:
    """Look for commits four times a second.

    Args:
        version: returns a mark that is another one after any commit. Raises StorageError.
        clock: tells how old the last look is.
    """

    def __init__(self, version: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._version = version
        self._clock = clock
        self._seen = ""
        self._state = 0
        self._looked: int | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> int | None:
        """Return the number of the state that the store is in, None while that is not known."""
        if self._looked is None or self._clock.monotonic() - self._looked > MOST_SECONDS * 1e9:
            return None
        return self._state

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="lasttenth-watch")

    async def close(self) -> None:
        """Look no more: nothing is kept from now on."""
        self._looked = None
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        began = self._clock.monotonic()
        try:
            seen = await self._version()
        except StorageError:
            self._looked = None  # whoever reads will hear of it
            return
        if seen != self._seen:
            self._seen = seen
            self._state += 1
        self._looked = began


class Kept(Generic[K, V]):
    """Values that were read from the store, kept until anything is committed. Who asks meanwhile shares one reading.

    Args:
        watch: notices commits; None keeps nothing.
    """

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self._state: int | None = None
        self._values: dict[K, V] = {}
        self._reading: dict[K, asyncio.Task[V | None]] = {}

    async def get(self, key: K, read: Callable[[], Awaitable[V | None]]) -> V | None:
        """Return the value of a key, which is read where it is not kept; None is never kept."""
        state = self._now()
        if state is None:
            return await read()
        value = self._values.get(key)
        if value is not None:
            return value
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.ensure_future(self._read(key, read, state))
            reading.add_done_callback(_hear)
        return await asyncio.shield(reading)

    def forget(self) -> None:
        """Let go of everything, because this process is changing it."""
        self._values.clear()
        self._reading.clear()

    async def _read(self, key: K, read: Callable[[], Awaitable[V | None]], state: int) -> V | None:
        reading = asyncio.current_task()
        try:
            value = await read()
        finally:
            is_current = self._reading.get(key) is reading
            if is_current:
                del self._reading[key]
        # A value that was read across a commit may be of the time before it.
        if value is not None and is_current and state == self._now():
            self._values[key] = value
            if len(self._values) > REMEMBERED:
                del self._values[next(iter(self._values))]
        return value

    def _now(self) -> int | None:
        state = None if self._watch is None else self._watch.state
        if state != self._state:
            self.forget()
            self._state = state
        return state


def _hear(reading: "asyncio.Task[V | None]") -> None:
    """Take note of how a reading ended: those who waited for it may all have gone."""
    if not reading.cancelled():
        reading.exception()
