"""The spill file: spans that the store could not take, appended one by one, read back in the order they came.

Each record is a length (4 bytes, big-endian) and a MessagePack body. A record that a crash cut short ends the file.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lasttenth.records.traces import Span

_LENGTH = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[str, Span])


class Spill:
    """Append to a file, and take from its front. Each process has its own; those of the dead are taken over.

    Args:
        folder: where the files are.
        process: this process's id, part of the file's name.
    """

    def __init__(self, folder: Path, *, process: int) -> None:
        self._path = folder / f"spill-{process}.bin"
        # A process that had this id before may have died while it wrote.
        _cut_to_whole_records(self._path)
        for other in sorted(folder.glob("spill-*.bin")):
            if other != self._path and not _is_alive(other):
                self._take_over(other)
        self.count = len(self.read())

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
        """Return what the file holds, in order."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return [_decoder.decode(content[start:end]) for start, end in _records(content)]

    def _take_over(self, other: Path) -> None:
        """Append another file to this one. A crash in between doubles records, which the store then ignores."""
        try:
            _cut_to_whole_records(other)
            content = other.read_bytes()
            with self._path.open("ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            other.unlink()
        except FileNotFoundError:
            return  # another process was faster

    def remove_first(self, count: int) -> None:
        """Forget the first records; what came after them stays."""
        rest = self.read()[count:]
        if not rest:
            self._path.unlink(missing_ok=True)
            self.count = 0
            return
        beside = self._path.with_suffix(".new")
        bodies = (_encoder.encode(record) for record in rest)
        beside.write_bytes(b"".join(len(body).to_bytes(_LENGTH) + body for body in bodies))
        beside.replace(self._path)
        self.count = len(rest)


def _records(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the body of each whole record begins and ends."""
    at = 0
    while at + _LENGTH <= len(content):
        end = at + _LENGTH + int.from_bytes(content[at : at + _LENGTH])
        if end > len(content):
            return
        yield at + _LENGTH, end
        at = end


def _cut_to_whole_records(path: Path) -> None:
    """Take off a record that a crash cut short: what is appended behind it could never be read again."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    whole = max((end for _, end in _records(content)), default=0)
    if whole < len(content):
        os.truncate(path, whole)


def _is_alive(path: Path) -> bool:
    """Tell whether the process that a spill file belongs to still runs."""
    try:
        os.kill(int(path.stem.removeprefix("spill-")), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
