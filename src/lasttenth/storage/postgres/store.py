"""The PostgreSQL store: connects to the database and brings its schema up to date."""

from sqlalchemy import Connection, text

from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.migrate import is_up_to_date, upgrade
from lasttenth.storage.postgres import spans
from lasttenth.storage.postgres.engine import PostgresEngine, read_address
from lasttenth.storage.postgres.search import PostgresSearch
from lasttenth.storage.store import Native, TableStore
from lasttenth.storage.vectors import COMPARED_ONE_BY_ONE

_MIGRATING = 0x1A577E47
"""The number of the lock under which one process at a time changes the schema."""


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
        try:
            if not await engine.read(is_up_to_date):
                await engine.write(_upgrade)
        except BaseException:
            await engine.close()
            raise
        return cls(
            engine, Native(spans, lambda: PostgresSearch(engine, one_by_one)), clock=clock, randomness=randomness
        )


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})
    upgrade(connection)
