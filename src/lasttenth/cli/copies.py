"""`lasttenth backup`, `restore` and `migrate`."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.backups import BackupReport, RestoreReport, backup, restore
from lasttenth.app.installation import Place, find_place
from lasttenth.app.moving import MoveReport, migrate, rehearse, take_back, target_of
from lasttenth.app.operation import Done
from lasttenth.cli.output import AsJson, Folder, show
from lasttenth.cli.progress import moving, progress_bar
from lasttenth.records.errors import InvalidCommandError

To = Annotated[str, typer.Option("--to", help="Address of an empty PostgreSQL database, or an empty folder.")]
File = Annotated[Path, typer.Argument(help="The backup, one file.", show_default=False)]
Replace = Annotated[
    bool, typer.Option("--replace", help="Keep what stands there aside, and put the backup in its place.")
]
Write = Annotated[bool, typer.Option("--write", help="Write the new place into lasttenth.yaml as well.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be moved, and move nothing.")]
Undo = Annotated[bool, typer.Option("--undo", help="Let an installation be written again that was moved.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    commands: dict[str, tuple[Callable[..., None], str]] = {
        "backup": (make_backup, "Write everything to one file, while the server runs."),
        "restore": (restore_backup, "Fill an empty installation from a backup."),
        "migrate": (move_installation, "Move everything to PostgreSQL, or back to a folder."),
    }
    command, summary = commands[name]
    app.command(name, help=summary)(command)


def make_backup(path: File, folder: Folder = "", as_json: AsJson = False) -> None:
    """Write everything to one file, while the server runs."""
    with progress_bar() as bar:
        report = asyncio.run(backup(_place(folder), path, report=moving(bar, "Backing up")))
    show(report, as_json=as_json, render=_backed_up)


def restore_backup(path: File, replace: Replace = False, folder: Folder = "", as_json: AsJson = False) -> None:
    """Fill an empty installation from a backup."""
    with progress_bar() as bar:
        report = asyncio.run(restore(_place(folder), path, replace=replace, report=moving(bar, "Restoring")))
    show(report, as_json=as_json, render=_restored)


def move_installation(
    to: To = "",
    write: Write = False,
    dry_run: DryRun = False,
    undo: Undo = False,
    folder: Folder = "",
    as_json: AsJson = False,
) -> None:
    """Move everything to PostgreSQL, or back to a folder."""
    place = _place(folder)
    if undo:
        name = asyncio.run(take_back(place))
        show(Done(), as_json=as_json, render=lambda _: Text(f"{name} can be written again."))
        return
    if not to:
        raise InvalidCommandError("--to is missing.", hint="Name an empty database or folder.")
    target = target_of(place, to, os.environ)
    if dry_run:
        report = asyncio.run(rehearse(place, target))
    else:
        with progress_bar() as bar:
            report = asyncio.run(migrate(place, target, write=write, report=moving(bar, "Moving")))
    show(report, as_json=as_json, render=_moved)


def _place(folder: str) -> Place:
    return find_place(os.environ, folder=Path(folder) if folder else None)


def _backed_up(report: BackupReport) -> Text:
    keys = "with the secret of the keys: keep it safe" if report.pepper else "without a secret of keys: there was none"
    return Text(f"{report.path}: {report.rows:,} rows in {report.bytes:,} bytes, {keys}.")


def _restored(report: RestoreReport) -> Group:
    lines = [Text(f"{report.rows:,} rows restored, counted and compared.")]
    if report.aside:
        lines.append(Text(f"What stood there before is kept as {report.aside}."))
    if not report.pepper:
        lines.append(Text("The backup has no secret of keys: keys that need another one must be made anew.", "yellow"))
    return Group(*lines)


def _moved(report: MoveReport) -> Group:
    if not report.moved:
        return Group(Text(f"{report.rows:,} rows would move from {report.source} to {report.target}, which is empty."))
    lines = [
        Text(f"{report.rows:,} rows moved to {report.target}, counted and compared."),
        Text(f"{report.source} takes no writes any more."),
    ]
    said = "lasttenth.yaml says so" if report.written else f"Put this into lasttenth.yaml: {report.settings}"
    return Group(*lines, Text(f"{said}; then restart the server."))
