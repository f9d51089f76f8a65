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


def test_those_who_ask_at_once_share_one_reading() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> tuple[set[str | None], int]:
        kept: Kept[str, str] = Kept(watch)

        async def read_slowly() -> str | None:
            await asyncio.sleep(0)
            return await shelf.read()

        found = await asyncio.gather(*[kept.get("k", read_slowly) for _ in range(10)])
        return set(found), shelf.reads

    assert watched(work) == ({"first"}, 1)


def test_reading_that_began_before_an_own_change_is_not_shared_with_those_who_ask_after_it() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> list[str | None]:
        kept: Kept[str, str] = Kept(watch)
        may_end = asyncio.Event()

        async def read_late() -> str | None:
            found = await shelf.read()
            await may_end.wait()
            return found

        early = asyncio.ensure_future(kept.get("k", read_late))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        shelf.commit("second")
        kept.forget()
        found = [await kept.get("k", shelf.read)]
        may_end.set()
        return [*found, await early, await kept.get("k", shelf.read)]

    assert watched(work) == ["second", "first", "second"]


def test_reading_fails_for_all_who_wait_for_it_and_is_tried_again() -> None:
    async def work(shelf: Shelf, watch: Watch, _clock: FixedClock) -> tuple[list[str], str | None]:
        kept: Kept[str, str] = Kept(watch)

        async def fail() -> str | None:
            await asyncio.sleep(0)
            raise StorageError("The store is away.")

        found = await asyncio.gather(*[kept.get("k", fail) for _ in range(2)], return_exceptions=True)
        return [type(each).__name__ for each in found], await kept.get("k", shelf.read)

    assert watched(work) == (["StorageError", "StorageError"], "first")
