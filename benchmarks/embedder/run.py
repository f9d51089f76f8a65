"""Measure the built-in embedder: what loading it, a short query and long documents cost.

    python -m benchmarks.embedder.run [CACHE]

Every round is a fresh process; the table shows the medians.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from lasttenth.models.embeddings import default_cache, open_minilm

ROUNDS = 7
QUERY = "how do I reset my card PIN at the ATM?"
PASSAGE = "The coolant temperature is read every ten seconds by two sensors that share no wire. " * 20
"""Longer than 256 tokens, so that every document fills the window."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One process's figures: CPU seconds or milliseconds, wall milliseconds, resident mebibytes."""

    load_cpu_s: float
    query_cpu_ms: float
    query_wall_ms: float
    queries_per_cpu_s: float
    documents_per_cpu_s: float
    documents_per_s: float
    loaded_mib: float
    peak_mib: float


def measure(cache: Path, threads: int) -> Round:
    """Load the embedder in this process and measure it."""
    cpu, _ = clocked(lambda: open_minilm(cache, threads=threads).close())
    embedder = open_minilm(cache, threads=threads)
    loaded = resident("VmRSS")
    embedder.embed([QUERY])
    queries = [clocked(lambda: embedder.embed([QUERY])) for _ in range(50)]
    batch_cpu, _ = clocked(lambda: embedder.embed([QUERY] * 256))
    documents_cpu, documents_wall = clocked(lambda: embedder.embed([PASSAGE] * 32))
    return Round(
        load_cpu_s=cpu,
        query_cpu_ms=statistics.median(cpu for cpu, _ in queries) * 1000,
        query_wall_ms=statistics.median(wall for _, wall in queries) * 1000,
        queries_per_cpu_s=256 / batch_cpu,
        documents_per_cpu_s=32 / documents_cpu,
        documents_per_s=32 / documents_wall,
        loaded_mib=loaded,
        peak_mib=resident("VmHWM"),
    )


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU and the wall seconds that work takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def resident(field: str) -> float:
    """Return a memory figure of this process in mebibytes (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    """Run every round in a process of its own and print the medians."""
    cache = sys.argv[1] if len(sys.argv) > 1 else str(default_cache(os.environ))
    print(f"| threads | {' | '.join(Round.__struct_fields__)} |")
    print("|---" * (len(Round.__struct_fields__) + 1) + "|")
    for threads in (1, 2):
        program = f"from benchmarks.embedder.run import *; print_round({cache!r}, {threads})"
        outputs = [subprocess.check_output([sys.executable, "-c", program]) for _ in range(ROUNDS)]
        rounds = [msgspec.json.decode(output, type=Round) for output in outputs]
        medians = (statistics.median(getattr(result, field) for result in rounds) for field in Round.__struct_fields__)
        print(f"| {threads} | {' | '.join(f'{median:.3g}' for median in medians)} |")


def print_round(cache: str, threads: int) -> None:
    """Print one round as JSON."""
    print(msgspec.json.encode(measure(Path(cache), threads)).decode())


if __name__ == "__main__":
    main()
