"""The store in one SQLite file."""

from lasttenth.storage.sqlite.copies import SqliteDatabase
from lasttenth.storage.sqlite.store import SqliteStore

__all__ = ["SqliteDatabase", "SqliteStore"]
