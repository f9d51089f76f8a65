"""The upkeep of traces: what was written becomes searchable by itself, and a store that refuses does not end it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.conftest import with_sqlite

from lasttenth.observe.upkeep import BUSY_SECONDS, QUIET_SECONDS, Upkeep
from lasttenth.records.traces import Payload, Span, TraceFilter
from lasttenth.storage.ports import Store

SAID = Payload(media_type="text/plain", body=b"Where is my refund?")
SPAN = Span(trace_id="1" * 32, span_id="2" * 16, name="n", operation="chat", start=1, end=2, input=SAID)


def test_what_was_written_becomes_searchable(tmp_path: Path) -> None:
    async def work(store: Store) -> int:
        upkeep = Upkeep(store)
        upkeep.start()
        traces = (await store.project("one")).traces
        await traces.append([SPAN])
        upkeep.wake()
        await _until(lambda: _is_searchable(store))
        await upkeep.close()
        return len(await traces.latest(where=TraceFilter(words="refund")))

    assert asyncio.run(with_sqlite(tmp_path, work)) == 1


def test_close_right_after_waking_ends(tmp_path: Path) -> None:
    async def work(store: Store) -> int:
        upkeep = Upkeep(store)
        upkeep.start()
        await asyncio.sleep(0)
        upkeep.wake()
        await asyncio.sleep(0)
        await asyncio.wait_for(upkeep.close(), 30)
        return len(asyncio.all_tasks())

    assert asyncio.run(with_sqlite(tmp_path, work)) == 1


def test_search_waits_for_the_little_that_is_left(tmp_path: Path) -> None:
    async def work(store: Store) -> int:
        await (await store.project("one")).traces.append([SPAN])
        await Upkeep(store).catch_up()
        return (await store.search_lag()).spans

    assert asyncio.run(with_sqlite(tmp_path, work)) == 0


def test_indexing_waits_for_writing_and_a_search_does_not(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[int, int]:
        upkeep = Upkeep(store, is_behind=lambda: True)
        await (await store.project("one")).traces.append([SPAN])
        upkeep.start()
        upkeep.wake()
        await asyncio.sleep(3 * QUIET_SECONDS)
        waiting = (await store.search_lag()).spans
        async with asyncio.timeout(BUSY_SECONDS / 2):
            await upkeep.catch_up()
        await upkeep.close()
        return waiting, (await store.search_lag()).spans

    assert asyncio.run(with_sqlite(tmp_path, work)) == (1, 0)


async def _is_searchable(store: Store) -> bool:
    return (await store.search_lag()).spans == 0


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0.01)
