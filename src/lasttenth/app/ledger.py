"""What a supervisor keeps open for its workers: the store, and the socket over which they write where one process must."""

from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from lasttenth.app.installation import DEFAULT_PROJECT, Place, open_ledger
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.releases.registry import Registry
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import Writer


class Ledger:
    """The store of an installation, brought up to date once, before any worker opens it.

    Args:
        place: where the installation is.
    """

    store: Store
    socket: Path | None = None
    """Where workers hand over what they write; None where each of them writes by itself."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        clock = SystemClock()
        async with AsyncExitStack() as opened:
            self.store = await open_ledger(self._place, clock)
            opened.push_async_callback(self.store.close)
            registry = Registry(await self.store.project(DEFAULT_PROJECT), ids=Ids(clock), clock=clock)
            await registry.install_builtin()
            if not self._place.settings.storage:
                writer = await Writer.open(self.store, self._place.folder)
                opened.push_async_callback(writer.close)
                self.socket = writer.path
            self._open = opened.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()
