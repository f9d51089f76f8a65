"""The spill file after a crash: a record that was cut short never spoils those that come behind it."""

from pathlib import Path

import pytest

from lasttenth.observe.spill import Spill
from lasttenth.records.traces import Span

DEAD = 2**30
"""A process id that no Linux gives out."""


def span(number: int) -> Span:
    return Span(trace_id=f"{number:032x}", span_id=f"{number:016x}", name="chat", operation="chat", start=1, end=2)


def drained(spill: Spill) -> list[tuple[str, Span]]:
    """Read and forget until nothing is left."""
    found = []
    while spill.count:
        found += spill.read()
        spill.forget()
    return found


@pytest.mark.parametrize("process", [DEAD, DEAD + 1], ids=["same process id", "another process id"])
def test_record_that_a_crash_cut_short_is_left_out(tmp_path: Path, process: int) -> None:
    Spill(tmp_path, process=DEAD).append("default", span(1))
    with (tmp_path / f"spill-{DEAD}.bin").open("ab") as file:
        file.write(b"\x00\x00\x00\xffhalf a record")

    after = Spill(tmp_path, process=process)
    after.append("default", span(2))

    assert after.count == 2
    assert drained(after) == [("default", span(1)), ("default", span(2))]
