"""`lasttenth import` and `lasttenth export`: prompts of other tools become task files, and releases become their files.

The settings of another gateway become `lasttenth.yaml`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.app import App
from lasttenth.app.configuration import FILE_NAME
from lasttenth.app.importing.formats import GATEWAYS
from lasttenth.app.importing.outcomes import SettingsImport
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.records.errors import ConfigurationError, ConflictError, InvalidCommandError, LasttenthError
from lasttenth.releases.exchange.formats import FORMATS, Format
from lasttenth.releases.exchange.outcomes import Defaults, Remark, has_losses
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.taskfile import TaskFile, read_task

_COLOURS = {"lost": "red", "differs": "yellow", "note": "cyan"}
_NAMES = " or ".join(sorted(FORMATS))
_SOURCES = " or ".join(sorted([*FORMATS, *GATEWAYS]))

SourceName = Annotated[str, typer.Argument(metavar="FORMAT", help=f"{_SOURCES}.", show_default=False)]
FormatName = Annotated[str, typer.Argument(metavar="FORMAT", help=f"{_NAMES}.", show_default=False)]
Place = Annotated[Path, typer.Argument(help="The file or the folder to read.", show_default=False)]
Tasks = Annotated[list[str], typer.Argument(help="Names of tasks.", show_default=False)]
To = Annotated[Path, typer.Option("--to", help="The folder for the files.")]
Target = Annotated[
    Path | None, typer.Option("--to", help="The folder for task files, by default tasks; the file for settings.")
]
Model = Annotated[str, typer.Option("--model", help="The model of prompts that name none, as provider/model.")]
Version = Annotated[str, typer.Option("--version", help="A pointer's name, or the first digits of a hash.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that say something else.")]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one prompt, task or model of a gateway; with no files it could not be taken."""

    source: str
    task: str = ""
    model: str = ""
    """What clients ask for in the place of a gateway's model."""
    files: tuple[str, ...]
    remarks: tuple[Remark, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of everything, and which files were written."""

    outcomes: tuple[Outcome, ...]
    remarks: tuple[Remark, ...] = ()
    written: tuple[str, ...] = ()
    """Files that are new or changed; with `dry_run` those that would be."""
    dry_run: bool = False


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    if name == "import":
        app.command(name, help="Make task files of prompts, or settings of a gateway's, and say what is lost.")(import_)
    else:
        app.command(name, help="Write releases as files of other tools, and say what is lost.")(export)


def import_(
    name: SourceName,
    place: Place,
    to: Target = None,
    model: Model = "",
    dry_run: DryRun = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make task files, or settings. Where something was lost the command ends with 1; the files are written all the same."""
    if name in GATEWAYS:
        if model:
            raise InvalidCommandError("Settings have no use for --model.", hint="It is for prompts that name no model.")
        _import_settings(GATEWAYS[name](place), to or Path(FILE_NAME), dry_run=dry_run, force=force, as_json=as_json)
        return
    to = to or Path("tasks")
    result = _format(name, [*FORMATS, *GATEWAYS]).read(place, Defaults(model=model))
    taken = [prompt for prompt in result.prompts if prompt.text]
    written = _write({to / prompt.file: prompt.text for prompt in taken}, dry_run=dry_run, force=force)
    outcomes = tuple(
        Outcome(
            source=prompt.source,
            task=prompt.task,
            files=(str(to / prompt.file),) if prompt.text else (),
            remarks=prompt.remarks,
        )
        for prompt in result.prompts
    )
    report = Report(outcomes=outcomes, remarks=result.remarks, written=written, dry_run=dry_run)
    _finish(report, has_losses=has_losses(result), as_json=as_json)


def _import_settings(result: SettingsImport, to: Path, *, dry_run: bool, force: bool, as_json: bool) -> None:
    written = _write({to: result.text}, dry_run=dry_run, force=force)
    outcomes = tuple(
        Outcome(source=each.source, model=each.name, files=(str(to),) if each.name else (), remarks=each.remarks)
        for each in result.models
    )
    report = Report(outcomes=outcomes, remarks=result.remarks, written=written, dry_run=dry_run)
    _finish(report, has_losses=result.has_losses, as_json=as_json)


def export(
    name: FormatName,
    tasks: Tasks,
    to: To = Path(),
    version: Version = PRODUCTION,
    dry_run: DryRun = False,
    force: Force = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Write releases as files of another tool. Where something was lost the command ends with 1."""
    known = _format(name, FORMATS)

    async def work(app: App) -> list[TaskFile]:
        return [read_task(await app.tasks.pull(task, version=version), source=task) for task in dict.fromkeys(tasks)]

    result = known.write(run(folder, project, work))
    texts = {to / file: text for file, text in result.files.items()}
    written = _write(texts, dry_run=dry_run, force=force)
    files = tuple(str(file) for file in texts)
    outcomes = tuple(
        Outcome(source=f"task/{task}", task=task, files=files, remarks=remarks)
        for task, remarks in result.remarks.items()
    )
    report = Report(outcomes=outcomes, written=written, dry_run=dry_run)
    _finish(report, has_losses=has_losses(result), as_json=as_json)


def _format(name: str, known: Iterable[str]) -> Format:
    if name not in FORMATS:
        raise InvalidCommandError(f"There is no format {name}.", hint=f"There are: {', '.join(sorted(known))}.")
    return FORMATS[name]


def _finish(report: Report, *, has_losses: bool, as_json: bool) -> None:
    show(report, as_json=as_json, render=report_lines)
    if has_losses:
        raise typer.Exit(LasttenthError.exit_code)


def report_lines(report: Report) -> Group:
    """Return what became of everything."""
    lines = [line for outcome in report.outcomes for line in _outcome_lines(outcome)]
    ending = "would be written" if report.dry_run else "written"
    return Group(*lines, *map(_remark_line, report.remarks), *(Text(f"{file}  {ending}") for file in report.written))


def _outcome_lines(outcome: Outcome) -> list[Text]:
    became = outcome.model or f"task/{outcome.task}"
    became = f"{became}  {', '.join(outcome.files)}" if outcome.files else "could not be taken"
    head = Text(f"{outcome.source} → {became}", style="bold")
    return [head, *(_remark_line(remark) for remark in outcome.remarks)]


def _remark_line(remark: Remark) -> Text:
    return Text.assemble("  ", (remark.kind, _COLOURS[remark.kind]), f"  {remark.place}: {remark.message}")


def _write(texts: dict[Path, str], *, dry_run: bool, force: bool) -> tuple[str, ...]:
    """Write the files that say something else, and return their names. Raises ConflictError, ConfigurationError."""
    before = {file: _before(file) for file in texts}
    differing = [file for file, text in texts.items() if not _says(before[file], text)]
    standing = [file for file in differing if before[file] is not None]
    if standing and not force:
        raise ConflictError(
            f"{standing[0]} says something else.", hint="Write it over with --force, or use another --to."
        )
    for file in [] if dry_run else differing:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(texts[file], encoding="utf-8", newline="\n")
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error
    return tuple(str(file) for file in differing)


def _before(file: Path) -> bytes | None:
    """Return what stands in a file; None where there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from error


def _says(before: bytes | None, text: str) -> bool:
    """Tell whether a file says what a text says; a task file may say it in other words."""
    if before is None or before == text.encode():
        return before is not None
    try:
        return read_task(before.decode(), source="before") == read_task(text, source="after")
    except (ConfigurationError, UnicodeDecodeError):
        return False
