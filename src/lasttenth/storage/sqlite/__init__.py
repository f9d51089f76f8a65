"""The store in one SQLite file."""

from lasttenth.storage.sqlite.engine import SqliteReader
from lasttenth.storage.sqlite.store import SqliteStore, sqlite_native

__all__ = ["SqliteReader", "SqliteStore", "sqlite_native"]
