"""An archive: one ZIP file with the rows of every table, whatever engine they come from, and a manifest.

A table is `tables/<name>`: for each row its length (4 bytes, big-endian) and its values in MessagePack. `manifest.json` says
which columns there are, how many rows, and their hash. `pepper` is the secret under which keys are digested.
"""

import contextlib
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

import msgspec

from lasttenth.records.errors import BackupError, StorageError
from lasttenth.storage.copies.tables import Counting, Row, Shape, Tally, encode

FORMAT: Literal["lasttenth backup 1"] = "lasttenth backup 1"

_LENGTH = struct.Struct(">I")
_MANIFEST = "manifest.json"
_PEPPER = "pepper"
_HURRIED = 1
"""How hard rows are compressed: most bytes are payloads that were compressed when they came."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, struct.error, msgspec.DecodeError, NotImplementedError)


class ArchivedTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table of an archive."""

    shape: Shape
    tally: Tally


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of itself."""

    format: Literal["lasttenth backup 1"] = FORMAT
    version: str
    """Of Lasttenth."""
    schema: str
    engine: str
    made: int
    """Unix nanoseconds."""
    pepper: bool
    """Whether the pepper is in it."""
    tables: tuple[ArchivedTable, ...]

    @property
    def rows(self) -> int:
        """Return how many rows there are in all."""
        return sum(table.tally.rows for table in self.tables)


Described = Callable[[tuple[ArchivedTable, ...]], Manifest]


def write_archive(
    path: Path, tables: Mapping[Shape, Callable[[], Iterator[Row]]], *, describe: Described, pepper: bytes | None
) -> Manifest:
    """Write an archive that only its owner may read; it is there whole, or not at all.

    Args:
        path: where; there must be nothing yet.
        tables: what yields the plain rows of each table.
        describe: what makes the manifest, once all is counted.
        pepper: the secret of the keys, None where there is none.

    Raises:
        BackupError: there is something at the path already.
        StorageError: it cannot be written.
    """
    _refuse_what_exists(path)
    try:
        with (
            _beside(path) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_HURRIED) as archive,
        ):
            written = tuple(_write_table(archive, shape, rows()) for shape, rows in tables.items())
            manifest = describe(written)
            archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
            if pepper is not None:
                archive.writestr(_PEPPER, pepper)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Free some space or choose another place."
        ) from error
    return manifest


class Archive:
    """An archive that is read. Raises BackupError wherever it is not what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise BackupError(f"{path} cannot be read: {error.strerror or error}.", hint="Correct the path.") from error
        except zipfile.BadZipFile as error:
            raise self._damaged() from error
        try:
            self.manifest = self._manifest()
        except BaseException:
            self._zip.close()
            raise

    def pepper(self) -> bytes | None:
        """Return the secret of the keys, None where it was not backed up."""
        with self._guarded():
            return self._zip.read(_PEPPER) if self.manifest.pepper else None

    def rows(self, table: ArchivedTable) -> Iterator[Row]:
        """Yield the rows of a table. Raises BackupError in the end where they are not those that were written."""
        counting = Counting()
        with self._guarded(), self._zip.open(f"tables/{table.shape.name}") as file:
            for encoded in _frames(file):
                counting.add(encoded)
                yield msgspec.msgpack.decode(encoded)
        if counting.tally() != table.tally:
            raise self._damaged()

    def close(self) -> None:
        """Release the file."""
        self._zip.close()

    def _manifest(self) -> Manifest:
        with self._guarded():
            said = msgspec.json.decode(self._zip.read(_MANIFEST))
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise BackupError(
                f"{self.path} is no backup that this version of Lasttenth knows.",
                hint="Name a file that lasttenth backup made, or install a newer version.",
            )
        with self._guarded():
            return msgspec.convert(said, Manifest)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (*_DAMAGE, OSError) as error:
            raise self._damaged() from error

    def _damaged(self) -> BackupError:
        return BackupError(f"{self.path} is damaged or no backup of Lasttenth.", hint="Take another backup.")


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that gets its name when it is whole and on the disk, and leaves nothing when it does not come so far."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _name(Path(file.name), path)
        finally:
            Path(file.name).unlink(missing_ok=True)


def _name(file: Path, path: Path) -> None:
    try:
        os.link(file, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a file system without links, as on most sticks
        _refuse_what_exists(path)
        file.rename(path)


def _write_table(archive: zipfile.ZipFile, shape: Shape, rows: Iterator[Row]) -> ArchivedTable:
    counting = Counting()
    with archive.open(f"tables/{shape.name}", "w", force_zip64=True) as file:
        for row in rows:
            encoded = encode(row)
            counting.add(encoded)
            file.write(_LENGTH.pack(len(encoded)) + encoded)
    return ArchivedTable(shape=shape, tally=counting.tally())


def _frames(file: IO[bytes]) -> Iterator[bytes]:
    while head := file.read(_LENGTH.size):
        (length,) = _LENGTH.unpack(head)
        body = file.read(length)
        if len(body) < length:
            raise EOFError
        yield body


def _refuse_what_exists(path: Path) -> None:
    if os.path.lexists(path):
        raise _exists(path)


def _exists(path: Path) -> BackupError:
    return BackupError(f"There is something at {path} already.", hint="Choose another name: nothing is overwritten.")
