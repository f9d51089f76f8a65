"""The spill file after a crash: a record that was cut short never spoils those that come behind it."""

from pathlib import Path

import pytest

from lasttenth.observe.spill import Spill
from lasttenth.records.traces import Span

PROCESS = 7


def span(number: int) -> Span:
    return Span(trace_id=f"{number:032x}", span_id=f"{number:016x}", name="chat", operation="chat", start=1, end=2)


def drained(spill: Spill) -> list[tuple[str, Span]]:
    """Read and forget until nothing is left."""
    found = []
    while spill.count:
        found += spill.read()
        spill.forget()
    return found


def leave_behind(folder: Path, process: int, *spans: Span) -> None:
    """Spill spans and end, as a process does that is killed: the kernel lets go of its files."""
    spill = Spill(folder, process=process)
    for each in spans:
        spill.append("default", each)
    spill.close()


@pytest.mark.parametrize("process", [PROCESS, PROCESS + 1], ids=["same process id", "another process id"])
def test_record_that_a_crash_cut_short_is_left_out(tmp_path: Path, process: int) -> None:
    leave_behind(tmp_path, PROCESS, span(1))
    with (tmp_path / f"spill-{PROCESS}.bin").open("ab") as file:
        file.write(b"\x00\x00\x00\xffhalf a record")

    after = Spill(tmp_path, process=process)
    after.append("default", span(2))

    assert after.count == 2
    assert drained(after) == [("default", span(1)), ("default", span(2))]
    assert not list(tmp_path.iterdir())


def test_file_of_a_process_that_lives_is_left_to_it_even_where_both_have_one_process_id(tmp_path: Path) -> None:
    living = Spill(tmp_path, process=PROCESS)
    living.append("default", span(1))

    other = Spill(tmp_path, process=PROCESS)
    other.append("default", span(2))

    assert drained(other) == [("default", span(2))]
    assert drained(living) == [("default", span(1))]


def test_file_that_is_left_behind_later_is_taken_over_later(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=PROCESS)
    leave_behind(tmp_path, PROCESS + 1, span(1), span(2))

    spill.take_over()

    assert drained(spill) == [("default", span(1)), ("default", span(2))]


def test_file_that_somebody_removed_gets_no_more_spans(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=PROCESS)
    spill.append("default", span(1))
    (tmp_path / f"spill-{PROCESS}.bin").unlink()

    spill.append("default", span(2))
    spill.close()

    assert drained(Spill(tmp_path, process=PROCESS)) == [("default", span(2))]


def test_what_is_spilled_after_the_close_is_found_by_the_next_process(tmp_path: Path) -> None:
    spill = Spill(tmp_path, process=PROCESS)
    spill.close()

    for number in range(3):
        spill.append("default", span(number))

    assert len(list(tmp_path.iterdir())) == 1
    assert drained(Spill(tmp_path, process=PROCESS)) == [("default", span(number)) for number in range(3)]
