"""The supervisor: as many workers as it was told, one behind each listening socket, for as long as it runs.

It holds the listening sockets itself. The kernel shares connections out among them, and those that arrive while a
worker is away wait in its socket for the next one, instead of being refused or reset.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from lasttenth.app.views import Crew
from lasttenth.records.errors import LasttenthError
from lasttenth.server.run import STOP_SECONDS
from lasttenth.server.workers.orders import line
from lasttenth.server.workers.process import WorkerProcess

QUICK_SECONDS = 10.0
"""A worker that ends sooner is taken to have a reason that stays."""
PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before a worker is started again, by how many ended quickly, one after the other, in its post."""

logger = logging.getLogger("lasttenth.server")


class _Post:
    """Where one worker stands: its socket, whoever works there now, and how many have ended quickly."""

    def __init__(self, number: int, listener: socket.socket) -> None:
        self.number = number
        self.listener = listener
        self.worker: WorkerProcess | None = None
        self.deaths = 0
        self.changing = asyncio.Lock()


class Supervisor:
    """Start workers and watch over them.

    Args:
        listeners: one listening socket for each worker; they are closed in the end.
        command: starts a worker.
        orders: returns the first line for a worker that inherits a descriptor; it is asked anew for every worker.
    """

    def __init__(
        self, listeners: Sequence[socket.socket], *, command: Sequence[str], orders: Callable[[int], bytes]
    ) -> None:
        self._posts = [_Post(number, listener) for number, listener in enumerate(listeners, 1)]
        self._command = command
        self._orders = orders
        self._running: set[WorkerProcess] = set()
        self._restarts = 0
        self._renew = asyncio.Event()
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, *, ready: Callable[[], None], reload: Callable[[], None], restore: Callable[[], None]) -> None:
        """Run until SIGTERM or SIGINT; SIGHUP puts a new worker at each post, one after the other.

        Args:
            ready: called once all workers serve.
            reload: called before workers are renewed.
            restore: called where one of these does not start: the next one is started as before.

        Raises:
            LasttenthError: a worker did not start, or workers kept ending.
        """
        self._restore = restore
        self._listen_to_signals(reload)
        try:
            self._watch(self._begin(ready))
            await self._end
        finally:
            await self._finish()

    async def _begin(self, ready: Callable[[], None]) -> None:
        started = await asyncio.gather(*(self._start(post) for post in self._posts))
        for post, is_started in zip(self._posts, started, strict=True):
            if not is_started:
                raise LasttenthError(f"Worker {post.number} did not start.", hint="What it said stands above.")
        self._tell()
        ready()
        for post in self._posts:
            self._watch(self._keep(post))
        self._watch(self._renew_when_asked())

    async def _start(self, post: _Post) -> bool:
        """Put a new worker at a post, and tell whether it serves."""
        descriptor = post.listener.fileno()
        orders = self._orders(descriptor)
        worker = await WorkerProcess.start(self._command, listener=descriptor, orders=orders)
        self._running.add(worker)
        is_ready = await worker.is_ready()
        if is_ready:
            post.worker = worker
        else:
            await self._ended(worker)
        return is_ready

    async def _keep(self, post: _Post) -> None:
        """Start a worker anew whenever the one at a post has ended, until it is replaced."""
        while (worker := post.worker) is not None:
            code = await self._ended(worker)
            async with post.changing:
                if post.worker is not worker:
                    return
                logger.warning("Worker %d, process %d, %s.", post.number, worker.pid, _said(code))
                post.deaths = post.deaths + 1 if worker.age() < QUICK_SECONDS else 1
                post.worker = None
                self._tell()
                await self._start_again(post)

    async def _start_again(self, post: _Post) -> None:
        while post.deaths <= len(PAUSES):
            await asyncio.sleep(PAUSES[post.deaths - 1])
            self._restarts += 1
            if await self._start(post):
                self._tell()
                return
            post.deaths += 1
        raise LasttenthError(
            f"Worker {post.number} ended {post.deaths} times, each time within {QUICK_SECONDS:g} seconds.",
            hint="What it said stands above.",
        )

    async def _renew_when_asked(self) -> None:
        while await self._renew.wait():
            self._renew.clear()
            for post in self._posts:
                if not await self._replace(post):
                    logger.error("Worker %d could not be renewed; the workers that serve stay.", post.number)
                    self._restore()
                    break

    async def _replace(self, post: _Post) -> bool:
        """Put a new worker at a post while the old one still serves, then let the old one finish."""
        async with post.changing:
            old = post.worker
            if not await self._start(post):
                return False
            self._watch(self._keep(post))
            self._tell()
        if old is not None:
            await self._stopped(old)
        return True

    async def _stopped(self, worker: WorkerProcess) -> None:
        worker.stop()
        try:
            await asyncio.wait_for(self._ended(worker), STOP_SECONDS)
        except TimeoutError:
            logger.error("Process %d did not finish in time and is ended.", worker.pid)  # noqa: TRY400 - no defect of ours
            worker.kill()
            await self._ended(worker)

    async def _ended(self, worker: WorkerProcess) -> int:
        code = await worker.wait()
        self._running.discard(worker)
        return code

    async def _finish(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for post in self._posts:
            post.listener.close()
        await asyncio.gather(*(self._stopped(worker) for worker in self._running))
        # Only now: a second signal must not end this process before its workers.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _listen_to_signals(self, reload: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)

        def renew() -> None:
            reload()
            self._renew.set()

        loop.add_signal_handler(signal.SIGHUP, renew)

    def _stop(self) -> None:
        if not self._end.done():
            self._end.set_result(None)

    def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the others; an error in it ends the supervisor."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._look_at)

    def _look_at(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._end.done():
            self._end.set_exception(error)

    def _tell(self) -> None:
        """Tell all workers how many there are."""
        serving = [post.worker for post in self._posts if post.worker is not None]
        crew = Crew(wanted=len(self._posts), running=len(serving), restarts=self._restarts)
        for worker in serving:
            worker.tell(line(crew))


def _said(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
