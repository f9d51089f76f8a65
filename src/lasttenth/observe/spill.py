"""The spill: spans that the store could not take, appended to a file one by one, taken back in the order they came.

Each record is a length (4 bytes, big-endian) and a MessagePack body. A record that a crash cut short ends the file, and
is cut off when the file is opened. A file shrinks to nothing once everything in it was taken, and never grows by that:
what fills a disk can be taken from it while it is full.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from lasttenth.records.traces import Span

BATCH = 256
BATCH_BYTES = 8 * 2**20
_LENGTH = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, Span])

logger = logging.getLogger("lasttenth.observe")


class Spill:
    """Append to the end, and take from the front. Each process has its own file; those of the dead are taken over.

    Args:
        folder: where the files are.
        process: this process's id, part of the files' names.
    """

    def __init__(self, folder: Path, *, process: int) -> None:
        self._path = folder / f"spill-{process}.bin"
        self.taken = 0
        """Records that were forgotten since the spill was opened."""
        self._files = [*_taken_over(folder, process), self._path]
        self.count = sum(_mended(file) for file in self._files)
        """Records that wait."""
        self._at = 0
        self._read_to = 0
        self._read_count = 0

    def append(self, project: str, span: Span) -> None:
        """Add a span, durably. Raises OSError, after which the file is as it was."""
        body = _encoder.encode((project, span))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, len(body).to_bytes(_LENGTH) + body)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        self.count += 1

    def read(self) -> list[tuple[str, Span]]:
        """Return the records at the front, some megabytes at most, without those that cannot be read."""
        found: list[tuple[str, Span]] = []
        self._read_to, self._read_count = self._at, 0
        try:
            with self._files[0].open("rb") as file:
                for start, end in _frames(file, self._at):
                    file.seek(start)
                    found += _decoded(file.read(end - start))
                    self._read_to, self._read_count = end, self._read_count + 1
                    if self._read_count >= BATCH or end - self._at >= BATCH_BYTES:
                        break
        except FileNotFoundError:
            logger.warning("%s has vanished.", self._files[0])
        return found

    def forget(self) -> None:
        """Forget the records that were read last; a file from which all were taken is removed."""
        self._at = self._read_to
        self.count -= self._read_count
        self.taken += self._read_count
        file = self._files[0]
        if not file.exists() or self._at >= file.stat().st_size:
            file.unlink(missing_ok=True)
            self._at = 0
            self._files = self._files[1:] or [self._path]
            self.count = sum(_mended(each) for each in self._files)


def _taken_over(folder: Path, process: int) -> list[Path]:
    """Return the files that this process has from others: those of processes that no longer run, renamed to its own."""
    found = sorted(folder.glob(f"spill-{process}-*.bin"))
    for other in sorted(folder.glob("spill-*.bin")):
        owner = other.stem.split("-")[1]
        if owner != str(process) and not _is_alive(owner):
            name = folder / f"spill-{process}-{other.stem.removeprefix('spill-')}.bin"
            try:
                found.append(other.rename(name))
            except FileNotFoundError:
                continue  # another process was faster
    return found


def _mended(path: Path) -> int:
    """Cut off what a crash left behind the last whole record, and return how many records there are."""
    count, whole = 0, 0
    try:
        with path.open("rb+") as file:
            for _, end in _frames(file, 0):
                count, whole = count + 1, end
            file.truncate(whole)
    except FileNotFoundError:
        return 0
    return count


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


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
