"""Recording under adversity: a span that cannot be stored, or a store that refuses, loses nothing else."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from lasttenth.observe.recording import Recorder
from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Span


def span(name: str) -> Span:
    return Span(trace_id=name.rjust(32, "0"), span_id=name.rjust(16, "0"), name=name, operation="chat", start=1, end=2)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - bounded, and nothing else tells
            await asyncio.sleep(0.005)


def test_span_that_cannot_be_stored_stops_no_other(tmp_path: Path) -> None:
    stored: list[str] = []

    async def write(_project: str, spans: list[Span]) -> None:
        if any(each.name == "poison" for each in spans):
            raise OverflowError("This number is too large.")
        stored.extend(each.name for each in spans)

    async def scenario() -> int:
        recorder = Recorder(write, folder=tmp_path)
        for name in ("a", "poison", "b"):
            recorder.record("default", span(name))
        recorder.start()
        await recorder.flush()
        recorder.record("default", span("c"))
        await recorder.flush()
        await recorder.close()
        return recorder.health().dropped

    dropped = asyncio.run(scenario())

    assert stored == ["a", "b", "c"]
    assert dropped == 1


def test_spilled_span_is_stored_once_the_store_is_back_though_nothing_new_comes(tmp_path: Path) -> None:
    stored: list[str] = []
    refusals = [StorageError("Locked."), StorageError("Locked.")]

    async def write(_project: str, spans: list[Span]) -> None:
        if refusals:
            raise refusals.pop()
        stored.extend(each.name for each in spans)

    async def scenario() -> None:
        recorder = Recorder(write, folder=tmp_path, queue_bytes=0)
        recorder.record("default", span("spilled"))
        recorder.start()
        await until(lambda: stored == ["spilled"])
        await recorder.close()

    asyncio.run(scenario())

    assert stored == ["spilled"]
    assert list(tmp_path.glob("spill-*")) == []
