"""The writer's end of the socket: calls of all workers, made in the one store that writes.

What arrives while a commit runs goes into the next one, whichever worker it came from. One writer at a time has a
folder; the kernel lets go of its lock however it ends.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Self

import msgspec

from lasttenth.records.errors import ConflictError, LasttenthError, StorageError
from lasttenth.storage.ports import Store
from lasttenth.storage.remote.frames import (
    BUFFER,
    NOTHING,
    Outbox,
    Reply,
    Request,
    RubbishError,
    failure,
    frame,
    read_request,
)
from lasttenth.storage.remote.methods import METHODS

SOCKET = "writer.sock"
LOCK = "writer.lock"
UNDER_WAY = 1024
"""Calls of one connection that are under way at a time; its next ones wait in the socket."""
_LONGEST_PATH = 100
"""Bytes; the kernel has room for 107."""

logger = logging.getLogger("lasttenth.storage")


class Writer:
    """Serve the writes of a store. Use `await Writer.open(…)`, and close it before the store."""

    def __init__(self, store: Store, address: "_Address") -> None:
        self._store = store
        self._address = address
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def open(cls, store: Store, folder: Path) -> Self:
        """Listen in a folder. Raises ConflictError where another writer does, StorageError where nobody can."""
        address = _Address(folder)
        writer = cls(store, address)
        try:
            writer._server = await asyncio.start_unix_server(writer._serve, sock=address.listen(), limit=BUFFER)
        except BaseException:
            address.close()
            raise
        return writer

    @property
    def path(self) -> Path:
        """Return where the socket is."""
        return self._address.path

    async def close(self) -> None:
        """Hang up on every worker, finish what is under way, and remove the socket."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._address.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        if connection is None:
            return
        self._connections.add(connection)
        outbox, under_way = Outbox(writer), set[asyncio.Task[None]]()
        room = asyncio.Semaphore(UNDER_WAY)
        try:
            while (request := await read_request(reader)) is not None:
                await room.acquire()
                task = asyncio.create_task(self._answer(request, outbox))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: room.release())
        except RubbishError as error:
            logger.warning("A connection to %s was cut off: it sent %s.", self.path, error)
        except asyncio.CancelledError:
            pass  # the writer is being closed
        finally:
            await asyncio.gather(*under_way, return_exceptions=True)
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._connections.discard(connection)

    async def _answer(self, request: Request, outbox: Outbox) -> None:
        try:
            reply = Reply(request.number, await self._call(request))
        except LasttenthError as error:
            reply = Reply(request.number, NOTHING, failure(error))
        except Exception as error:
            logger.exception("%s failed.", request.method)
            told = LasttenthError(f"{request.method} failed: {type(error).__name__}: {error}.")
            reply = Reply(request.number, NOTHING, failure(told))
        outbox.put(frame(reply))

    async def _call(self, request: Request) -> msgspec.Raw:
        method = METHODS.get(request.method)
        if method is None:
            raise LasttenthError(f"Nothing called {request.method} writes.")
        owner = method.owner(await self._store.project(request.project) if method.of_project else self._store)
        return method.pack_result(await getattr(owner, method.verb)(**method.unpack(request.arguments)))


class _Address:
    """Where a writer listens: a socket for its owner alone, under a lock that is held for as long as it runs."""

    def __init__(self, folder: Path) -> None:
        folder = folder.absolute()
        self._lock = _lock(folder)
        self._made: Path | None = None
        if len(os.fsencode(folder / SOCKET)) > _LONGEST_PATH:
            folder = self._made = Path(tempfile.mkdtemp(prefix="lasttenth-"))
        self.path = folder / SOCKET

    def listen(self) -> socket.socket:
        """Return a listening socket. One that a writer left behind, which has ended, is replaced."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            listener.bind(os.fspath(self.path))
        except OSError as error:
            listener.close()
            raise StorageError(f"{self.path} cannot be made: {error.strerror}.") from error
        finally:
            os.umask(before)
        listener.setblocking(False)
        return listener

    def close(self) -> None:
        """Remove the socket, then let go of the lock."""
        self.path.unlink(missing_ok=True)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        os.close(self._lock)


def _lock(folder: Path) -> int:
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"{path} cannot be made: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ConflictError(
            f"Other workers run in {folder} already.", hint="Stop them first, or choose another folder with --folder."
        ) from error
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f"{path} cannot be locked: {error.strerror}.", hint="Keep the folder on a disk.") from error
    return descriptor
