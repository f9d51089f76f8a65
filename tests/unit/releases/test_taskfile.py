"""Task files: what they declare, and what is wrong with them in words that help."""

import pytest

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.taskfile import builtin_tasks, read_task, write_task

FILE = """---
name: greet
description: Greet somebody.
model: scripted/echo
parameters:
  temperature: 0
---

# System

Be kind.

## Not a role

# User

Hello {{ question }}.
"""


def test_task_file_gives_a_task_and_its_release() -> None:
    task, release = read_task(FILE, source="greet.md")

    assert (task.name, task.description) == ("greet", "Greet somebody.")
    assert [(message.role, message.text) for message in release.messages] == [
        ("system", "Be kind.\n\n## Not a role"),
        ("user", "Hello {{ question }}."),
    ]
    assert release.parameters == {"temperature": 0}


def test_every_change_of_behaviour_is_another_release_and_formatting_is_not() -> None:
    release = read_task(FILE, source="greet.md").release.hash

    changed = [FILE.replace("kind", "brief"), FILE.replace("0\n", "1\n"), FILE.replace("echo", "other")]
    same = [FILE.replace("description: Greet somebody.\n", ""), FILE.replace("\n", "\r\n").replace("\r\n---", "\n---")]

    assert release not in {read_task(text, source="greet.md").release.hash for text in changed}
    assert read_task(same[0], source="greet.md").release.hash == release


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "greet.md has no front matter"),
        ("---\nname: [\n---\n# User\nx", "is not YAML"),
        ("---\nname: t\nmodel: m\noutput_schema: {properties: {on: {}}}\n---\n# User\nx", "read as True"),
        ("---\nname: t\nmodel: 2024-13-45\n---\n# User\nx", "is not YAML"),
        (f"---\nname: {'[' * 5000}\n---\n# User\nx", "is not YAML"),
        ("---\nname: t\nmodel: a: b\n---\n# User\nx", "is not YAML, line 3"),
        ("---\nname: greet\n---\n# User\nx", "missing required field `model`"),
        ("---\nname: greet\nmodel: m\nmodle: x\n---\n# User\nx", "unknown field `modle`"),
        ("---\nname: greet\nmodel: m\n---\nNo role.", "has no message"),
    ],
)
def test_wrong_task_file_is_named_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_task(text, source="greet.md")


def test_built_in_task_answers_with_citations() -> None:
    tasks = {file.task.name: file.release for file in builtin_tasks()}

    assert tasks["answer"].cites
    assert tasks["answer"].model == "builtin/extractive"


def test_output_of_an_example_may_be_data() -> None:
    text = "---\nname: t\nmodel: m\nexamples:\n  - {output: {b: 1, a: [2]}}\n  - {output: calm}\n---\n# User\nx"

    file = read_task(text, source="it")

    assert [example.output for example in file.release.examples] == ['{"b":1,"a":[2]}', "calm"]
    assert read_task(write_task(file), source="again") == file
