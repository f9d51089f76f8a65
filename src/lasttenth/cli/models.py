"""`lasttenth models` and `tasks`."""

import typer

from lasttenth.cli.generic import add_operation


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    add_operation(app, f"list_{name}")
