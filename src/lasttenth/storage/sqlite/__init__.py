"""The store in one SQLite file."""

from lasttenth.storage.sqlite.engine import SqliteReader
from lasttenth.storage.sqlite.store import NATIVE, SqliteStore

__all__ = ["NATIVE", "SqliteReader", "SqliteStore"]
