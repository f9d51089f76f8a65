"""What the full text of spans costs by itself: index the spans of a ledger once more, and nothing else.

    python indexing.py LEDGER

The file is changed: give it a copy. It runs with the measured product's own Python, and so imports nothing beside it.
"""

import asyncio
import contextlib
import sqlite3
import sys
import time
from pathlib import Path

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.opening import open_store


def forget(file: Path) -> int:
    """Take all spans out of the full text, and return how many there are."""
    with contextlib.closing(sqlite3.connect(file)) as ledger, ledger:
        tables = ledger.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%span_words_%'")
        for (name,) in tables.fetchall():
            ledger.execute(f"DROP TABLE {name}")
        ledger.execute("DELETE FROM span_words")
        spans: int = ledger.execute("SELECT count(*) FROM spans").fetchone()[0]
        return spans


async def main(file: Path) -> None:
    """Print CPU microseconds for each span."""
    spans = forget(file)
    store = await open_store("", file, clock=SystemClock(), randomness=system_randomness)
    try:
        before = time.process_time()
        while (await store.index_spans()).spans:
            pass
        print((time.process_time() - before) * 1e6 / max(spans, 1))
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
