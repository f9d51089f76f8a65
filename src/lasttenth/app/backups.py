"""Backups of an installation: its database and the pepper beside it, in one file that fits either engine."""

import os
import tempfile
import time
from pathlib import Path

import msgspec

from lasttenth import __version__
from lasttenth.access.keys import read_pepper
from lasttenth.app.installation import DATABASE, PEPPER, Place
from lasttenth.records.errors import ConflictError, NotFoundError, StorageError
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.copies import Archive, ArchivedTable, Database, Manifest, Report, back_up, fill
from lasttenth.storage.databases import open_database
from lasttenth.storage.migrate import LATEST
from lasttenth.storage.sqlite.copies import release


class BackupReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    path: str
    bytes: int
    schema: str
    rows: int
    tables: dict[str, int]
    pepper: bool


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored."""

    made: int
    """When the backup was made, in Unix nanoseconds."""
    version: str
    rows: int
    tables: dict[str, int]
    pepper: bool
    aside: str
    """What was added to the names of what stood there before; empty where there was nothing."""


async def backup(place: Place, path: Path, *, report: Report) -> BackupReport:
    """Write everything that an installation holds to one file, while others use it.

    Raises:
        NotFoundError: there is no installation.
        BackupError: there is something at the path already.
        StorageError: the file cannot be written, or the database cannot be read.
    """
    database, secret = open_source(place), pepper_of(place.folder)

    def describe(tables: tuple[ArchivedTable, ...]) -> Manifest:
        return Manifest(
            version=__version__,
            schema=LATEST,
            engine="postgresql" if place.settings.storage else "sqlite",
            made=SystemClock().now(),
            pepper=secret is not None,
            tables=tables,
        )

    try:
        manifest = await back_up(database, path, describe=describe, pepper=secret, report=report)
    finally:
        await database.close()
    return BackupReport(
        path=str(path),
        bytes=os.stat(path).st_size,  # noqa: PTH116 - one look at a file that was just written
        schema=manifest.schema,
        rows=manifest.rows,
        tables=_counts(manifest),
        pepper=manifest.pepper,
    )


async def restore(place: Place, path: Path, *, replace: bool, report: Report) -> RestoreReport:
    """Fill an empty installation from a backup.

    Args:
        place: where to.
        path: the backup.
        replace: keep what stands there aside, and put the backup in its place.
        report: what is told how far it has come.

    Raises:
        BackupError: the file is no backup, is damaged, or of a newer version.
        ConflictError: the installation is not empty, and is not to be replaced.
        StorageError: it cannot be written, or is in use.
    """
    aside = f"replaced-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}" if replace else ""
    archive = Archive(path)
    try:
        make_folder(place.folder)
        secret = archive.pepper()
        refuse_other_pepper(place.folder, secret, replace=replace)
        way = _restore_database if place.settings.storage else _restore_file
        kept = await way(place, archive, aside, report)
        if secret is not None:
            kept = put_pepper(place.folder, secret, aside) or kept
    finally:
        archive.close()
    manifest = archive.manifest
    return RestoreReport(
        made=manifest.made,
        version=manifest.version,
        rows=manifest.rows,
        tables=_counts(manifest),
        pepper=secret is not None,
        aside=aside if kept else "",
    )


def open_source(place: Place) -> Database:
    """Open the database of an installation that is there already. Raises NotFoundError, StorageError."""
    file = place.folder / DATABASE
    if not place.settings.storage and not file.exists():
        raise NotFoundError(f"There is no installation in {place.folder}.", hint="Name its folder with --folder.")
    return open_database(place.settings.storage, file)


def make_folder(folder: Path) -> None:
    """Make a folder for an installation. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be made: {error.strerror}.") from error


def pepper_of(folder: Path) -> bytes | None:
    """Return the secret of the keys, None where none was made yet. Raises StorageError."""
    path = folder / PEPPER
    return read_pepper(path, system_randomness) if path.exists() else None


def refuse_other_pepper(folder: Path, secret: bytes | None, *, replace: bool) -> None:
    """Refuse a folder with a secret of its own, under which the keys that come would not be known."""
    standing = pepper_of(folder)
    if not replace and secret is not None and standing not in {None, secret}:
        raise ConflictError(
            f"{folder / PEPPER} is another secret than that of the keys that would come.",
            hint="Choose an empty folder.",
        )


def put_pepper(folder: Path, secret: bytes, aside: str) -> bool:
    """Put the secret of the keys in place, for its owner alone to read; return whether another was kept aside."""
    path = folder / PEPPER
    standing = pepper_of(folder)
    if standing == secret:
        return False
    with tempfile.NamedTemporaryFile(dir=folder, prefix=PEPPER, delete=False) as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    if standing is not None:
        path.rename(f"{path}.{aside}")
    Path(file.name).rename(path)
    return standing is not None


async def _restore_file(place: Place, archive: Archive, aside: str, report: Report) -> bool:
    """Build the file beside the old one, then let it take its place; return whether there was an old one."""
    file = place.folder / DATABASE
    standing = _released(file, aside)
    with tempfile.TemporaryDirectory(dir=place.folder, prefix=".restoring-") as work:
        fresh = Path(work) / DATABASE
        database = open_database("", fresh)
        try:
            await fill(database, archive, replacing=lambda _: None, report=report)
        finally:
            await database.close()
        if standing:
            os.link(file, f"{file}.{aside}")
        fresh.replace(file)
    return standing


def _released(file: Path, aside: str) -> bool:
    if not file.exists():
        return False
    if not aside:
        raise ConflictError(
            f"There is an installation in {file.parent} already.",
            hint="Choose another folder, or keep this one aside with --replace.",
        )
    release(file)
    return True


async def _restore_database(place: Place, archive: Archive, aside: str, report: Report) -> bool:
    """Fill the database in one transaction; return whether something stood there before."""
    database = open_database(place.settings.storage, place.folder / DATABASE)
    try:
        standing = await database.engine.read(database.revision) is not None
        if standing and aside:
            await fill(database, archive, replacing=lambda to: database.set_aside(to, aside), report=report)
        else:
            await fill(database, archive, replacing=lambda _: None, report=report)
    finally:
        await database.close()
    return standing and aside != ""


def _counts(manifest: Manifest) -> dict[str, int]:
    return {table.shape.name: table.tally.rows for table in manifest.tables}
