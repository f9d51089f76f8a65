"""All formats of other tools: whatever a task declares that a format does not carry is said to be lost."""

import pytest

from lasttenth.records.definitions import Message, Release, Task
from lasttenth.releases.exchange.formats import FORMATS
from lasttenth.releases.taskfile import TaskFile


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_no_format_knows_is_said_to_be_lost(name: str) -> None:
    release = Release(
        task="greet",
        model="openai/gpt-5-mini",
        messages=(Message(role="user", text="{{ question }}"),),
        guards=({"kind": "length"},),
        code="0" * 64,
        cites=True,
    )

    remarks = FORMATS[name].write([TaskFile(Task(name="greet"), release)]).remarks["greet"]

    assert {remark.place for remark in remarks if remark.kind == "lost"} == {"guards", "code", "cites"}
