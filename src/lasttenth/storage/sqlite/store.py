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
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE


def sqlite_native(one_by_one: int = COMPARED_ONE_BY_ONE) -> Native:
    """Return what SQLite does in its own way.

    Args:
        one_by_one: chunks of an index up to which its vectors are compared one by one.
    """
    return Native(SqliteSpans(), SqliteSpanWords(), lambda: SqliteSearch(one_by_one))


class SqliteStore(TableStore):
    """The store in one file. Open it with `await SqliteStore.open(…)`."""

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        randomness: Randomness,
        busy_timeout: float = 5.0,
        one_by_one: int = COMPARED_ONE_BY_ONE,
    ) -> "SqliteStore":
        """Open or create the file and bring its schema up to date.

        Args:
            path: the file; its folder must exist.
            clock: where times come from.
            randomness: where keys come from.
            busy_timeout: seconds to wait for another process that holds the write lock.
            one_by_one: chunks of an index up to which its vectors are compared one by one.

        Raises:
            StorageError: it cannot be opened or used.
        """
        engine = SqliteEngine(path, busy_timeout=busy_timeout)
        store = cls(engine, sqlite_native(one_by_one), clock=clock, randomness=randomness)
        try:
            # Only what has something to write waits for another process that does.
            if not await engine.read(is_up_to_date):
                await asyncio.to_thread(prepare)
                await engine.write(store.upgrade)
        except BaseException:
            await engine.close()
            raise
        return store
