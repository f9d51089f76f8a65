"""Which store an installation has: a SQLite file in its folder, or the PostgreSQL database that its settings name."""

from pathlib import Path

from lasttenth.records.errors import ConfigurationError, MissingExtraError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import RemoteStore, WriterClient
from lasttenth.storage.sqlite import SqliteReader, SqliteStore, sqlite_native

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
    check_address(address)
    try:
        from lasttenth.storage.postgres import PostgresStore  # noqa: PLC0415 - it needs an extra
    except ImportError as error:
        raise missing_extra(error) from error
    return await PostgresStore.open(address, clock=clock, randomness=randomness)


def open_remote_store(file: Path, writer: Path, *, clock: Clock, randomness: Randomness) -> RemoteStore:
    """Open the SQLite file of a folder to read, with another process, which listens at a socket, to write it."""
    return RemoteStore(SqliteReader(file), sqlite_native(), WriterClient(writer), clock=clock, randomness=randomness)


def check_address(address: str) -> None:
    """Refuse an address of no kind that there is an engine for. Raises ConfigurationError."""
    if not address.startswith(_SCHEMES):
        # The address may hold a password, so it is not repeated here.
        raise ConfigurationError(
            "`storage` names no database that Lasttenth knows.",
            hint="Write postgresql://user:password@host/database, or leave it out for SQLite in the folder.",
        )


def missing_extra(error: ImportError) -> MissingExtraError:
    """Return what to tell where the module of an engine is not installed."""
    return MissingExtraError(
        f"PostgreSQL needs the module {error.name!r}, which is not installed.",
        hint="Run: pip install 'lasttenth[postgres]'",
    )
