"""What SQLite's refusals mean to a user, and what to do about each."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from lasttenth.records.errors import LasttenthError, StorageError

_MEANINGS = {
    sqlite3.SQLITE_FULL: (
        "The disk that holds {path} is full.",
        "Free some space; nothing acknowledged was lost.",
        5.0,
    ),
    sqlite3.SQLITE_BUSY: (
        "{path} is locked by another process.",
        "Wait for it to finish, or end it, then try again.",
        1.0,
    ),
    sqlite3.SQLITE_LOCKED: ("{path} is locked.", "Try again in a moment.", 1.0),
    sqlite3.SQLITE_READONLY: ("{path} is read-only.", "Give this user the right to write to the folder.", None),
    sqlite3.SQLITE_CANTOPEN: ("{path} cannot be opened.", "Check that its folder exists and may be written to.", None),
    sqlite3.SQLITE_IOERR: ("{path} cannot be read or written: the disk reports an error.", "Check the disk.", None),
    sqlite3.SQLITE_CORRUPT: ("{path} is damaged.", "Restore it from a backup.", None),
    sqlite3.SQLITE_NOTADB: ("{path} is not a Lasttenth database.", "Choose another folder with --folder.", None),
}


def explain(error: Exception, path: Path) -> LasttenthError | None:
    """Return the store's own error for a failure of SQLite, or None where the failure is not SQLite's."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    if not isinstance(error, sqlite3.Error):
        return None
    # The low byte is the primary result code (sqlite.org/rescode.html); errors of the module itself carry none.
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    message, hint, retry_after = _MEANINGS.get(code, (f"{{path}} refused: {error}.", "", None))
    return StorageError(message.format(path=path), hint=hint, retry_after=retry_after)
