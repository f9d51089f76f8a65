"""Where our own CPU goes: microseconds of each stage for a request, a kilobyte of its body, and a chunk of its stream.

    python -m benchmarks.gateway.stages
    python -m benchmarks.gateway.stages --modules

A timer of CPU time looks at the stacks of the running gateway (see sampled.py); what was used since the last look falls
to the stage of the innermost module. Measured are requests of 0.7 KB, requests of 20 KB, and streams of 50 paced chunks.
A kilobyte is the difference of the first two by their size, a chunk what a stream takes beyond a request, by its chunks.
"""

import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.gateway import bodies, product
from benchmarks.gateway.gateways import NGINX, Gateway, Place, Running
from benchmarks.gateway.measuring import Asking, Meter
from benchmarks.gateway.pacing import PacedUpstream, paced_upstream
from benchmarks.gateway.processes import until
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, calm, cell, print_table
from benchmarks.gateway.streams import WARM, Pace, played
from benchmarks.gateway.upstream import MODEL, Upstream, static_upstream

LONG = 20_000
_SECONDS = 3.0
STREAM = Pace(100, 4, 50, 20)
MEASURES = ("request", "long", "stream")
"""What is asked for; the rest is worked out."""
_COUNTS = "counts.json"
_OTHERS = "other threads"
_SAMPLED = Path(__file__).with_name("sampled.py")

STAGES = {
    "HTTP server": ("uvicorn", "lasttenth.cli"),
    "door": ("lasttenth.server", "starlette", "lasttenth.access"),
    "pipeline": ("lasttenth.serve", "lasttenth.models", "lasttenth.records", "lasttenth.app"),
    "HTTP client": ("lasttenth.net", "aiohttp", "aiohappyeyeballs", "yarl", "multidict", "pyreqwest", "native threads"),
    "recording": ("lasttenth.observe",),
    "storage": ("lasttenth.storage", "sqlalchemy", _OTHERS),
}
"""Beginnings of modules by stage. Our own upkeep runs in threads as well: it counts as storage."""


Modules = defaultdict[str, float]


class Counted(NamedTuple):
    """CPU seconds by module, and of the whole process."""

    modules: dict[str, float]
    process: float

    def since(self, before: "Counted", requests: int) -> Modules:
        """Return microseconds for each of so many requests; what no sample saw falls to the other threads."""
        spent = {name: seconds - before.modules.get(name, 0.0) for name, seconds in self.modules.items()}
        unseen = max(self.process - before.process - sum(spent.values()), 0.0)
        spent[_OTHERS] = spent.get(_OTHERS, 0.0) + unseen
        return defaultdict(float, {name: seconds * 1e6 / requests for name, seconds in spent.items() if seconds})


def main() -> None:
    """Print the table."""
    modules = "--modules" in sys.argv
    if modules:
        sys.argv.remove("--modules")
    with bench("CPU of our own stages.") as given:
        print_tables(measure(given, by=str if modules else stage_of))


def stage_of(module: str) -> str:
    """Return the stage to which a module belongs."""
    for stage, beginnings in STAGES.items():
        if module.startswith(beginnings):
            return stage
    return "HTTP server"  # uvloop's own work has no frame


def measure(given: Bench, *, by: Callable[[str], str] = stage_of) -> Collected:
    """Return the CPU microseconds of each stage, and of nginx for a request."""
    collected = Collected()
    with (
        static_upstream(given.work / "upstream", cores=given.load_cores) as static,
        paced_upstream(given.work / "paced", cores=given.load_cores) as paced,
    ):
        for _ in range(given.rounds):
            collected.add(NGINX.name, {"request": _unit(given, static)})
            with given.running(sampled(), paced.port) as running:
                for stage, figures in _round(given, running, paced, by).items():
                    collected.add(stage, figures)
            collected.add(NGINX.name, {"request": _unit(given, static)})
    return collected


def unit(collected: Collected) -> float:
    """Return what nginx uses for a request, in CPU microseconds: all else is told in it."""
    return calm(collected.values(NGINX.name, "request"))


def sampled() -> Gateway:
    """Return Lasttenth with the sampler."""

    def begin(place: Place) -> Running:
        python = str(place.environments / "product/bin/python")
        return product.begin(place, {}, command=(python, "-P", str(_SAMPLED), str(place.folder / _COUNTS)))

    return Gateway("lasttenth, sampled", begin)


def _unit(given: Bench, upstream: Upstream) -> float:
    with given.running(NGINX, upstream.port) as running:
        meter = Meter(running, upstream, folder=given.work / "load", cores=given.load_cores)
        return meter.measure(Asking(bodies.plain(MODEL), 64)).answering


def _round(given: Bench, running: Running, paced: PacedUpstream, by: Callable[[str], str]) -> dict[str, Figures]:
    meter = Meter(running, paced, folder=given.work / "load", cores=given.load_cores)
    small, large = bodies.plain(running.provider + MODEL), bodies.fresh(running.provider + MODEL, LONG)
    request, long = (_of_requests(running, meter, Asking(body, 64, seconds=_SECONDS)) for body in (small, large))
    played(running, WARM, paced, first=1_000)
    stream = _of_streams(running, STREAM, paced)
    stages: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(MEASURES, 0.0))
    for measure, spent in zip(MEASURES, (request, long, stream), strict=True):
        for module, microseconds in spent.items():
            stages[by(module)][measure] += microseconds
    kilobytes = (large.size - small.size) / 1e3
    for figures in stages.values():
        figures["kilobyte"] = (figures["long"] - figures["request"]) / kilobytes
        figures["chunk"] = (figures["stream"] - figures["request"]) / STREAM.chunks
    return dict(sorted(stages.items()))


def _of_requests(running: Running, meter: Meter, asking: Asking) -> Modules:
    requests = meter.warm_up(asking)
    before = _counted(running)
    meter.load(asking, requests)
    return _counted(running).since(before, requests)


def _of_streams(running: Running, pace: Pace, paced: PacedUpstream) -> Modules:
    before = _counted(running)
    played(running, pace, paced, first=pace.chunks * 10_000)
    return _counted(running).since(before, pace.at_once * pace.each)


def _counted(running: Running) -> Counted:
    file = running.folder / _COUNTS
    file.unlink(missing_ok=True)
    os.kill(running.tree.pid, signal.SIGUSR1)
    until(file.exists, "the sampler reports")
    whole = json.loads(file.read_text(encoding="utf-8"))
    return Counted(whole["seconds"], whole["process"])


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    head = ["stage", "CPU µs a request", "times nginx", "µs a kilobyte", "µs a chunk"]
    rows = []
    for row in collected.rows():
        spent = collected.values(row, "request")
        cells = [row, cell(spent, ".1f"), cell([each / unit(collected) for each in spent], ".2f", ranged=False)]
        rows.append([*cells, *(cell(collected.values(row, name), ".2f") for name in ("kilobyte", "chunk"))])
    print_table(head, rows)


if __name__ == "__main__":
    main()
