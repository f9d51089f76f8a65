"""One round of faiss or usearch over the same vectors, in an environment of its own: it knows nothing of Lasttenth."""

import json
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

LIMITS = (10, 100)


def main() -> None:
    """Build or load one index, measure it and print its figures as JSON; what it found goes to files."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    rows, queries = np.load(folder / "rows.npy"), np.load(folder / "queries.npy")
    file = folder / way.replace(" ", "-")
    figures: dict[str, float] = {}
    began = time.process_time()
    index = _usearch(file, rows) if way.startswith("usearch") else _faiss(file, way, rows)
    if not file.exists():
        figures["build s"] = time.process_time() - began
        index.save(str(file))
    figures["memory MiB"] = file.stat().st_size / 2**20
    for limit in LIMITS:
        spent, found = [], []
        for query in queries:
            began = time.process_time()
            found.append(index.nearest(query, limit))
            spent.append(time.process_time() - began)
        figures[f"query@{limit} ms"] = statistics.median(spent) * 1000
        np.save(folder / f"found-{limit}.npy", np.array(found))
    print(json.dumps(figures))


class _Faiss:
    def __init__(self, faiss: Any, index: Any) -> None:
        self._faiss = faiss
        self._index = index

    def nearest(self, query: Any, limit: int) -> list[int]:
        places: list[int] = self._index.search(query[np.newaxis], limit)[1][0].tolist()
        return places

    def save(self, name: str) -> None:
        self._faiss.write_index(self._index, name)


class _Usearch:
    def __init__(self, index: Any) -> None:
        self._index = index

    def nearest(self, query: Any, limit: int) -> list[int]:
        places: list[int] = self._index.search(query, limit, threads=1).keys.tolist()
        return places

    def save(self, name: str) -> None:
        self._index.save(name)


def _faiss(file: Path, way: str, rows: Any) -> _Faiss:
    faiss = import_module("faiss")
    faiss.omp_set_num_threads(1)
    if file.exists():
        index = faiss.read_index(str(file))
    else:
        recipe = {"faiss flat": "Flat", "faiss hnsw": "HNSW32,Flat", "faiss ivf sq8": "IVF1024,SQ8"}[way]
        index = faiss.index_factory(rows.shape[1], recipe, faiss.METRIC_INNER_PRODUCT)
        index.train(rows)
        index.add(rows)
    if way == "faiss hnsw":
        index.hnsw.efSearch = 200
    if way == "faiss ivf sq8":
        index.nprobe = 64
    return _Faiss(faiss, index)


def _usearch(file: Path, rows: Any) -> _Usearch:
    index = import_module("usearch.index").Index(
        ndim=rows.shape[1], metric="ip", dtype="f16", connectivity=32, expansion_search=200
    )
    if file.exists():
        index.load(str(file))
    else:
        index.add(np.arange(len(rows)), rows, threads=1)
    return _Usearch(index)


if __name__ == "__main__":
    main()
