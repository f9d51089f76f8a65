"""What a command prints: tables for people, JSON for programs, and one envelope for errors."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from lasttenth.records.errors import LasttenthError

T = TypeVar("T")

Folder = Annotated[str, typer.Option("--folder", help="Where everything is kept.", envvar="LASTTENTH_FOLDER")]
Project = Annotated[str, typer.Option("--project", help="The project to work in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
WIDE = 10_000
"""Columns of what is no terminal: a row of a table is one line there, whole, for other programs to read."""


class _Console(Console):
    """A console on which no text speaks to the terminal: models and customers may have written it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is shown, with a sign in the place of each character that would control the terminal."""
        for segment in super().render(renderable, options):
            if segment.control or not _CONTROL.search(segment.text):
                yield segment
            else:
                yield Segment(_CONTROL.sub(_sign, segment.text), segment.style)


def _sign(control: re.Match[str]) -> str:
    code = ord(control[0])
    return chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"


def console() -> Console:
    """Return the console for results. It colours for terminals alone, and never where NO_COLOR is set."""
    return _Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def progress_console() -> Console:
    """Return the console for progress and notes, which never mix with results."""
    return _Console(stderr=True, highlight=False)


def show(result: T, *, as_json: bool, render: Callable[[T], object]) -> None:
    """Print a result."""
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
    else:
        console().print(render(result))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, in_lines: bool = False
) -> Table | Text:
    """Return a table, or one line where there is nothing to list.

    With `in_lines` each row is one line, however narrow the terminal: what stands in it is copied.
    """
    if not rows:
        return Text(empty)
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for name, cells in zip(columns, zip(*rows, strict=True), strict=True):
        longest = max(len(str(cell)) for cell in (name, *cells))
        drawn.add_column(name, overflow="fold", min_width=longest if in_lines else None)
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    return drawn


def fail(error: LasttenthError, *, as_json: bool) -> NoReturn:
    """Print an error and end the process with its exit code."""
    if as_json:
        fields: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
        fields |= {"trace": error.trace_id} if error.trace_id else {}
        sys.stdout.write(msgspec.json.encode({"error": fields}).decode() + "\n")
    else:
        text = Text.assemble(("Error: ", "bold red"), error.message)
        progress_console().print(text, soft_wrap=True)
        if error.hint:
            progress_console().print(Text(error.hint), soft_wrap=True)
        if error.trace_id:
            progress_console().print(Text(f"trace {error.trace_id}", style="dim"), soft_wrap=True)
    sys.exit(error.exit_code)
