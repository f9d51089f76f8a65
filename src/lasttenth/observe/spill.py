"""The spill: spans that the store could not take, appended to a file one by one, taken back in the order they came.

Each record is a length (4 bytes, big-endian) and a MessagePack body. A record that a crash cut short ends the file, and
is cut off when the file is opened. A file shrinks to nothing once everything in it was taken, and never grows by that:
what fills a disk can be taken from it while it is full.

Whoever uses a file holds a lock on it, which the kernel lets go of however a process ends: a file that can be locked is
one that somebody left behind.
"""

import contextlib
import fcntl
import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from lasttenth.records.traces import Span

BATCH = 256
BATCH_BYTES = 8 * 2**20
_LENGTH = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, Span])

logger = logging.getLogger("lasttenth.observe")


class Spill:
    """Append to the end, and take from the front. Each process has its own file; those left behind are taken over.

    Args:
        folder: where the files are.
        process: this process's id, part of its file's name.
    """

    def __init__(self, folder: Path, *, process: int) -> None:
        self._folder = folder
        self._process = process
        self._files: list[_File] = []
        """Files to take from, in this order; our own is among them."""
        self._own: _File | None = None
        self._closed = False
        self.taken = 0
        """Records that were forgotten since the spill was opened."""
        self.count = 0
        """Records that wait."""
        self._at = 0
        self._read_to = 0
        self._read_count = 0
        self.take_over()

    def take_over(self) -> None:
        """Take the files of processes that have ended; one that cannot be had is reported, and left."""
        for path in sorted(self._folder.glob("spill-*.bin")):
            try:
                file = _File.lock(path)
                if file is not None:
                    self._keep(file)
            except OSError as error:
                logger.error("%s cannot be taken over: %s", path, error)  # noqa: TRY400 - no defect of ours

    def append(self, project: str, span: Span) -> None:
        """Add a span. Raises OSError, after which the file is as it was.

        It outlives this process, and from `close` on the machine: until then it is no more than the queue is.
        """
        body = _encoder.encode((project, span))
        if self._own is None or not self._own.is_in_place():
            self._own = self._claim()
        self._own.append(len(body).to_bytes(_LENGTH) + body)
        self.count += 1
        if self._closed:
            self.close()

    def read(self) -> list[tuple[str, Span]]:
        """Return the records at the front, some megabytes at most, without those that cannot be read."""
        found: list[tuple[str, Span]] = []
        self._read_to, self._read_count = self._at, 0
        if not self._files:
            return found
        try:
            with self._files[0].path.open("rb") as file:
                for start, end in _frames(file, self._at):
                    file.seek(start)
                    found += _decoded(file.read(end - start))
                    self._read_to, self._read_count = end, self._read_count + 1
                    if self._read_count >= BATCH or end - self._at >= BATCH_BYTES:
                        break
        except FileNotFoundError:
            logger.warning("%s has vanished.", self._files[0].path)
        return found

    def forget(self) -> None:
        """Forget the records that were read last; a file from which all were taken is removed."""
        self._at = self._read_to
        self.count -= self._read_count
        self.taken += self._read_count
        if self._files and not (self._files[0].is_in_place() and self._at < self._files[0].size()):
            file = self._files.pop(0)
            file.remove()
            self._own = None if file is self._own else self._own
            self._at = 0
            self.count = sum(each.mend() for each in self._files)

    def close(self) -> None:
        """Let go of the files, so that another process may take them over. What is appended later is kept as well."""
        self._closed = True
        for file in self._files:
            file.close()
        self._files, self._own, self.count, self._at = [], None, 0, 0

    def _claim(self) -> "_File":
        """Return a file to append to. Its usual name may be taken, by a process of the same id in another container."""
        for number in itertools.count():
            path = self._folder / f"spill-{self._process}{f'-{number}' if number else ''}.bin"
            file = _File.lock(path, os.O_CREAT)
            if file is not None:
                self._keep(file)
                return file
        raise AssertionError  # there is always a next number

    def _keep(self, file: "_File") -> None:
        self.count += file.mend()
        self._files.append(file)


class _File:
    """A file that is ours for as long as it is open."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def lock(cls, path: Path, flags: int = 0) -> Self | None:
        """Return a file, None where another process has it or has just removed it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | flags, 0o600)
        except FileNotFoundError:
            if flags:
                raise
            return None
        file = cls(path, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        if file.is_in_place():
            return file
        file.close()
        return None

    def is_in_place(self) -> bool:
        """Tell whether the file is still there under its name."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(self._descriptor)
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def size(self) -> int:
        """Return the number of bytes."""
        return os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        """Add bytes. Raises OSError, after which the file is as it was."""
        before = self.size()
        try:
            _write_all(self._descriptor, data)
        except OSError:
            os.ftruncate(self._descriptor, before)
            raise

    def mend(self) -> int:
        """Cut off what a crash left behind the last whole record, and return how many records there are."""
        count, whole = 0, 0
        try:
            with self.path.open("rb") as file:
                for _, end in _frames(file, 0):
                    count, whole = count + 1, end
        except FileNotFoundError:
            return 0
        os.ftruncate(self._descriptor, whole)
        return count

    def remove(self) -> None:
        """Remove the file, then let go of it."""
        if self.is_in_place():
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of the file, once what is in it is on the disk."""
        with contextlib.suppress(OSError):  # as durable as the disk lets it be
            os.fsync(self._descriptor)
        os.close(self._descriptor)


def _frames(file: BinaryIO, at: int) -> Iterator[tuple[int, int]]:
    """Yield where the bodies of the whole records begin and end, from an offset on."""
    size = os.fstat(file.fileno()).st_size
    while at + _LENGTH <= size:
        file.seek(at)
        end = at + _LENGTH + int.from_bytes(file.read(_LENGTH))
        if end > size:
            return
        yield at + _LENGTH, end
        at = end


def _decoded(body: bytes) -> list[tuple[str, Span]]:
    """Return the record, or none where another version wrote what this one cannot read."""
    try:
        return [_decoder.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.error("A span in the spill file cannot be read and is left out: %s", error)  # noqa: TRY400 - no defect of ours
        return []


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
