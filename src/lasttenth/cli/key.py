"""`lasttenth key create`."""

from typing import Annotated

import typer
from rich.text import Text

from lasttenth.access.keys import NewKey
from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, show

Name = Annotated[str, typer.Argument(help="What the key is for.", show_default=False)]


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("create", help="Make a key for a project and print it, this once.")(create)
    app.add_typer(group, name=name, help="Make keys.")


def create(name: Name, folder: Folder = "", project: Project = DEFAULT_PROJECT, as_json: AsJson = False) -> None:
    """Make a key for a project and print it, this once."""

    async def work(app: App) -> NewKey:
        return await app.installation.keyring.create(name, project=app.project)

    made = run(folder, project, work)
    show(made, as_json=as_json, render=lambda new: Text(f"{new.key}\nIt is shown this once: keep it safe."))
