"""Rounds: every gateway once in each, one at a time, so that what else the machine does falls on all of them alike."""

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.gateway.environments import FOLDER
from benchmarks.gateway.gateways import Gateway, Place, Running
from benchmarks.gateway.processes import end_in_order
from benchmarks.gateway.upstream import MODEL

TOOLS = ("nginx", "wrk", "taskset")
Figures = Mapping[str, float]


class Bench(NamedTuple):
    """Where and on which cores is measured."""

    work: Path
    environments: Path
    rounds: int
    only: tuple[str, ...]
    gateway_cores: str = "0"
    load_cores: str = "1"

    def chosen(self, gateways: Sequence[Gateway]) -> list[Gateway]:
        """Return the gateways that were asked for: those whose name begins with one of the words, else all."""
        return [each for each in gateways if not self.only or each.name.startswith(self.only)]

    @contextlib.contextmanager
    def running(
        self, gateway: Gateway, upstream_port: int, *, cores: str = "", models: tuple[str, ...] = (MODEL,)
    ) -> Iterator[Running]:
        """Run a gateway in a folder of its own, which leaves with it."""
        folder = Path(tempfile.mkdtemp(dir=self.work)) / "gateway"
        place = Place(folder, self.environments, upstream_port, cores or self.gateway_cores, models)
        running = gateway.start(place)
        try:
            yield running
        finally:
            running.tree.stop()
            shutil.rmtree(folder.parent)


@contextlib.contextmanager
def bench(description: str, *, rounds: int = 5) -> Iterator[Bench]:
    """Read the command line, and hold this process to the core of the load."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--rounds", type=int, default=rounds)
    options.add_argument(
        "--environments", type=Path, default=FOLDER, help="where benchmarks.gateway.environments made them"
    )
    options.add_argument("--ordinary", action="store_true", help="stay in the ordinary class of processes")
    options.add_argument("only", nargs="*", help="beginnings of the names of gateways to measure, by default all")
    given = options.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"{', '.join(missing)} must be installed.")
    end_in_order()
    os.sched_setaffinity(0, {1})
    if not given.ordinary:
        run_ahead()
    with tempfile.TemporaryDirectory(prefix="lasttenth-bench-") as work:
        yield Bench(Path(work), given.environments, given.rounds, tuple(given.only))


def run_ahead() -> None:
    """Run ahead of all other work on the machine, with all that is started from here on, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("  In the ordinary class, beside what else the machine does: latencies are no more than a hint.")


class Collected:
    """Figures of all rounds, by row."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Figures]] = defaultdict(list)

    def add(self, row: str, figures: Figures) -> None:
        """Take what a round measured of a row, and show it."""
        self._rows[row].append(figures)
        shown = "  ".join(f"{name} {value:,.4g}" for name, value in figures.items())
        print(f"  round {len(self._rows[row])}  {row}: {shown}", flush=True)

    def rows(self) -> list[str]:
        """Return the names of the rows, in the order in which they came."""
        return list(self._rows)

    def values(self, row: str, figure: str) -> list[float]:
        """Return a figure of a row, of all rounds that have it."""
        return [each[figure] for each in self._rows[row] if figure in each]

    def ratios(self, row: str, other: str, figure: str) -> list[float]:
        """Return a figure of a row over that of another one, round by round."""
        pairs = zip(self._rows.get(row, ()), self._rows.get(other, ()), strict=False)
        return [mine[figure] / its[figure] for mine, its in pairs if its.get(figure) and figure in mine]


def calm(values: Sequence[float]) -> float:
    """Return the mean of the lower half of some values: what else a machine does only adds."""
    return statistics.mean(sorted(values)[: (len(values) + 1) // 2])


def cell(values: Sequence[float], form: str = ",.0f", *, ranged: bool = True) -> str:
    """Return a median with its range, as it stands in a table."""
    if not values:
        return "-"
    middle = f"{statistics.median(values):{form}}"
    return f"{middle} ({min(values):{form}} to {max(values):{form}})" if ranged and len(values) > 1 else middle


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print()
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print(flush=True)
