"""A bar that counts what is done, on the error stream where that is a terminal."""

from collections.abc import Callable
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lasttenth.cli.output import progress_console


class Counted(Protocol):
    """How far something has come."""

    @property
    def done(self) -> int:
        """Return how much is done."""
        ...

    @property
    def total(self) -> int:
        """Return how much there is to do."""
        ...


def progress_bar() -> Progress:
    """Return a bar for documents or rows."""
    screen = progress_console()
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=screen, transient=True, disable=not screen.is_terminal,
    )  # fmt: skip


def moving(bar: Progress, description: str) -> Callable[[Counted], None]:
    """Begin a line of the bar and return what moves it."""
    step = bar.add_task(description, total=None)
    return lambda progress: bar.update(step, completed=progress.done, total=progress.total)
