"""The database of an installation as a whole, for copies: the engines are those of `storage.opening`."""

from pathlib import Path

from lasttenth.storage.copies import Database
from lasttenth.storage.opening import check_address, missing_extra
from lasttenth.storage.sqlite.copies import SqliteDatabase


def open_database(address: str, file: Path) -> Database:
    """Open the database at an address, or the SQLite file where the address is empty, whatever its schema.

    Raises:
        StorageError: it cannot be opened.
        ConfigurationError: the address is of no kind that there is an engine for.
        MissingExtraError: the extra `postgres` is not installed.
    """
    if not address:
        return SqliteDatabase(file)
    check_address(address)
    try:
        from lasttenth.storage.postgres.copies import PostgresDatabase  # noqa: PLC0415 - it needs an extra
    except ImportError as error:
        raise missing_extra(error) from error
    return PostgresDatabase(address)
