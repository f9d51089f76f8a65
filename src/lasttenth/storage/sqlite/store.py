"""The SQLite store: opens the file and brings its schema up to date."""

import asyncio
from pathlib import Path

from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.migrate import is_up_to_date, prepare
from lasttenth.storage.sqlite.engine import SqliteEngine
from lasttenth.storage.sqlite.search import SqliteSearch
from lasttenth.storage.sqlite.span_words import SqliteSpanWords
from lasttenth.storage.sqlite.spans import SqliteSpans
from lasttenth.storage.store import Native, TableStore


class SqliteStore(TableStore):
    """The store in one file. Open it with `await SqliteStore.open(…)`."""

    @classmethod
    async def open(
        cls, path: Path, *, clock: Clock, randomness: Randomness, busy_timeout: float = 5.0
    ) -> "SqliteStore":
        """Open or create the file and bring its schema up to date. Raises StorageError."""
        engine = SqliteEngine(path, busy_timeout=busy_timeout)
        native = Native(SqliteSpans(), SqliteSpanWords(), SqliteSearch)
        store = cls(engine, native, clock=clock, randomness=randomness)
        try:
            # Only what has something to write waits for another process that does.
            if not await engine.read(is_up_to_date):
                await asyncio.to_thread(prepare)
                await engine.write(store.upgrade)
        except BaseException:
            await engine.close()
            raise
        return store
