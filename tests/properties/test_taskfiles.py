"""Task files: what is written is what is read, and only what changes behaviour changes the hash."""

from typing import Any

import msgspec
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.definitions import Example, Message, Objective, Release, RetrievalBinding, Task, Tool
from lasttenth.releases.differences import differences
from lasttenth.releases.taskfile import TaskFile, read_task, write_task

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
texts = st.lists(
    words
    | st.sampled_from(["# System", "# User", "\\# User", "\\\\# Assistant ", "---", "{{ question }}", "## Title"]),
    max_size=5,
).map(lambda lines: "\n".join(lines).strip())
messages = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), text=texts), min_size=1, max_size=3
).map(tuple)
objectives = st.lists(
    st.builds(Objective, metric=words, margin=st.floats(0, 1), direction=st.sampled_from(["higher", "lower"])),
    max_size=2,
).map(tuple)
examples = st.lists(st.builds(Example, input=st.dictionaries(words, values, max_size=2), output=words), max_size=2).map(
    tuple
)
tools = st.lists(
    st.builds(Tool, name=words, parameters=st.dictionaries(words, values, max_size=2), strict=st.booleans()), max_size=2
).map(tuple)
bindings = st.builds(RetrievalBinding, index=words, passages=st.integers(1, 9))
properties = st.dictionaries(words, values, max_size=3).map(lambda found: {"type": "object", "properties": found})
schemas = st.none() | properties | st.dictionaries(words, values, max_size=3)


@st.composite
def files(draw: st.DrawFn) -> TaskFile:
    name = draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True))
    task = Task(
        name=name,
        description=draw(words),
        owner=draw(words),
        objectives=draw(objectives),
    )
    release = Release(
        task=name,
        messages=draw(messages),
        model=draw(words),
        parameters=draw(st.dictionaries(words, values, max_size=3)),
        examples=draw(examples),
        tools=draw(tools),
        nearest_examples=draw(st.integers(0, 3)),
        retrieval=draw(st.none() | bindings),
        cites=draw(st.booleans()),
        input_schema=draw(schemas),
        output_schema=draw(schemas),
    )
    return TaskFile(task, release)


@given(files())
def test_file_that_is_pulled_declares_what_was_pushed(file: TaskFile) -> None:
    text = write_task(file)

    assert read_task(text, source="pulled") == file
    assert write_task(read_task(text, source="pulled")) == text


@given(files(), st.randoms())
def test_hash_does_not_depend_on_the_order_of_keys_or_on_formatting(file: TaskFile, random: Any) -> None:
    _, head, body = write_task(file).split("---\n", 2)
    front = list(yaml.safe_load(head).items())
    random.shuffle(front)
    turned = yaml.safe_dump(dict(front), sort_keys=False, default_flow_style=True, width=30)

    again = read_task(f"---\n{turned}---\n\n\n{body}\n\n", source="turned")

    assert again.release.hash == file.release.hash
    assert again.task.hash == file.task.hash


@given(files(), properties, st.randoms())
def test_order_in_which_an_answer_is_to_be_written_is_part_of_the_hash(
    file: TaskFile, schema: dict[str, Any], random: Any
) -> None:
    names = list(schema["properties"])
    random.shuffle(names)
    turned = {"properties": {name: schema["properties"][name] for name in names}, "type": "object"}

    one, other = (msgspec.structs.replace(file.release, output_schema=each) for each in (schema, turned))

    assert (one.hash == other.hash) == (names == list(schema["properties"]))
    assert bool(differences(one, other)) == (one.hash != other.hash)


@given(files(), files())
def test_releases_are_different_where_a_part_of_them_is(one: TaskFile, other: TaskFile) -> None:
    found = differences(one.release, other.release)

    assert bool(found) == (one.release.hash != other.release.hash)
    assert all(change.part.split(".")[0] in Release.__struct_fields__ for change in found)
