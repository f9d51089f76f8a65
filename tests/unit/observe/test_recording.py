"""Recording: nothing waits, nothing is lost while there is a disk, and a loss is counted."""

import asyncio
import os
from pathlib import Path

from lasttenth.observe.recording import Recorder
from lasttenth.observe.spill import Spill
from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Payload, Span


class Shelf:
    """A store that refuses for as long as it is told to."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.spans: list[Span] = []
        self.asked = asyncio.Event()

    async def write(self, _project: str, spans: list[Span]) -> None:
        """Keep spans, or refuse."""
        self.asked.set()
        if self.refuses:
            raise StorageError("The disk is full.")
        self.spans += spans


def span(number: int, *, size: int = 0) -> Span:
    """Return a span with a payload of some bytes."""
    body = Payload(media_type="text/plain", body=b"x" * size)
    return Span(
        trace_id=f"{number:032x}", span_id="a" * 16, name="n", operation="chat", start=number, end=9, input=body
    )


def test_spans_are_written_behind_in_the_order_they_came(tmp_path: Path) -> None:
    async def work() -> list[Span]:
        shelf = Shelf()
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        for number in range(1000):
            recorder.record("one", span(number))
        await recorder.flush()
        await recorder.close()
        return shelf.spans

    assert [each.start for each in asyncio.run(work())] == list(range(1000))


def test_what_the_queue_cannot_hold_goes_to_the_spill_file_and_comes_back(tmp_path: Path) -> None:
    async def work() -> tuple[int, list[int]]:
        shelf = Shelf(refuses=True)
        recorder = Recorder(shelf.write, folder=tmp_path, queue_bytes=10_000)
        recorder.start()
        for number in range(20):
            recorder.record("one", span(number, size=1_000))
        spilled = recorder.health().spilled
        await shelf.asked.wait()
        shelf.refuses = False
        while len(shelf.spans) < 20:
            shelf.asked.clear()
            await asyncio.wait_for(shelf.asked.wait(), 10)
        await recorder.close()
        return spilled, sorted(each.start for each in shelf.spans)

    spilled, stored = asyncio.run(work())

    assert spilled == 16
    assert stored == list(range(20))
    assert not list(tmp_path.glob("spill-*"))


def test_what_the_store_refuses_at_the_end_waits_for_the_next_start(tmp_path: Path) -> None:
    async def stop(shelf: Shelf) -> None:
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        recorder.record("one", span(7))
        await shelf.asked.wait()
        await recorder.close()

    async def start(shelf: Shelf) -> list[Span]:
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        await asyncio.wait_for(shelf.asked.wait(), 10)
        await recorder.close()
        return shelf.spans

    asyncio.run(stop(Shelf(refuses=True)))

    assert asyncio.run(start(Shelf())) == [span(7)]


def test_drop_needs_a_spill_file_that_cannot_be_written_and_is_counted(tmp_path: Path) -> None:
    async def work() -> int:
        recorder = Recorder(Shelf(refuses=True).write, folder=tmp_path / "gone", queue_bytes=0)
        recorder.record("one", span(1))
        return recorder.health().dropped

    assert asyncio.run(work()) == 1


def test_spill_of_a_dead_process_is_taken_over_and_one_of_a_living_process_is_left(tmp_path: Path) -> None:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    for process in (os.getppid(), child):
        Spill(tmp_path, process=process).append("one", span(process))

    taken = Spill(tmp_path, process=os.getpid()).read()

    assert [each.start for _, each in taken] == [child]
    assert (tmp_path / f"spill-{os.getppid()}.bin").exists()


def test_record_that_a_crash_cut_short_is_cut_off_and_hides_nothing_that_comes_later(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=os.getpid())
    spill.append("one", span(1))
    spill.append("one", span(2))
    path = tmp_path / f"spill-{os.getpid()}.bin"
    path.write_bytes(path.read_bytes()[:-3])

    again = Spill(tmp_path, process=os.getpid())
    again.append("one", span(3))

    assert [each.start for _, each in again.read()] == [1, 3]
