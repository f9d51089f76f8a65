"""The spill file: spans that the store could not take, appended one by one, read back in the order they came.

Each record is a length (4 bytes, big-endian) and a MessagePack body. A record that a crash cut short ends the file, and
is cut off when the file is opened.
"""

import os
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
        self.count = 0
        for other in sorted(folder.glob("spill-*.bin")):
            if other != self._path and not _is_alive(other):
                self._take_over(other)
        self._rewrite(self.read())

    def append(self, project: str, span: Span) -> None:
        """Add a span, durably. Raises OSError, after which the file is as it was."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, _framed((project, span)))
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
            return _records(self._path.read_bytes())
        except FileNotFoundError:
            return []

    def remove_first(self, count: int) -> None:
        """Forget the first records; what came after them stays."""
        self._rewrite(self.read()[count:])

    def _take_over(self, other: Path) -> None:
        """Append the records of another file to this one. A crash in between doubles some, which the store ignores."""
        try:
            records = _records(other.read_bytes())
            for project, span in records:
                self.append(project, span)
            other.unlink()
        except FileNotFoundError:
            return  # another process was faster

    def _rewrite(self, records: list[tuple[str, Span]]) -> None:
        self.count = len(records)
        if not records:
            self._path.unlink(missing_ok=True)
            return
        beside = self._path.with_suffix(".new")
        beside.write_bytes(b"".join(_framed(record) for record in records))
        beside.replace(self._path)


def _records(content: bytes) -> list[tuple[str, Span]]:
    found: list[tuple[str, Span]] = []
    at = 0
    while at + _LENGTH <= len(content):
        end = at + _LENGTH + int.from_bytes(content[at : at + _LENGTH])
        if end > len(content):
            break
        found.append(_decoder.decode(content[at + _LENGTH : end]))
        at = end
    return found


def _framed(record: tuple[str, Span]) -> bytes:
    body = _encoder.encode(record)
    return len(body).to_bytes(_LENGTH) + body


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
