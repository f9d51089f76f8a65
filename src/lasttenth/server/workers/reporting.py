"""A worker's side of the pipes to its supervisor: hear the orders, say when it serves, and notice the supervisor's end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Self

from lasttenth.app.views import Crew
from lasttenth.server.workers.orders import READY, Orders, read_crew, read_orders

_LONGEST_LINE = 64 * 2**20
"""Bytes; settings hold whole scripts."""


class Reporter:
    """What a worker hears and says. Use `await Reporter.open()`."""

    def __init__(self, heard: asyncio.StreamReader, said: int) -> None:
        self._heard = heard
        self._said = said
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls) -> Self:
        """Take over standard input and output. What anybody prints from here on goes to standard error."""
        said = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        heard = asyncio.StreamReader(limit=_LONGEST_LINE)
        protocol = asyncio.StreamReaderProtocol(heard)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        return cls(heard, said)

    async def orders(self) -> Orders | None:
        """Return what to do, None where the supervisor has gone before it said so."""
        line = await self._heard.readline()
        return read_orders(line) if line.endswith(b"\n") else None

    def listen(self, tell: Callable[[Crew], None]) -> None:
        """Hear how many workers there are, and end this process in good order once the supervisor has gone."""
        self._listening = asyncio.get_running_loop().create_task(self._listen(tell))

    def is_ready(self) -> None:
        """Say that this worker serves."""
        os.write(self._said, READY)
        os.close(self._said)

    def close(self) -> None:
        """Hear no more: this process is about to end as it is."""
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self, tell: Callable[[Crew], None]) -> None:
        while line := await self._heard.readline():
            tell(read_crew(line))
        os.kill(os.getpid(), signal.SIGTERM)
