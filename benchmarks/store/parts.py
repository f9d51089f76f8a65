"""What the parts of a write cost: the same spans with everything, without rollups, and without the unique index.

Python code is taken out of the running product for this, so it shows differences and nothing else.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from benchmarks.store.engines import Measured
from benchmarks.store.spans import ingest
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.opening import open_store
from lasttenth.storage.ports import Store
from lasttenth.storage.sqlite import spans as sqlite_spans
from lasttenth.storage.traces.rollups import Rollups

TRACES = 2_500
ROUNDS = 5


async def write(prepare: Callable[[Path], None]) -> float:
    """Return the CPU microseconds a span of writing the load to a new file."""
    with tempfile.TemporaryDirectory(prefix="lasttenth-") as folder:
        file = Path(folder) / "store.db"
        await (await _open(file)).close()
        prepare(file)
        store = await _open(file)
        try:
            cost = await ingest(Measured(store, lambda: (time.process_time(), 0.0), dict), TRACES)
        finally:
            await store.close()
    return cost.commit


async def _open(file: Path) -> Store:
    return await open_store("", file, clock=SystemClock(), randomness=system_randomness)


def without_unique_index(file: Path) -> None:
    """Make the table of spans anew, without its constraint."""
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT sql FROM sqlite_master WHERE tbl_name = 'spans' AND sql IS NOT NULL ORDER BY type = 'index'"
        table, *indexes = [row[0] for row in connection.execute(query)]
        connection.execute("DROP TABLE spans")
        connection.execute(table.replace(", \n\tCONSTRAINT spans_by_id UNIQUE (project, trace_id, span_id)", ""))
        for index in indexes:
            connection.execute(index)
        left = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_autoindex_spans_1'")
        assert left.fetchone() == (0,)


def main() -> None:
    """Measure in turns and print the medians."""
    found: dict[str, list[float]] = {"everything": [], "without rollups": [], "without the unique index": []}
    for _ in range(ROUNDS):
        found["everything"].append(asyncio.run(write(lambda _: None)))
        with patch.object(Rollups, "add", lambda *_: None):
            found["without rollups"].append(asyncio.run(write(lambda _: None)))
        with patch.object(sqlite_spans, "_UNLESS_THERE", ""):
            found["without the unique index"].append(asyncio.run(write(without_unique_index)))
    for name, each in found.items():
        print(f"{name}: {statistics.median(each):.1f} µs a span ({min(each):.1f} to {max(each):.1f})")


if __name__ == "__main__":
    main()
