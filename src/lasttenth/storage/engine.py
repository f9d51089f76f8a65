"""What an engine offers to the ports that are written once for all engines: a writer and readers of connections."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Engine(Protocol):
    """Run work against connections, off the event loop."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction and return its result once the transaction is durable. Raises StorageError."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work against one consistent snapshot. Raises StorageError."""
        ...
