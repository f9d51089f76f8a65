"""`lasttenth config schema`."""

import msgspec
import typer

from lasttenth.app.configuration import settings_schema


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("schema", help="Print the JSON Schema of lasttenth.yaml.")(schema)
    app.add_typer(group, name=name, help="Print the JSON Schema of lasttenth.yaml.")


def schema() -> None:
    """Print the JSON Schema of lasttenth.yaml."""
    typer.echo(msgspec.json.format(msgspec.json.encode(settings_schema()), indent=2).decode())
