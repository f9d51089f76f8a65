"""What an engine offers to the ports that are written once for all engines: transactions, snapshots, and its INSERT."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")


class Engine(Protocol):
    """Run work against connections, off the event loop."""

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """Return an INSERT of the engine's dialect, which says what to do with a row that is there already."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction and return its result once the transaction is durable. Raises StorageError."""
        ...

    async def version(self) -> str:
        """Return a mark that is another one after any commit, of this process or another one. Raises StorageError."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work against one consistent snapshot. Raises StorageError."""
        ...
