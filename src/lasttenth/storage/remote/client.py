"""The worker's end of the socket: calls go to the writer, many at once, and wait for its COMMIT."""

import asyncio
import contextlib
import itertools
import logging
import time
from pathlib import Path
from typing import Any

import msgspec

from lasttenth.records.errors import PayloadTooLargeError, StorageError
from lasttenth.storage.remote.frames import (
    BUFFER,
    MAX_FRAME,
    Outbox,
    Reply,
    Request,
    RubbishError,
    frame,
    raise_failure,
    read_reply,
)
from lasttenth.storage.remote.methods import METHODS

RETRY_SECONDS = 1.0

logger = logging.getLogger("lasttenth.storage")


class WriterHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How handing over stands: writes that wait for their commit, and how many seconds the last one took."""

    waiting: int
    last_seconds: float


class WriterClient:
    """Hand writes over. It connects when it is needed, and anew when the writer went away and came back.

    Args:
        path: the writer's socket.
        longest: bytes that may be written at once.
    """

    def __init__(self, path: Path, *, longest: int = MAX_FRAME) -> None:
        self._path = path
        self._longest = longest
        self._numbers = itertools.count(1)
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._waiting = 0
        self._last_seconds = 0.0

    async def call(self, name: str, project: str, /, *arguments: Any, **named: Any) -> Any:
        """Call a writing method and return its result, once it is durable.

        Raises:
            StorageError: the writer is away. What was being written may have been, and may safely be written again.
            LasttenthError: whatever the method raised over there.
        """
        method = METHODS[name]
        packed = msgspec.Raw(method.pack(*arguments, **named))
        request = Request(next(self._numbers), name, project, packed)
        sent = frame(request)
        if len(sent) > self._longest:
            raise PayloadTooLargeError(
                f"{name} has {len(sent):,} bytes; {self._longest:,} can be written at once.", hint="Send less."
            )
        began = time.monotonic()
        self._waiting += 1
        try:
            reply = await (await self._connected()).ask(request.number, sent)
        finally:
            self._waiting -= 1
        self._last_seconds = time.monotonic() - began
        if reply.failure is not None:
            raise_failure(reply.failure)
        return method.unpack_result(reply.result)

    def health(self) -> WriterHealth:
        """Return how handing over stands."""
        return WriterHealth(waiting=self._waiting, last_seconds=self._last_seconds)

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> "_Connection":
        async with self._connecting:
            if self._connection is None or self._connection.ended:
                try:
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=BUFFER)
                except OSError as error:
                    raise away(self._path) from error
                self._connection = _Connection(self._path, reader, writer)
            return self._connection


class _Connection:
    """One connection, for as long as it holds."""

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer
        self._outbox = Outbox(writer)
        self._asked: dict[int, asyncio.Future[Reply | None]] = {}
        """Who waits for which reply; None tells that there will be none."""
        self.ended = False
        self._task = asyncio.get_running_loop().create_task(self._listen(), name="lasttenth-writer-client")

    async def ask(self, number: int, sent: bytes) -> Reply:
        """Send the frame of a request and return its reply. Raises StorageError where the connection ends before."""
        if self.ended:
            raise away(self._path)
        answered: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answered
        try:
            self._outbox.put(sent)
            await self._writer.drain()
            reply = await answered
        except OSError as error:
            raise away(self._path) from error
        finally:
            self._asked.pop(number, None)
        if reply is None:
            raise away(self._path)
        return reply

    async def close(self) -> None:
        """Hang up; who still waits hears of it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._hang_up()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        try:
            while (reply := await read_reply(self._reader)) is not None:
                asked = self._asked.get(reply.number)
                if asked is not None and not asked.done():
                    asked.set_result(reply)
        except RubbishError as error:
            logger.warning("What listens at %s is no writer: it sent %s.", self._path, error)
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        self.ended = True
        self._writer.transport.abort()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_result(None)


def away(path: Path) -> StorageError:
    """Return the error of a writer that is not there."""
    return StorageError(
        f"The process that writes, at {path}, is away.",
        hint="It is started by lasttenth up; nothing acknowledged was lost.",
        retry_after=RETRY_SECONDS,
    )
