"""One worker, as its supervisor sees it: a process of a fresh interpreter, in a group of its own.

The group keeps the signals of a terminal away from it: Ctrl-C reaches the supervisor alone, which tells the workers.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Self

from lasttenth.server.workers.orders import READY

START_SECONDS = 60.0


class WorkerProcess:
    """A process that was started. It ends by itself when this supervisor does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._began = time.monotonic()
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], *, listener: int, orders: bytes) -> Self:
        """Start a process that inherits a listening socket, and give it its orders."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, pass_fds=[listener], start_new_session=True
        )
        worker = cls(process)
        worker.tell(orders)
        return worker

    async def is_ready(self) -> bool:
        """Wait until the worker serves; False where it ended before, or never came so far."""
        if self._process.stdout is None:
            return False
        try:
            return await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS) == READY
        except TimeoutError:
            self.kill()
            return False

    def tell(self, line: bytes) -> None:
        """Send a line; a worker that has ended hears nothing."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(line)

    def age(self) -> float:
        """Return how many seconds ago the worker was started."""
        return time.monotonic() - self._began

    async def wait(self) -> int:
        """Wait for the end and return the exit code, negative for a signal."""
        return await self._process.wait()

    def stop(self) -> None:
        """Ask the worker to finish."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End the worker at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
