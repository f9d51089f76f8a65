"""The store in one SQLite file."""

from lasttenth.storage.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
