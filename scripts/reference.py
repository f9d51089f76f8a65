"""Write the reference pages from the code: the commands, and the operations of the API. A test holds them together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import typer

from lasttenth.app.operation import Operation
from lasttenth.app.operations import OPERATIONS
from lasttenth.cli.generic import description_of
from lasttenth.cli.main import COMMANDS, build

FOLDER = Path(__file__).parent.parent / "docs" / "reference"


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {"commands.md": "\n".join(_commands()) + "\n", "api.md": "\n".join(_operations()) + "\n"}


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Every command that prints a result takes `--json`. Exit codes are listed in [errors](errors.md)."
    for name in COMMANDS:
        command: Any = typer.main.get_command(build(asked=name))
        yield from _command(f"lasttenth {name}", command.commands[name])


def _command(path: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner:
        for name in inner:
            yield from _command(f"{path} {name}", inner[name])
        return
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join([path, *(_metavar(argument) for argument in arguments)])
    yield ""
    yield f"## `{usage}`"
    yield ""
    yield str(command.help)
    shown = [option for option in options if option.name != "help"]
    if shown:
        yield ""
        yield "| option | default | meaning |"
        yield "|---|---|---|"
    for option in shown:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        default = "" if option.default in (None, "", False) else f"`{option.default}`"
        yield f"| {names} | {default} | {option.help or ''} |"


def _metavar(argument: Any) -> str:
    name = argument.name.upper()
    return f"{name}…" if argument.nargs == -1 else str(name)


def _operations() -> Iterator[str]:
    yield "# API"
    yield ""
    yield "The operations of `/api`, in JSON. `/api/openapi.json` describes them for programs. Times are Unix nanoseconds,"
    yield "amounts of money nano-dollars. An error is `{error: {message, type, param, code}}`, with the codes of"
    yield "[errors](errors.md)."
    for operation in OPERATIONS:
        yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    yield ""
    yield f"## `{operation.method} {operation.path}`"
    yield ""
    yield operation.summary
    if operation.command:
        yield f"On the command line: `lasttenth {' '.join(operation.command)}`."
    fields = msgspec.structs.fields(operation.input)
    if fields:
        yield ""
        yield "| field | default | meaning |"
        yield "|---|---|---|"
    for field in fields:
        default = "required" if field.required else f"`{field.default!r}`"
        yield f"| `{field.name}` | {default} | {description_of(field.type)} |"


if __name__ == "__main__":
    main()
