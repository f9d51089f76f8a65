"""Whole databases: read from one engine or an archive, written to another, and proven to be the same."""

from lasttenth.storage.copies.archive import Archive, ArchivedTable, Manifest
from lasttenth.storage.copies.moving import Report, back_up, ensure_empty, fill, move
from lasttenth.storage.copies.tables import Database, Progress

__all__ = [
    "Archive",
    "ArchivedTable",
    "Database",
    "Manifest",
    "Progress",
    "Report",
    "back_up",
    "ensure_empty",
    "fill",
    "move",
]
