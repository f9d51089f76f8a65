"""The store of a worker: the tables are read here, and every writing method goes to the writer."""

from functools import partial

from lasttenth.records.ids import Clock, Randomness
from lasttenth.records.totals import SearchLag
from lasttenth.storage.ports import KeyRecord
from lasttenth.storage.remote.client import WriterClient, WriterHealth
from lasttenth.storage.remote.methods import METHODS
from lasttenth.storage.store import INDEXED_AT_ONCE, Native, OpenEngine, TableProject, TableStore


class RemoteStore(TableStore):
    """A store that another process writes.

    Args:
        engine: reads the tables, and only reads them.
        writer: the way to the process that writes. It is closed with the store.
    """

    def __init__(
        self, engine: OpenEngine, native: Native, writer: WriterClient, *, clock: Clock, randomness: Randomness
    ) -> None:
        super().__init__(engine, native, clock=clock, randomness=randomness)
        self._writer = writer
        for method in METHODS.values():
            if method.port and not method.of_project:
                setattr(method.owner(self), method.verb, partial(writer.call, method.name, ""))

    async def project(self, name: str) -> TableProject:
        """Return the handle of a project, which is created when it is new."""
        known = self._handles.get(name)
        if known is not None:
            return known
        await self._writer.call("project", "", name)
        handle = await super().project(name)
        for method in METHODS.values():
            if method.of_project:
                setattr(method.owner(handle), method.verb, partial(self._writer.call, method.name, name))
        return handle

    async def add_key(self, key: KeyRecord) -> None:
        """Store a key."""
        await self._writer.call("add_key", "", key)

    async def index_spans(self, *, limit: int = INDEXED_AT_ONCE) -> SearchLag:
        """Make some of the spans that wait for it searchable, in all projects, and return what waits still."""
        lag: SearchLag = await self._writer.call("index_spans", "", limit=limit)
        return lag

    def writer_health(self) -> WriterHealth:
        """Return how handing over stands."""
        return self._writer.health()

    async def close(self) -> None:
        """Hang up, then release files and threads."""
        await self._writer.close()
        await super().close()
