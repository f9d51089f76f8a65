"""Which store an installation has: a SQLite file in its folder, or the PostgreSQL database that its settings name."""

from pathlib import Path

from lasttenth.records.errors import ConfigurationError, MissingExtraError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.copies.tables import Database
from lasttenth.storage.ports import Store
from lasttenth.storage.sqlite import SqliteDatabase, SqliteStore

_SCHEMES = ("postgresql://", "postgres://")


async def open_store(address: str, file: Path, *, clock: Clock, randomness: Randomness) -> Store:
    """Open the database at an address, or the SQLite file where the address is empty.

    Raises:
        StorageError: it cannot be opened.
        ConfigurationError: the address is of no kind that there is an engine for.
        MissingExtraError: the extra `postgres` is not installed.
    """
    if not address:
        return await SqliteStore.open(file, clock=clock, randomness=randomness)
    _check(address)
    try:
        from lasttenth.storage.postgres import PostgresStore  # noqa: PLC0415 - it needs an extra
    except ImportError as error:
        raise _missing(error) from error
    return await PostgresStore.open(address, clock=clock, randomness=randomness)


def open_database(address: str, file: Path) -> Database:
    """Open the same database for copies, with whatever schema it has. Raises what `open_store` raises."""
    if not address:
        return SqliteDatabase(file)
    _check(address)
    try:
        from lasttenth.storage.postgres import PostgresDatabase  # noqa: PLC0415 - it needs an extra
    except ImportError as error:
        raise _missing(error) from error
    return PostgresDatabase(address)


def _check(address: str) -> None:
    if not address.startswith(_SCHEMES):
        # The address may hold a password, so it is not repeated here.
        raise ConfigurationError(
            "`storage` names no database that Lasttenth knows.",
            hint="Write postgresql://user:password@host/database, or leave it out for SQLite in the folder.",
        )


def _missing(error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        f"PostgreSQL needs the module {error.name!r}, which is not installed.",
        hint="Run: pip install 'lasttenth[postgres]'",
    )
