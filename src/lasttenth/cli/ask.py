"""`lasttenth ask`."""

from typing import Annotated

import typer

from lasttenth.app.answers import Answer
from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.rendering import answer_lines

Docs = Annotated[
    list[str] | None, typer.Option("--docs", help="Files or folders to answer from; indexed on first use.")
]
Index = Annotated[str, typer.Option("--index", help="An index to answer from.")]
Model = Annotated[str, typer.Option("--model", help="The model, as provider/model.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Ask a question, from the documents at --docs or from an index.")(ask)


def ask(
    question: str,
    docs: Docs = None,
    index: Index = "",
    model: Model = "",
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Ask a question and print the answer with its verified quotes."""

    async def work(app: App) -> Answer:
        return await app.ask(question, docs=docs or (), index=index, model=model)

    show(run(folder, project, work), as_json=as_json, render=answer_lines)
