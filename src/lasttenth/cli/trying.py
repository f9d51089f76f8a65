"""`lasttenth try`."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.answers import Answer
from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.tasks import Rendered
from lasttenth.cli.ask import Variables, pairs
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.rendering import answer_lines
from lasttenth.records.hashing import SHOWN
from lasttenth.records.money import format_dollars
from lasttenth.releases.pointers import PRODUCTION

Task = Annotated[str, typer.Argument(help="The task's name.", show_default=False)]
Question = Annotated[str, typer.Argument(help="What the user says; a prompt may go without.")]
Releases = Annotated[
    list[str] | None, typer.Option("--release", help="A pointer or a hash; several are asked one after the other.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what the models would be asked.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Ask several releases of a task the same, or see what they would ask.")(ask_each)


def ask_each(
    task: Task,
    question: Question = "",
    release: Releases = None,
    variable: Variables = None,
    dry_run: DryRun = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Ask several releases the same and print their answers one below the other."""
    variables = pairs(variable or [])
    versions = release or [PRODUCTION]

    async def look(app: App) -> dict[str, Rendered]:
        return {
            version: await app.tasks.render(task, question, version=version, variables=variables)
            for version in versions
        }

    async def ask(app: App) -> dict[str, Answer]:
        names = {version: rendered.release for version, rendered in (await look(app)).items()}
        return {
            version: await app.ask(question, task=f"{task}@{name}", variables=variables)
            for version, name in names.items()
        }

    if dry_run:
        show(run(folder, project, look), as_json=as_json, render=rendered_lines)
    else:
        show(run(folder, project, ask), as_json=as_json, render=answers_lines)


def rendered_lines(rendered: Mapping[str, Rendered]) -> Group:
    """Return what releases would ask."""
    return Group(*(line for version, each in rendered.items() for line in _messages(version, each)))


def answers_lines(answers: Mapping[str, Answer]) -> Group:
    """Return what releases answered."""
    return Group(
        *(
            part
            for version, answer in answers.items()
            for part in (_head(version, answer.release), answer_lines(answer))
        )
    )


def _messages(version: str, rendered: Rendered) -> list[Text]:
    cost = "" if rendered.cost is None else f", {format_dollars(rendered.cost)} to send"
    head = _head(version, rendered.release).append(f"  {rendered.model}, about {rendered.tokens} tokens{cost}")
    said = [Text.assemble((f"  {each['role']}  ", "cyan"), str(each["content"])) for each in rendered.messages]
    return [head, *said]


def _head(version: str, release: str) -> Text:
    return Text.assemble((version, "bold"), f"  release {release[:SHOWN]}")
