"""Streams of the synchronous face: each ends where it is given up, at the latest with the App that they belong to."""

import contextlib
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, Protocol, TypeVar

E = TypeVar("E")


class Loop(Protocol):
    """An event loop in a thread of its own."""

    def wait(self, work: Coroutine[Any, Any, E]) -> E:
        """Return what the work returns, once it is done."""
        ...

    def end(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what ends something, from whatever thread, also where the loop has ended already."""
        ...


class Streams:
    """The streams that are open on a loop."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._open: set[AsyncGenerator[Any]] = set()

    def each_of(self, items: AsyncGenerator[E]) -> Generator[E]:
        """Yield what comes. The collector of garbage may close this in any thread, the loop's own among them."""

        async def next_one() -> E | None:
            return await anext(items, None)

        self._open.add(items)
        try:
            while (item := self._loop.wait(next_one())) is not None:
                yield item
        finally:
            self._open.discard(items)
            self._loop.end(_closed(items))

    def close(self) -> None:
        """End what nobody has heard to its end."""
        for items in list(self._open):
            with contextlib.suppress(RuntimeError):  # it is just being heard in another thread
                self._loop.wait(_closed(items))


async def _closed(items: AsyncGenerator[Any]) -> None:
    await items.aclose()
