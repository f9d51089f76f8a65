"""`lasttenth try`."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.answers import Answer
from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.playground import Asked, Failure
from lasttenth.app.tasks import Rendered
from lasttenth.cli.ask import Variables, pairs
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, progress_console, show
from lasttenth.cli.rendering import answer_lines
from lasttenth.cli.side_by_side import Speaking, side_by_side
from lasttenth.records.errors import InvalidCommandError
from lasttenth.records.hashing import SHOWN
from lasttenth.records.money import format_dollars
from lasttenth.releases.including import read_text
from lasttenth.releases.pointers import PRODUCTION

FAILED = 1

Task = Annotated[str, typer.Argument(help="The task's name.", show_default=False)]
Question = Annotated[str, typer.Argument(help="What the user says; a prompt may go without.")]
Releases = Annotated[
    list[str] | None, typer.Option("--release", help="A pointer or a hash; several are asked at one time.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="A task file to try; nothing is declared, and no pointer moves.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what the models would be asked.")]
SaveCase = Annotated[
    str | None,
    typer.Option("--save-case", help="Keep what is asked as a case, with what a good answer says; that may be empty."),
]

Outcome = Answer[Any] | Failure
Versions = Mapping[str, str]
"""The names under which releases are shown, with what each is found by."""


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Ask several releases of a task the same, or see what they would ask.")(ask_each)


def ask_each(
    task: Task,
    question: Question = "",
    release: Releases = None,
    file: File = None,
    variable: Variables = None,
    dry_run: DryRun = False,
    save_case: SaveCase = None,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Ask several releases the same, and show their answers side by side as they come."""
    if dry_run and save_case is not None:
        raise InvalidCommandError("A dry run keeps no case.", hint="Leave out --dry-run or --save-case.")
    asked = Asked(question=question, variables=pairs(variable or []))
    given = None if file is None else (file.name, read_text(file))

    async def look(app: App) -> dict[str, Rendered]:
        return await _rendered(app, task, asked, await _versions(app, task, release, given))

    async def ask(app: App) -> dict[str, Outcome]:
        versions = await _versions(app, task, release, given)
        await _rendered(app, task, asked, versions)  # what cannot be asked is told before anybody is
        if save_case is not None:
            await app.playground.save(task, asked, reference=save_case)
            progress_console().print("Kept as a case.", style="dim")
        with side_by_side(list(versions), is_wanted=not as_json) as speaking:
            return await _answers(app, task, asked, versions, speaking)

    if dry_run:
        show(run(folder, project, look), as_json=as_json, render=rendered_lines)
        return
    answers = run(folder, project, ask)
    show(answers, as_json=as_json, render=answers_lines)
    if any(isinstance(answer, Failure) for answer in answers.values()):
        raise typer.Exit(FAILED)


async def _versions(app: App, task: str, releases: Sequence[str] | None, file: tuple[str, str] | None) -> Versions:
    """Return what is asked: the releases that are named and that of a file, or where nothing is, `production`."""
    versions = {name: name for name in releases or ([PRODUCTION] if file is None else [])}
    if file is None:
        return versions
    kept = await app.playground.keep(file[1], source=file[0])
    if kept.task.name != task:
        raise InvalidCommandError(f"{file[0]} declares task {kept.task.name}, not {task}.", hint="Name that one.")
    return {**versions, file[0]: kept.release.hash}


async def _rendered(app: App, task: str, asked: Asked, versions: Versions) -> dict[str, Rendered]:
    return {
        name: await app.tasks.render(task, asked.question, version=version, variables=asked.variables)
        for name, version in versions.items()
    }


async def _answers(app: App, task: str, asked: Asked, versions: Versions, speaking: Speaking) -> dict[str, Outcome]:
    names = {version: name for name, version in versions.items()}
    found: dict[str, Outcome] = {}
    pieces = app.playground.ask(task, asked.question, versions=list(names), variables=asked.variables)
    async with aclosing(pieces) as heard:
        async for piece in heard:
            name = names[piece.version]
            outcome = piece.answer or piece.failure
            if outcome is not None:
                found[name] = outcome
            speaking.say(name, piece.text if piece.failure is None else piece.failure.message)
    return {name: found[name] for name in versions}


def rendered_lines(rendered: Mapping[str, Rendered]) -> Group:
    """Return what releases would ask."""
    return Group(*(line for version, each in rendered.items() for line in _messages(version, each)))


def answers_lines(answers: Mapping[str, Outcome]) -> Group:
    """Return what releases answered."""
    return Group(*(part for version, answer in answers.items() for part in _answered(version, answer)))


def _answered(version: str, answer: Outcome) -> list[Text | Group]:
    if isinstance(answer, Failure):
        trace = [Text(f"  trace {answer.trace_id}", style="dim")] if answer.trace_id else []
        return [Text(version, style="bold"), Text(answer.message, style="red"), *trace]
    return [_head(version, answer.release), answer_lines(answer)]


def _messages(version: str, rendered: Rendered) -> list[Text]:
    cost = "" if rendered.cost is None else f", {format_dollars(rendered.cost)} to send"
    head = _head(version, rendered.release).append(f"  {rendered.model}, about {rendered.tokens} tokens{cost}")
    said = [Text.assemble((f"  {each['role']}  ", "cyan"), str(each["content"])) for each in rendered.messages]
    others = [
        Text.assemble((f"  {name}  ", "cyan"), msgspec.json.encode(value).decode())
        for name, value in rendered.parameters.items()
    ]
    return [head, *said, *others]


def _head(version: str, release: str) -> Text:
    return Text.assemble((version, "bold"), f"  release {release[:SHOWN]}")
