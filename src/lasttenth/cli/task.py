"""`lasttenth task`: files in and out, and what is done with pointers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group

from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.tasks import Checked, Pushed
from lasttenth.cli.generic import add_operation, run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.rendering import render
from lasttenth.cli.task_lines import checked_lines, pulled_lines, pushed_lines
from lasttenth.records.errors import ConfigurationError, ConflictError, InvalidCommandError
from lasttenth.records.events import PointerMove
from lasttenth.releases.checking import Finding
from lasttenth.releases.including import has_includes, read_text
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.proposals import ProposalState
from lasttenth.releases.taskfile import read_task

ENDING = ".md"
_OPERATIONS = (
    "show_task",
    "list_releases",
    "diff_releases",
    "list_moves",
    "roll_back",
    "protect_pointer",
    "list_cases",
    "list_proposals",
    "review_proposal",
)

Files = Annotated[list[Path], typer.Argument(help="Task files, or folders of them.", show_default=False)]
Tasks = Annotated[list[str], typer.Argument(help="Names of tasks; without any, all of them.", show_default=False)]
Task = Annotated[str, typer.Argument(help="The task's name.", show_default=False)]
Releases = Annotated[
    list[str],
    typer.Argument(
        help="Pointers or hashes, with weights where there are several: a1b2c3=9 d4e5f6=1", show_default=False
    ),
]
Pointer = Annotated[str, typer.Option("--pointer", help="The pointer to move.")]
Comment = Annotated[str, typer.Option("--comment", help="Why.")]
Version = Annotated[str, typer.Option("--version", help="A pointer's name, or the first digits of a hash.")]
Expected = Annotated[str, typer.Option("--expected", help="Id of the latest move that you have seen.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
To = Annotated[Path, typer.Option("--to", help="The folder for the files.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files with changes that were not pushed.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.command("push", help="Declare what task files say, and move a pointer there.")(push)
    group.command("check", help="Say what is wrong with task files, and what their prompts cost.")(check)
    group.command("pull", help="Write releases as task files.")(pull)
    group.command("move", help="Move a pointer to a release, or to several with weights.")(move)
    group.command("propose", help="Ask for a pointer to be moved.")(propose)
    for operation in _OPERATIONS:
        add_operation(group, operation)
    app.add_typer(group, name=name, help="Push and pull task files, compare releases, move pointers and put them back.")


def push(
    files: Files,
    pointer: Pointer = PRODUCTION,
    comment: Comment = "",
    dry_run: DryRun = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Declare what task files say; all of them are read before the first one is declared."""
    texts = {str(file): read_text(file) for file in _found(files)}

    async def work(app: App) -> list[Pushed]:
        _require_one_each(texts)
        compared = [await app.tasks.compare(text, pointer=pointer, source=source) for source, text in texts.items()]
        if dry_run:
            return compared
        return [
            await app.tasks.push(text, pointer=pointer, comment=comment, source=source)
            for source, text in texts.items()
        ]

    show(run(folder, project, work), as_json=as_json, render=lambda pushed: Group(*map(pushed_lines, pushed)))


def check(files: Files, folder: Folder = "", project: Project = DEFAULT_PROJECT, as_json: AsJson = False) -> None:
    """Say what is wrong with task files; with an error among that the command fails."""
    found = _found(files)

    async def work(app: App) -> list[Checked]:
        known: dict[str, str] = {}
        return [_checked(app, file, known) for file in found]

    checked = run(folder, project, work)
    show(checked, as_json=as_json, render=lambda found: Group(*map(checked_lines, found)))
    if any(finding.severity == "error" for each in checked for finding in each.findings):
        raise typer.Exit(ConfigurationError.exit_code)


def pull(
    tasks: Tasks = [],  # noqa: B006 - typer reads it, nobody changes it
    to: To = Path(),
    version: Version = PRODUCTION,
    force: Force = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Write releases as task files. A file that says the same already is left as it is."""

    async def work(app: App) -> dict[str, bool]:
        names = tasks or [task.name for task in await app.tasks.overview()]
        texts = {to / f"{name}{ENDING}": await app.tasks.pull(name, version=version) for name in names}
        differing = {file: text for file, text in texts.items() if not _says(file, text)}
        for file in differing:
            if file.exists() and not force:
                await _require_pushed(app, file)
        for file, text in differing.items():
            _write(file, text)
        return {str(file): file in differing for file in texts}

    show(run(folder, project, work), as_json=as_json, render=pulled_lines)


def move(
    task: Task,
    releases: Releases,
    pointer: Pointer = PRODUCTION,
    comment: Comment = "",
    expected: Expected = "",
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Move a pointer to a release, or to several with weights."""
    weights = _weights(releases)

    async def work(app: App) -> PointerMove:
        return await app.tasks.move(task, weights, pointer=pointer, comment=comment, expected=expected or None)

    show(run(folder, project, work), as_json=as_json, render=lambda made: render("move_pointer", made))


def propose(
    task: Task,
    releases: Releases,
    pointer: Pointer = PRODUCTION,
    comment: Comment = "",
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Ask for a pointer to be moved."""
    weights = _weights(releases)

    async def work(app: App) -> ProposalState:
        return await app.tasks.propose(task, weights, pointer, comment)

    show(run(folder, project, work), as_json=as_json, render=lambda state: render("propose_move", state))


def _checked(app: App, file: Path, known: dict[str, str]) -> Checked:
    """Return what can be said about a file, beside those that are `known`: where each task was declared."""
    try:
        checked = app.tasks.check(read_text(file), source=str(file))
    except ConfigurationError as error:
        finding = Finding(severity="error", part="file", message=str(error))
        return Checked(source=str(file), task="", release="", findings=[finding], tokens=0, cost=None)
    other = known.setdefault(checked.task, str(file))
    if other == str(file):
        return checked
    finding = Finding(severity="error", part="name", message=f"{other} declares task {checked.task} as well.")
    return msgspec.structs.replace(checked, findings=[finding, *checked.findings])


def _require_one_each(texts: Mapping[str, str]) -> None:
    """Raise ConfigurationError where two files declare the same task."""
    names: dict[str, str] = {}
    for source, text in texts.items():
        name = read_task(text, source=source).task.name
        if name in names:
            raise ConfigurationError(
                f"{names[name]} and {source} both declare task {name}.", hint="Rename one of them."
            )
        names[name] = source


def _found(places: list[Path]) -> list[Path]:
    files = [file for place in places for file in (_task_files(place) if place.is_dir() else [place])]
    if not files:
        raise InvalidCommandError(
            f"There are no task files in {places[0]}.", hint=f"Their names end in {ENDING}, and they begin with ---."
        )
    return files


def _task_files(folder: Path) -> list[Path]:
    """Return the files of a folder that have front matter: others may lie beside them."""
    return [file for file in sorted(folder.glob(f"*{ENDING}")) if file.read_bytes().startswith(b"---")]


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error


def _says(file: Path, text: str) -> bool:
    """Tell whether a file declares what a text declares, however it is written."""
    if not file.exists():
        return False
    try:
        return read_task(read_text(file), source=str(file)) == read_task(text, source=str(file))
    except ConfigurationError:
        return False


async def _require_pushed(app: App, file: Path) -> None:
    """Raise ConflictError for a file that declares something that the registry does not know."""
    if has_includes(file):
        raise ConflictError(
            f"{file} includes other files, and would no longer.",
            hint="Write it over with --force, or change it yourself.",
        )
    declared = read_task(read_text(file), source=str(file))
    known = await app.tasks.releases(declared.task.name, limit=1000)
    if (declared.task.hash, declared.release.hash) not in {(each.declaration, each.release) for each in known}:
        raise ConflictError(f"{file} has changes that were not pushed.", hint="Push them, or pull with --force.")


def _weights(releases: list[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for each in releases:
        version, _, weight = each.partition("=")
        try:
            weights[version] = weights.get(version, 0.0) + float(weight or 1)
        except ValueError as error:
            raise InvalidCommandError(f"{weight} is no weight.", hint="Write it as a1b2c3=0.9") from error
    return weights
