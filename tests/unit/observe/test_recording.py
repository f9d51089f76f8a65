"""Recording: nothing waits, nothing is lost while there is a disk, and a loss is counted."""

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lasttenth.observe.recording import BATCH_BYTES, Recorder
from lasttenth.observe.spill import Spill
from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Payload, Span

T = TypeVar("T")
PATHS = os.pathsep.join(path for path in sys.path if path)


class Shelf:
    """A store that refuses for as long as it is told to, or a number of times, and one kind of span for ever."""

    def __init__(self, *, refuses: bool = False, refusals: int = 0, poison: int = -1) -> None:
        self.refuses = refuses
        self.refusals = refusals
        self.poison = poison
        self.spans: list[Span] = []
        self.asked = asyncio.Event()

    async def write(self, _project: str, spans: list[Span]) -> None:
        """Keep spans, or refuse."""
        self.asked.set()
        await asyncio.sleep(0)
        self.refusals -= 1
        if self.refuses or self.refusals >= 0:
            raise StorageError("The disk is full.")
        if any(each.start == self.poison for each in spans):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
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


def test_without_payloads_everything_else_is_written(tmp_path: Path) -> None:
    async def work() -> list[Span]:
        shelf = Shelf()
        recorder = Recorder(shelf.write, folder=tmp_path, payloads=False)
        recorder.start()
        recorder.record("one", span(7, size=100))
        await recorder.flush()
        await recorder.close()
        return shelf.spans

    assert asyncio.run(work()) == [msgspec.structs.replace(span(7), input=None)]


def test_spans_that_nobody_waits_for_are_written_together(tmp_path: Path) -> None:
    async def work() -> list[int]:
        batches: list[int] = []

        async def write(_project: str, spans: list[Span]) -> None:
            batches.append(len(spans))

        recorder = Recorder(write, folder=tmp_path)
        recorder.start()
        for number in range(10):
            recorder.record("one", span(number))
            await asyncio.sleep(0)
        await recorder.flush()
        await recorder.close()
        return batches

    assert asyncio.run(work()) == [10]


def test_batch_is_bounded_in_bytes_and_is_never_empty(tmp_path: Path) -> None:
    async def work() -> list[int]:
        batches: list[int] = []

        async def write(_project: str, spans: list[Span]) -> None:
            batches.append(len(spans))

        recorder = Recorder(write, folder=tmp_path)
        for number in range(5):
            recorder.record("one", span(number, size=BATCH_BYTES // 2 - 2048))
        recorder.record("one", span(5, size=BATCH_BYTES))
        recorder.start()
        await recorder.flush()
        await recorder.close()
        return batches

    assert asyncio.run(work()) == [2, 2, 1, 1]


def test_who_gives_way_waits_until_the_queue_is_no_longer_crowded(tmp_path: Path) -> None:
    async def work() -> tuple[int, int]:
        shelf = Shelf()
        recorder = Recorder(shelf.write, folder=tmp_path, queue_bytes=10_000)
        for number in range(5):
            recorder.record("one", span(number, size=500))
        assert recorder.is_crowded
        recorder.start()
        await recorder.give_way()
        waiting = recorder.health().waiting
        await recorder.close()
        return waiting, recorder.health().spilled

    assert asyncio.run(work()) == (0, 0)


def test_nobody_waits_again_for_a_store_that_takes_nothing(tmp_path: Path) -> None:
    async def work() -> list[bool]:
        hangs = asyncio.Event()

        async def write(_project: str, _spans: list[Span]) -> None:
            await hangs.wait()

        recorder = Recorder(write, folder=tmp_path, queue_bytes=10_000)
        recorder.start()
        for number in range(5):
            recorder.record("one", span(number, size=500))
        crowded = [recorder.is_crowded]
        await recorder.give_way()
        crowded.append(recorder.is_crowded)
        hangs.set()
        await recorder.flush()
        for number in range(5):
            recorder.record("one", span(number, size=500))
        crowded.append(recorder.is_crowded)
        await recorder.close()
        return crowded

    assert asyncio.run(work()) == [True, False, True]


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


def test_spill_of_a_process_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from tests.unit.observe.test_recording import Spill, span; "
        "Spill(Path(sys.argv[1]), process=os.getpid()).append('one', span(7)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, env={**os.environ, "PYTHONPATH": PATHS})

    taken = Spill(tmp_path, process=os.getpid())

    assert [each.start for _, each in taken.read()] == [7]


def test_span_that_no_store_takes_is_dropped_alone_and_counted(tmp_path: Path) -> None:
    async def work() -> tuple[list[int], int]:
        shelf = Shelf(poison=3)
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        for number in range(6):
            recorder.record("one", span(number))
        await asyncio.wait_for(recorder.flush(), 10)
        await recorder.close()
        return [each.start for each in shelf.spans], recorder.health().dropped

    assert asyncio.run(work()) == ([0, 1, 2, 4, 5], 1)


def test_span_that_cannot_even_be_spilled_breaks_nothing_and_is_counted(tmp_path: Path) -> None:
    async def work() -> int:
        recorder = Recorder(Shelf().write, folder=tmp_path, queue_bytes=0)
        recorder.record("one", span(2**80))
        return recorder.health().dropped

    assert asyncio.run(work()) == 1


def test_flush_after_a_store_that_had_refused_waits_without_holding_up_everybody_else(tmp_path: Path) -> None:
    async def work() -> tuple[int, bool]:
        shelf = Shelf(refusals=1)
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        for number in range(300):
            recorder.record("one", span(number))
        while not shelf.spans:
            shelf.asked.clear()
            await shelf.asked.wait()
            await asyncio.sleep(0)
        was_waiting = recorder.health().waiting > 0
        await recorder.flush()
        await recorder.close()
        return len(shelf.spans), was_waiting

    assert in_time(work) == (300, True)


def test_flush_waits_for_what_was_spilled_as_well(tmp_path: Path) -> None:
    async def work() -> int:
        shelf = Shelf()
        recorder = Recorder(shelf.write, folder=tmp_path, queue_bytes=3_000)
        recorder.start()
        for number in range(600):
            recorder.record("one", span(number))
        await asyncio.wait_for(recorder.flush(), 30)
        stored = len(shelf.spans)
        await recorder.close()
        return stored

    assert asyncio.run(work()) == 600


def test_flush_does_not_wait_for_what_comes_after_it(tmp_path: Path) -> None:
    async def work() -> bool:
        shelf, flushed = Shelf(), asyncio.Event()

        async def write_and_take_more(project: str, spans: list[Span]) -> None:
            await shelf.write(project, spans)
            if not flushed.is_set():
                recorder.record("one", span(len(shelf.spans)))

        recorder = Recorder(write_and_take_more, folder=tmp_path)
        recorder.start()
        recorder.record("one", span(0))
        await asyncio.wait_for(recorder.flush(), 10)
        flushed.set()
        await recorder.close()
        return bool(shelf.spans)

    assert asyncio.run(work())


def test_spill_comes_back_without_new_spans_once_the_store_takes_them_again(tmp_path: Path) -> None:
    earlier = Spill(tmp_path, process=os.getpid())
    earlier.append("one", span(1))
    earlier.close()

    async def work() -> list[int]:
        shelf = Shelf(refusals=2)
        recorder = Recorder(shelf.write, folder=tmp_path)
        recorder.start()
        while not shelf.spans:
            shelf.asked.clear()
            await asyncio.wait_for(shelf.asked.wait(), 10)
            await asyncio.sleep(0)
        await recorder.close()
        return [each.start for each in shelf.spans]

    assert asyncio.run(work()) == [1]


def test_what_is_recorded_after_the_close_waits_in_the_spill_file(tmp_path: Path) -> None:
    async def work() -> list[int]:
        recorder = Recorder(Shelf().write, folder=tmp_path)
        recorder.start()
        await recorder.close()
        recorder.record("one", span(7))
        return [each.start for _, each in Spill(tmp_path, process=os.getpid()).read()]

    assert asyncio.run(work()) == [7]


def test_close_that_is_interrupted_keeps_what_waits(tmp_path: Path) -> None:
    async def work() -> list[int]:
        reached, never = asyncio.Event(), asyncio.Event()

        async def hangs(_project: str, _spans: list[Span]) -> None:
            reached.set()
            await never.wait()

        recorder = Recorder(hangs, folder=tmp_path)
        recorder.start()
        recorder.record("one", span(7))
        await reached.wait()
        closing = asyncio.ensure_future(recorder.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        return [each.start for _, each in Spill(tmp_path, process=os.getpid()).read()]

    assert asyncio.run(work()) == [7]


def test_spill_is_read_in_pieces_and_keeps_what_comes_in_between(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=os.getpid())
    for number in range(600):
        spill.append("one", span(number))

    pieces = []
    while spill.count:
        pieces.append([each.start for _, each in spill.read()])
        if len(pieces) == 2:
            spill.append("one", span(600))
        spill.forget()

    assert [len(piece) for piece in pieces] == [256, 256, 89]
    assert list(itertools.chain(*pieces)) == list(range(601))
    assert not list(tmp_path.glob("spill-*"))


def test_record_that_another_version_wrote_hides_nothing_and_stops_nothing(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=os.getpid())
    path = tmp_path / f"spill-{os.getpid()}.bin"
    spill.append("one", span(1))
    path.write_bytes(path.read_bytes() + (3).to_bytes(4) + b"???")
    spill.append("one", span(2))
    spill.close()

    again = Spill(tmp_path, process=os.getpid())
    found = [each.start for _, each in again.read()]
    again.forget()

    assert found == [1, 2]
    assert again.count == 0
    assert not path.exists()


def test_spill_file_that_somebody_removed_is_not_waited_for(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=os.getpid())
    spill.append("one", span(1))
    (tmp_path / f"spill-{os.getpid()}.bin").unlink()

    found = spill.read()
    spill.forget()

    assert (found, spill.count) == ([], 0)


def in_time(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run work whose failure would hold up its own event loop."""
    done: Future[T] = Future()
    threading.Thread(target=lambda: done.set_result(asyncio.run(work())), daemon=True).start()
    return done.result(10)
