"""The PostgreSQL store: connects to the database and brings its schema up to date."""

from sqlalchemy import Connection, text

from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.migrate import is_up_to_date
from lasttenth.storage.postgres.engine import PostgresEngine, read_address
from lasttenth.storage.postgres.search import PostgresSearch
from lasttenth.storage.postgres.span_words import PostgresSpanWords
from lasttenth.storage.postgres.spans import PostgresSpans
from lasttenth.storage.store import Native, TableStore
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE

_MIGRATING = 0x1A577E47
"""The number of the lock under which one process at a time changes the schema."""


def postgres_native(engine: PostgresEngine, one_by_one: int = COMPARED_ONE_BY_ONE) -> Native:
    """Return what PostgreSQL does in its own way.

    Args:
        engine: the database, for what is done outside transactions.
        one_by_one: chunks of an index up to which its vectors are compared one by one.
    """
    return Native(PostgresSpans(), PostgresSpanWords(), lambda: PostgresSearch(engine, one_by_one))


class PostgresStore(TableStore):
    """The store in one database. Open it with `await PostgresStore.open(…)`."""

    @classmethod
    async def open(
        cls, url: str, *, clock: Clock, randomness: Randomness, one_by_one: int = COMPARED_ONE_BY_ONE
    ) -> "PostgresStore":
        """Connect to a database and bring its schema up to date.

        Args:
            url: `postgresql://user:password@host:port/database`.
            clock: where times come from.
            randomness: where keys come from.
            one_by_one: chunks of an index up to which its vectors are compared one by one.

        Raises:
            StorageError: the database cannot be reached or used.
            ConfigurationError: the address cannot be read.
        """
        engine = PostgresEngine(read_address(url))
        store = cls(engine, postgres_native(engine, one_by_one), clock=clock, randomness=randomness)
        try:
            if not await engine.read(is_up_to_date):
                await engine.write(store.upgrade)
        except BaseException:
            await engine.close()
            raise
        return store

    def upgrade(self, connection: Connection) -> None:
        """Bring the schema up to date; who wants to do the same at the same time waits."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})
        super().upgrade(connection)
