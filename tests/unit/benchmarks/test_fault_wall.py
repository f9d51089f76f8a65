"""The page of faults against the wall itself, and against what was measured."""

from benchmarks.fault_wall import page
from tests.chaos.fault_wall.faults import WALL


def test_page_is_the_one_that_the_wall_writes() -> None:
    written = page.PAGE.read_text(encoding="utf-8")

    assert written == page.text(), "write it anew with: python -m benchmarks.fault_wall.run --page"


def test_page_has_every_fault_once() -> None:
    names = [fault.name for faults in page.PARTS.values() for fault in faults]

    assert names == [fault.name for fault in WALL]
    assert len(set(names)) == len(names)
