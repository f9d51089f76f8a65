"""The move of an installation to another engine, and what its settings say from then on."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from lasttenth.app.backups import make_folder, open_source, pepper_of, put_pepper, refuse_other_pepper
from lasttenth.app.configuration import FILE_NAME, resolved
from lasttenth.app.installation import DATABASE, Place
from lasttenth.records.errors import ConfigurationError, ConflictError
from lasttenth.storage.copies import Database, Report, ensure_empty, move
from lasttenth.storage.copies.tables import count_rows
from lasttenth.storage.databases import open_database

_REPLACED = ("storage", "folder")


class MoveReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was moved, or would be."""

    source: str
    target: str
    rows: int
    tables: dict[str, int]
    moved: bool
    settings: str
    """The line that `lasttenth.yaml` must have from now on, instead of its `storage` and, for a folder, its `folder`."""
    written: bool


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where an installation moves to."""

    said: str
    """An address, in which `${NAME}` stands for a variable, or a folder: as it will stand in the settings."""
    address: str
    """Empty for a folder."""
    folder: Path
    """Where the pepper is, and for a folder the database."""

    @property
    def settings(self) -> dict[str, str]:
        """Return what the settings must say."""
        return {"storage": self.said} if self.address else {"folder": self.said}

    def open(self) -> Database:
        """Open the database. Raises StorageError, ConfigurationError."""
        if not self.address:
            make_folder(self.folder)
        return open_database(self.address, self.folder / DATABASE)


def target_of(place: Place, to: str, environment: Mapping[str, str]) -> Target:
    """Return where an installation moves to. Raises ConfigurationError where a variable is not set."""
    if "://" not in to:
        return Target(said=to, address="", folder=Path(to))
    return Target(said=to, address=str(resolved(to, environment, Path("--to"))), folder=place.folder)


async def migrate(place: Place, target: Target, *, write: bool, report: Report) -> MoveReport:
    """Move everything to another database. From its beginning on, the old one takes no writes.

    Raises:
        NotFoundError: there is no installation.
        ConflictError: the target is not empty.
        StorageError: one of the two cannot be used; the old one is as it was.
    """
    secret, settings = pepper_of(place.folder), Path(FILE_NAME)
    text = changed_settings(settings, target.settings) if write else ""
    refuse_other_pepper(target.folder, secret, replace=False)
    source = open_source(place)
    try:
        into = target.open()
        try:
            if secret is not None:
                put_pepper(target.folder, secret, "")
            tallies = await move(source, into, report=report)
        finally:
            await into.close()
    finally:
        await source.close()
    if write:
        _write(settings, text)
    counts = {name: tally.rows for name, tally in tallies.items()}
    return _report(source.name, into.name, target, counts, moved=True, written=write)


async def rehearse(place: Place, target: Target) -> MoveReport:
    """Tell what would be moved, and refuse what a move would refuse. Nothing is written."""
    refuse_other_pepper(target.folder, pepper_of(place.folder), replace=False)
    source = open_source(place)
    try:
        counts = await source.engine.read(count_rows)
    finally:
        await source.close()
    name = str(target.folder / DATABASE)
    if target.address:
        into = target.open()
        try:
            await into.engine.read(lambda connection: ensure_empty(into, connection))
        finally:
            await into.close()
        name = into.name
    elif (target.folder / DATABASE).exists():
        raise ConflictError(f"There is an installation in {target.folder} already.", hint="Name an empty folder.")
    return _report(source.name, name, target, counts, moved=False, written=False)


async def take_back(place: Place) -> str:
    """Let an installation be written again that was moved, or whose move was cut off, and return where it is.

    Raises ConflictError where it was not.
    """
    source = open_source(place)
    try:
        if not await source.engine.read(source.is_frozen):
            raise ConflictError(f"{source.name} was not moved: there is nothing to undo.")
        await source.engine.write(source.thaw)
    finally:
        await source.close()
    return source.name


async def is_moved(place: Place) -> bool:
    """Tell whether an installation takes no writes, because it was moved or its move was cut off."""
    source = open_source(place)
    try:
        return await source.engine.read(source.is_frozen)
    finally:
        await source.close()


def changed_settings(path: Path, settings: Mapping[str, str]) -> str:
    """Return the text of the settings with the new place; other lines stay as they are. Raises ConfigurationError."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    leaving = ("storage",) if "storage" in settings else _REPLACED
    lines = [
        line for line in text.splitlines(keepends=True) if not line.startswith(tuple(f"{key}:" for key in leaving))
    ]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    standing = _read(text)
    kept = standing.items() if isinstance(standing, dict) else ()
    wanted = {key: value for key, value in kept if key not in leaving} | dict(settings)
    written = "".join(lines) + _line(settings)
    if _read(written) != wanted:
        raise ConfigurationError(
            f"{path} is of a form that is not changed here.", hint="Leave --write out and change it by hand."
        )
    return written


def _write(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, file.name)
    Path(file.name).replace(path)


def _read(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _report(
    source: str, name: str, target: Target, counts: dict[str, int], *, moved: bool, written: bool
) -> MoveReport:
    return MoveReport(
        source=source,
        target=name,
        rows=sum(counts.values()),
        tables=counts,
        moved=moved,
        settings=_line(target.settings).strip(),
        written=written,
    )


def _line(settings: Mapping[str, str]) -> str:
    return yaml.safe_dump(dict(settings), width=10_000)
