"""Measure search by meaning: the store on both engines, beside numpy's exact scan and, where they are, faiss and usearch.

    python -m benchmarks.store.vectors [--data FOLDER] [--peers PYTHON] [--mixed 1000000] [--rounds 5]

Every figure is CPU time on one thread; on PostgreSQL that of the server is added. Every round is a process of its own, the
ways take turns, and the table shows medians. `--peers` names a Python that has faiss-cpu, usearch and numpy; `--mixed`
measures SQLite alone with more vectors than there are real ones. Stores are made once in `--work` and used again.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.store.sentences import DATA, Vectors, mixed, vectors

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LIMITS = (10, 100)

_HERE = Path(__file__).parent
_OURS = ("sqlite", "sqlite exact", "postgres", "postgres exact")
_PEERS = ("faiss flat", "faiss hnsw", "faiss ivf sq8", "usearch f16")


def main() -> None:
    """Prepare what is searched, let all ways take turns, and print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of scifact and banking77")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lasttenth-store-work")
    parser.add_argument("--peers", default="", help="a Python with faiss-cpu, usearch and numpy")
    parser.add_argument(
        "--mixed", type=int, default=0, help="measure this many instead: the real ones and mixes of them"
    )
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    real = vectors(given.data)
    size = max(given.mixed, len(real.rows))
    folder = _prepared(given.work, real, size)
    ours, peers = (_OURS[:1], ()) if given.mixed else (_OURS, _PEERS if given.peers else ())
    ways = {way: _ours(folder, way) for way in ("numpy exact", *ours)}
    ways |= {way: [given.peers, str(_HERE / "peers" / "nearest.py"), str(folder), way] for way in peers}
    results: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for number in range(given.rounds):
        for way, command in ways.items():
            results[way].append(_round(command, folder))
            print(f"round {number + 1} of {given.rounds}: {way} {results[way][-1]}", file=sys.stderr, flush=True)
    print(f"\n{size:,} vectors\n")
    _print(results)


def _prepared(work: Path, real: Vectors, size: int) -> Path:
    """Write the vectors, the queries and the right answers where every way finds them."""
    folder = work / str(size)
    if not (folder / "right.npy").exists():
        folder.mkdir(exist_ok=True)
        rows, queries = mixed(real.rows, size), real.queries[::5]
        np.save(folder / "rows.npy", rows)
        np.save(folder / "queries.npy", queries)
        right = [np.argsort(-(rows @ query), kind="stable")[: max(LIMITS)] for query in queries]
        np.save(folder / "right.npy", np.array(right))
    return folder


def _ours(folder: Path, way: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.store.nearest", str(folder), way]


def _round(command: list[str], folder: Path) -> dict[str, float]:
    """Run one round and add which share of the right answers it found."""
    environment = {**os.environ, **ONE_THREAD}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    right = np.load(folder / "right.npy")
    for limit in LIMITS:
        found = np.load(folder / f"found-{limit}.npy")
        shares = [len(set(one) & set(other)) / limit for one, other in zip(found, right[:, :limit], strict=True)]
        figures[f"recall@{limit}"] = statistics.mean(shares)
    return figures


def _print(results: dict[str, list[dict[str, float]]]) -> None:
    names = list(dict.fromkeys(name for rounds in results.values() for each in rounds for name in each))
    print(f"| | {' | '.join(names)} |\n|---{'|---' * len(names)}|")
    for way, rounds in results.items():
        cells = [_cell([each[name] for each in rounds if name in each]) for name in names]
        print(f"| {way} | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.4g}" if values else ""


if __name__ == "__main__":
    main()
