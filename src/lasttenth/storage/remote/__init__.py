"""A store that is read here and written by another process: writes go to it over a Unix socket, and nothing else does."""

from lasttenth.storage.remote.client import WriterClient, WriterHealth
from lasttenth.storage.remote.store import RemoteStore
from lasttenth.storage.remote.writer import Writer

__all__ = ["RemoteStore", "Writer", "WriterClient", "WriterHealth"]
