"""Measure Arize Phoenix and MLflow under the load of the store benchmarks, each in an environment and a network of its own.

    python -m benchmarks.store.peers.run [--traces 400] [--repeats 3] [phoenix] [mlflow]

It needs Linux with `unshare` and `ip`, and installs about 1.7 GB below `--environments` on its first run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.store.peers.products import PRODUCTS

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Install what is missing, let the products take turns, and print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("products", nargs="*", default=list(PRODUCTS))
    parser.add_argument("--traces", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "lasttenth-peers")
    given = parser.parse_args()
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in given.products}
    for repeat in range(given.repeats):
        for name, rounds in results.items():
            python = _installed(given.environments / name, PRODUCTS[name].requirement)
            rounds.append(_round(python, name, given.traces, seed=repeat))
            print(json.dumps({"product": name, **rounds[-1]}), file=sys.stderr, flush=True)
    _print(results)


def _installed(environment: Path, requirement: str) -> Path:
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    return python


def _round(python: Path, name: str, count: int, *, seed: int) -> dict[str, Any]:
    driven = f"{python} -m benchmarks.store.peers.drive {name} {count} {seed}"
    alone = ["unshare", "--map-root-user", "--net", "sh", "-c", f"ip link set lo up && exec {driven}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(alone, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    return figures


def _print(results: dict[str, list[dict[str, Any]]]) -> None:
    names = list(dict.fromkeys(name for rounds in results.values() for each in rounds for name in each))
    titles = [f"{name} {PRODUCTS[name].version}" for name in results]
    print(f"| | {' | '.join(titles)} |\n|---{'|---' * len(titles)}|")
    for name in names:
        print(f"| {name} | {' | '.join(_cell([each.get(name) for each in rounds]) for rounds in results.values())} |")


def _cell(values: list[Any]) -> str:
    if any(isinstance(value, str) for value in values):
        return next(value for value in values if isinstance(value, str))
    if any(isinstance(value, dict) for value in values):
        parts = {unit: _cell([value[unit] for value in values]) for unit in values[0]}
        return f"{parts['CPU ms']} CPU ms ({parts['wall ms']} wall)"
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.4g}" if known else ""


if __name__ == "__main__":
    main()
