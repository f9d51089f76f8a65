"""Differences between releases: part by part, and texts line by line."""

import msgspec

from lasttenth.records.definitions import Message, Release, RetrievalBinding
from lasttenth.releases.differences import Change, differences

RELEASE = Release(
    task="t",
    messages=(Message(role="user", text="One\nTwo\nThree"),),
    model="up/m",
    parameters={"seed": 1, "stop": ["a"]},
)


def changed(**fields: object) -> list[Change]:
    return differences(RELEASE, msgspec.structs.replace(RELEASE, **fields))


def test_equal_releases_have_none() -> None:
    assert changed() == []


def test_texts_are_compared_line_by_line() -> None:
    found = changed(messages=(Message(role="user", text="One\n2\nThree"),))

    assert [change.part for change in found] == ["messages.0.text"]
    assert found[0].lines[1:] == (" One", "-Two", "+2", " Three")


def test_parts_are_told_by_their_place() -> None:
    found = changed(
        messages=(*RELEASE.messages, Message(role="assistant", text="x")),
        model="up/n",
        parameters={"temperature": 0.5, "stop": ["b"]},
        retrieval=RetrievalBinding(index="docs", passages=3),
    )

    assert [(change.part, change.kind, change.before, change.after) for change in found] == [
        ("messages.1.role", "added", None, "assistant"),
        ("messages.1.text", "added", None, "x"),
        ("model", "changed", "up/m", "up/n"),
        ("parameters.seed", "removed", 1, None),
        ("parameters.stop.0", "changed", "a", "b"),
        ("parameters.temperature", "added", None, 0.5),
        ("retrieval.index", "added", None, "docs"),
        ("retrieval.passages", "added", None, 3),
    ]


def test_empty_part_that_is_new_is_told() -> None:
    assert [(change.part, change.kind) for change in changed(parameters={**RELEASE.parameters, "logit_bias": {}})] == [
        ("parameters.logit_bias", "added")
    ]


def test_number_and_truth_are_not_the_same() -> None:
    assert [change.part for change in changed(parameters={"seed": True, "stop": ["a"]})] == ["parameters.seed"]
