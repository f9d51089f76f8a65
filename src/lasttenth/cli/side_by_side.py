"""What several releases say while they say it, side by side on a terminal; it goes when all have ended."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lasttenth.cli.output import console

NARROWEST = 24
"""Columns below which panels stand one below the other."""
KEPT = 4_000
"""Characters of what one says that may be shown: its latest."""
_FRAME = 4


class Speaking:
    """Hears what each of several says; this one shows nothing of it."""

    def say(self, name: str, text: str) -> None:
        """Take what one says next."""


class _Shown(Speaking):
    def __init__(self, names: Sequence[str], terminal: Console, live: Live) -> None:
        self._said = dict.fromkeys(names, "")
        self._terminal = terminal
        self._live = live

    def say(self, name: str, text: str) -> None:
        """Show what one says next."""
        self._said[name] = (self._said[name] + text)[-KEPT:]
        self._live.update(self._panels(), refresh=True)

    def _panels(self) -> RenderableType:
        """Return a panel for each, all of which fit on the terminal, with the end of what they say."""
        count, width, height = len(self._said), self._terminal.width, self._terminal.height - 1
        is_wide = width // count >= NARROWEST
        size = (width // count, height) if is_wide else (width, max(height // count, 3))
        panels = [self._panel(name, text, *size) for name, text in self._said.items()]
        drawn = Table.grid()
        for row in [panels] if is_wide else [[panel] for panel in panels[: height // size[1]]]:
            drawn.add_row(*row)
        return drawn

    def _panel(self, name: str, text: str, width: int, height: int) -> Panel:
        lines = Text(text).wrap(self._terminal, width - _FRAME)
        longest = max(height - 2, 1)
        return Panel(Text("\n").join(lines[-longest:]), title=Text(name[: width - _FRAME]), width=width)


@contextmanager
def side_by_side(names: Sequence[str], *, is_wanted: bool) -> Iterator[Speaking]:
    """Yield what is told who says what; it shows that on a terminal alone."""
    terminal = console()
    if not is_wanted or not terminal.is_terminal:
        yield Speaking()
        return
    with Live(console=terminal, transient=True, auto_refresh=False) as live:
        yield _Shown(names, terminal, live)
