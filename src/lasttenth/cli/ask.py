"""`lasttenth ask`."""

from typing import Annotated, Any

import msgspec
import typer

from lasttenth.app.answers import Answer
from lasttenth.app.app import DEFAULT_TASK, App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import run
from lasttenth.cli.index import skipped_lines
from lasttenth.cli.output import AsJson, Folder, Project, progress_console, show
from lasttenth.cli.progress import moving, progress_bar
from lasttenth.cli.rendering import answer_lines
from lasttenth.records.errors import InvalidCommandError

Docs = Annotated[
    list[str] | None, typer.Option("--docs", help="Files or folders to answer from; indexed on first use.")
]
Index = Annotated[str, typer.Option("--index", help="An index to answer from.")]
Task = Annotated[str, typer.Option("--task", help="The task that answers; name@pointer asks another pointer.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--variable", help="What the prompt reads beside the question: name=text or name:=JSON."),
]
Model = Annotated[str, typer.Option("--model", help="The model, as provider/model.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Ask a question, from the documents at --docs or from an index.")(ask)


def ask(
    question: str,
    docs: Docs = None,
    index: Index = "",
    model: Model = "",
    task: Task = DEFAULT_TASK,
    variable: Variables = None,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Ask a question and print the answer with its verified quotes."""
    variables = pairs(variable or [])

    async def work(app: App) -> Answer:
        chosen = await _prepared(app, docs, index) if docs else index
        return await app.ask(question, index=chosen, model=model, task=task, variables=variables)

    show(run(folder, project, work), as_json=as_json, render=answer_lines)


def pairs(given: list[str]) -> dict[str, Any]:
    """Return variables that were written as `name=text` or `name:=JSON`. Raises InvalidCommandError."""
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        is_json = name.endswith(":")
        if not sign or not name.removesuffix(":"):
            raise InvalidCommandError(f"{each} is no variable.", hint="Write it as name=text, or name:=JSON.")
        try:
            found[name.removesuffix(":")] = msgspec.json.decode(value) if is_json else value
        except msgspec.DecodeError as error:
            raise InvalidCommandError(f"{value} is no JSON: {error}.", hint="Write texts as name=text.") from error
    return found


async def _prepared(app: App, docs: list[str], index: str) -> str:
    """Index the documents, with a bar and a word on what was left out, and return the name of their index."""
    with progress_bar() as bar:
        report = await app.prepare(docs, index=index, progress=moving(bar, "Indexing"))
    for line in skipped_lines(report):
        progress_console().print(line, soft_wrap=True)
    return report.index
