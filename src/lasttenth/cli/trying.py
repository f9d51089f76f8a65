"""`lasttenth try`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.columns import Columns
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from lasttenth.app.answers import Answer
from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.playground import Asked
from lasttenth.app.tasks import Rendered
from lasttenth.cli.ask import Variables, pairs
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, console, show
from lasttenth.cli.rendering import answer_lines
from lasttenth.records.hashing import SHOWN
from lasttenth.records.money import format_dollars
from lasttenth.releases.including import read_text
from lasttenth.releases.pointers import PRODUCTION

FAILED = 1
SAID = 2_000
"""Characters of what a release says that are shown while it speaks: its latest."""

Task = Annotated[str, typer.Argument(help="The task's name.", show_default=False)]
Question = Annotated[str, typer.Argument(help="What the user says; a prompt may go without.")]
Releases = Annotated[
    list[str] | None, typer.Option("--release", help="A pointer or a hash; several are asked at one time.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="A task file to try beside them; it is declared, and no pointer moves.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what the models would be asked.")]
SaveCase = Annotated[
    str | None,
    typer.Option("--save-case", help="Keep what is asked as a case, with what a good answer says; that may be empty."),
]

Hear = Callable[[Mapping[str, str]], None]
"""Show what releases have said so far, by the names under which they were asked for."""


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A release that gave no answer."""

    error: str


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
    asked = Asked(question=question, variables=pairs(variable or []))
    text = None if file is None else read_text(file)

    async def look(app: App) -> dict[str, Rendered]:
        return {
            version: await app.tasks.render(task, question, version=version, variables=asked.variables)
            for version in await _versions(app, release, text)
        }

    async def ask(app: App) -> dict[str, Answer[Any] | Failed]:
        versions = await _versions(app, release, text)
        await look(app)  # a release that cannot be asked is told before any is
        if save_case is not None:
            await app.playground.save(task, asked, reference=save_case)
        with _side_by_side(versions, is_wanted=not as_json) as hear:
            return await _answers(app, task, asked, versions, hear)

    if dry_run:
        show(run(folder, project, look), as_json=as_json, render=rendered_lines)
        return
    answers = run(folder, project, ask)
    show(answers, as_json=as_json, render=answers_lines)
    if any(isinstance(answer, Failed) for answer in answers.values()):
        raise typer.Exit(FAILED)


async def _versions(app: App, releases: Sequence[str] | None, text: str | None) -> list[str]:
    """Return which releases to ask: those that are named, and that of a file, which is declared."""
    if text is None:
        return list(dict.fromkeys(releases or [PRODUCTION]))
    pushed = await app.tasks.push(text, pointer="")
    return list(dict.fromkeys([*(releases or [PRODUCTION]), pushed.release[:SHOWN]]))


async def _answers(
    app: App, task: str, asked: Asked, versions: Sequence[str], hear: Hear
) -> dict[str, Answer[Any] | Failed]:
    said = dict.fromkeys(versions, "")
    found: dict[str, Answer[Any] | Failed] = {}
    pieces = app.playground.ask(task, asked.question, versions=versions, variables=asked.variables)
    async with aclosing(pieces) as heard:
        async for piece in heard:
            said[piece.version] += piece.text
            if piece.answer is not None:
                found[piece.version] = piece.answer
            elif piece.error:
                found[piece.version] = Failed(error=piece.error)
            hear(said)
    return {version: found[version] for version in versions}


@contextmanager
def _side_by_side(versions: Sequence[str], *, is_wanted: bool) -> Iterator[Hear]:
    """Show on a terminal what releases say while they say it; what stands there goes when all have ended."""
    terminal = console()
    if not is_wanted or not terminal.is_terminal:
        yield lambda _said: None
        return
    width = max(terminal.width // len(versions) - 1, 20)
    with Live(console=terminal, transient=True, auto_refresh=False) as live:

        def hear(said: Mapping[str, str]) -> None:
            panels = [Panel(text[-SAID:], title=version, width=width) for version, text in said.items()]
            live.update(Columns(panels), refresh=True)

        yield hear


def rendered_lines(rendered: Mapping[str, Rendered]) -> Group:
    """Return what releases would ask."""
    return Group(*(line for version, each in rendered.items() for line in _messages(version, each)))


def answers_lines(answers: Mapping[str, Answer[Any] | Failed]) -> Group:
    """Return what releases answered."""
    return Group(*(part for version, answer in answers.items() for part in _answered(version, answer)))


def _answered(version: str, answer: Answer[Any] | Failed) -> list[Text | Group]:
    if isinstance(answer, Failed):
        return [Text(version, style="bold"), Text(answer.error, style="red")]
    return [_head(version, answer.release), answer_lines(answer)]


def _messages(version: str, rendered: Rendered) -> list[Text]:
    cost = "" if rendered.cost is None else f", {format_dollars(rendered.cost)} to send"
    head = _head(version, rendered.release).append(f"  {rendered.model}, about {rendered.tokens} tokens{cost}")
    said = [Text.assemble((f"  {each['role']}  ", "cyan"), str(each["content"])) for each in rendered.messages]
    return [head, *said]


def _head(version: str, release: str) -> Text:
    return Text.assemble((version, "bold"), f"  release {release[:SHOWN]}")
