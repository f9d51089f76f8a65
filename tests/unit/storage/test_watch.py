"""Watching: what is kept is let go of when anything is committed, and is never trusted when nobody looks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lasttenth.records.errors import StorageError
from lasttenth.storage.watch import MOST_SECONDS, REMEMBERED, Kept, Watch
from lasttenth.testing import FixedClock

T = TypeVar("T")


class Shelf:
    """A store of one value that counts how often it is read, and is away for as long as it is told to be."""

    def __init__(self) -> None:
        self.value: str | None = "first"
        self.commits = 0
        self.reads = 0
        self.is_away = False

    async def version(self) -> str:
        """Return the number of commits."""
        if self.is_away:
            raise StorageError("The store is away.")
        return str(self.commits)

    async def read(self) -> str | None:
        """Return the value."""
        self.reads += 1
        return self.value

    def commit(self, value: str | None) -> None:
        """Change the value."""
        self.value = value
        self.commits += 1


def watched(work: Callable[[Shelf, Watch, FixedClock], Awaitable[T]]) -> T:
    """Run work with a watch that looks only when it is told to."""

    async def opened() -> T:
        shelf, clock = Shelf(), FixedClock()
        watch = Watch(shelf.version, clock)
        await watch._look()
        return await work(shelf, watch, clock)

    return asyncio.run(opened())


def test_value_is_read_once_until_something_is_committed() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> tuple[list[str | None], int]:
        kept: Kept[str, str] = Kept(watch)
        found = [await kept.get("k", shelf.read) for _ in range(3)]
        shelf.commit("second")
        found.append(await kept.get("k", shelf.read))
        await watch._look()
        found.append(await kept.get("k", shelf.read))
        return found, shelf.reads

    assert watched(work) == (["first", "first", "first", "first", "second"], 2)


def test_nothing_is_kept_while_the_last_look_is_old_or_failed_or_nobody_looks() -> None:
    async def work(shelf: Shelf, watch: Watch, clock: FixedClock) -> list[str | None]:
        kept: Kept[str, str] = Kept(watch)
        found = []
        clock.advance(int(MOST_SECONDS * 1e9) + 1)
        found.append(await kept.get("k", shelf.read))
        await watch._look()
        await kept.get("k", shelf.read)
        shelf.is_away = True
        await watch._look()
        shelf.value = "changed"
        found.append(await kept.get("k", shelf.read))
        shelf.value = "again"
        found.append(await Kept[str, str](None).get("k", shelf.read))
        return found

    assert watched(work) == ["first", "changed", "again"]


def test_value_that_was_read_across_a_commit_is_not_kept() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> list[str | None]:
        kept: Kept[str, str] = Kept(watch)

        async def read_late() -> str | None:
            found = await shelf.read()
            shelf.commit("second")
            await watch._look()
            return found

        return [await kept.get("k", read_late), await kept.get("k", shelf.read)]

    assert watched(work) == ["first", "second"]


def test_what_is_not_there_is_asked_for_each_time() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> list[str | None]:
        kept: Kept[str, str] = Kept(watch)
        shelf.value = None
        found = [await kept.get("k", shelf.read)]
        shelf.value = "made"
        return [*found, await kept.get("k", shelf.read)]

    assert watched(work) == [None, "made"]


def test_own_change_is_seen_at_once() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> str | None:
        kept: Kept[str, str] = Kept(watch)
        await kept.get("k", shelf.read)
        shelf.commit("second")
        kept.forget()
        return await kept.get("k", shelf.read)

    assert watched(work) == "second"


def test_few_values_are_kept_however_many_are_read() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> int:
        kept: Kept[int, str] = Kept(watch)
        for number in range(REMEMBERED + 10):
            await kept.get(number, shelf.read)
        return len(kept._values)

    assert watched(work) == REMEMBERED
