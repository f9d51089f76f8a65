"""A long load of everything at once, at four fifths of what the gateway can do: memory must stay where it is.

    python -m benchmarks.gateway.soak --minutes 15

Every five seconds memory and CPU of the process tree are read. For the first fifth of the time the rate follows the CPU
until the core is four fifths busy; then it stays, and falls only where answers no longer keep up with it. It fails where
memory passes its bound or grows, an answer is not what it must be, or a span is missing.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks.gateway import product
from benchmarks.gateway.environments import FOLDER
from benchmarks.gateway.gateways import Place, Running
from benchmarks.gateway.mixing import Mixture
from benchmarks.gateway.pacing import PacedUpstream, paced_upstream
from benchmarks.gateway.processes import end_in_order
from benchmarks.gateway.rounds import print_table

BUSY = 0.8
MOST_MEGABYTES = 150.0
MOST_GROWTH = 0.05
_EACH = 5.0
_RATE = 100.0
"""Requests a second, to begin with."""
_WARM = 0.2
"""The share of the time that memory may take to find its level."""


class Sample(NamedTuple):
    """What was read at once."""

    seconds: float
    busy: float
    rate: float
    rss: float
    pss: float
    descriptors: int


class Soaked(NamedTuple):
    """All that was seen."""

    samples: list[Sample]
    ended: dict[str, int]
    held_back: int
    missing: int
    """Spans that the ledger lacks."""
    left: int
    """Streams of which the upstream saw the client go away."""

    def settled(self) -> list[Sample]:
        """Return the samples after memory had time to find its level."""
        return self.samples[int(len(self.samples) * _WARM) :]

    def growth(self) -> float:
        """Return how much larger the last quarter is than the first one: medians, as a share."""
        rss = [sample.rss for sample in self.settled()]
        quarter = max(len(rss) // 4, 1)
        return statistics.median(rss[-quarter:]) / statistics.median(rss[:quarter]) - 1

    def failures(self) -> list[str]:
        """Return what is not as it must be."""
        peak = max(sample.rss for sample in self.samples)
        found = {
            f"memory reached {peak:.0f} MB": peak > MOST_MEGABYTES,
            f"memory grew by {self.growth():.1%}": self.growth() > MOST_GROWTH,
            f"{self.ended.get('unexpected', 0)} answers were unexpected": bool(self.ended.get("unexpected")),
            f"{self.missing} spans are missing": bool(self.missing),
        }
        return [failure for failure, is_so in found.items() if is_so]


def main() -> int:
    """Print tables, and return 1 where something failed."""
    options = argparse.ArgumentParser(description="A long load of everything at once.")
    options.add_argument("--minutes", type=float, default=15.0)
    options.add_argument("--environments", type=Path, default=FOLDER)
    options.add_argument("--transport", default="", help="aiohttp or pyreqwest, by default what the product chooses")
    given = options.parse_args()
    end_in_order()
    os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory(prefix="lasttenth-bench-") as work:
        folder = Path(work)
        settings = {"transport": given.transport} if given.transport else {}
        gateway = product.product(settings=settings)
        with paced_upstream(folder / "upstream", cores="1") as upstream:
            running = gateway.start(Place(folder / "gateway", given.environments, upstream.port, "0"))
            try:
                soaked = uvloop.run(_soak(running, upstream, given.minutes * 60))
            finally:
                running.tree.stop()
    _print(soaked)
    failures = soaked.failures()
    print("\n".join(failures) or "Everything is as it must be.")
    return int(bool(failures))


async def _soak(running: Running, upstream: PacedUpstream, seconds: float) -> Soaked:
    product.until_written(running)
    held = product.spans(running)
    mixture = Mixture(running, rate=_RATE)
    enough = asyncio.Event()
    samples: list[Sample] = []
    asking = asyncio.create_task(mixture.run(enough))
    began = last = time.monotonic()
    spent, asked, held_back = running.tree.cpu(), 0, 0
    while last - began < seconds and not asking.done():
        await asyncio.sleep(_EACH)
        now, cpu, total = time.monotonic(), running.tree.cpu(), mixture.total
        busy, rate = (cpu - spent) / (now - last), (total - asked) / (now - last)
        memory = running.tree.memory()
        samples.append(Sample(now - began, busy, rate, *memory, running.tree.descriptors()))
        if mixture.held_back > held_back:
            mixture.rate = rate * BUSY
        elif now - began < seconds * _WARM:
            mixture.rate *= min(max(BUSY / max(busy, 0.05), 0.7), 1.6)
        last, spent, asked, held_back = now, cpu, total, mixture.held_back
        print(f"  {now - began:5.0f} s  {busy:4.0%} busy  {rate:6.0f}/s  {memory.rss:6.1f} MB RSS", flush=True)
    enough.set()
    await asking
    await asyncio.to_thread(product.until_written, running)
    for kind, answer in mixture.strange:
        print(f"  unexpected, {kind}: {answer.status} {answer.body[-300:]!r}", file=sys.stderr)
    missing = mixture.total - (product.spans(running) - held)
    return Soaked(samples, dict(mixture.ended), mixture.held_back, missing, upstream.counts().left)


def _print(soaked: Soaked) -> None:
    settled = soaked.settled()
    rss, pss = [sample.rss for sample in settled], [sample.pss for sample in settled]
    descriptors = [sample.descriptors for sample in settled]
    rows = [
        ["length", f"{soaked.samples[-1].seconds / 60:.1f} minutes"],
        ["busy", f"{statistics.mean(sample.busy for sample in settled):.0%} of a core"],
        ["requests/s", f"{statistics.mean(sample.rate for sample in settled):,.0f}"],
        *([kind, f"{count:,}"] for kind, count in soaked.ended.items()),
        ["held back by the load", f"{soaked.held_back:,}"],
        ["clients that the upstream saw leave", f"{soaked.left:,}"],
        ["spans that are missing", f"{soaked.missing:,}"],
        ["RSS, MB", f"{statistics.median(rss):.1f} ({min(rss):.1f} to {max(rss):.1f})"],
        ["PSS, MB", f"{statistics.median(pss):.1f} ({min(pss):.1f} to {max(pss):.1f})"],
        ["RSS, last quarter beside the first", f"{soaked.growth():+.1%}"],
        ["open descriptors", f"{descriptors[0]} at first, {descriptors[-1]} in the end, {max(descriptors)} at most"],
    ]
    print_table(["what", "figure"], rows)


if __name__ == "__main__":
    sys.exit(main())
