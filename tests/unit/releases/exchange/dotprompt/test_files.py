"""Dotprompt files become task files, part by part, and tasks become Dotprompt files."""

from pathlib import Path

import pytest

from lasttenth.records.definitions import Example, Message, Release, Task
from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.dotprompt.files import read_prompts, write_prompts
from lasttenth.releases.exchange.outcomes import Defaults, Imported
from lasttenth.releases.taskfile import TaskFile, read_task

MODEL = Defaults(model="scripted/echo")
WHOLE = """# A licence stands here.

---
name: letterToCustomer
description: Write a letter.
model: googleai/gemini-2.0-flash
config: {temperature: 0.5, maxOutputTokens: 99, stopSequences: [END], safetySettings: [], apiKey: secret}
tools: [clock]
input:
  schema:
    name?: string
    city: string
  default: {city: Rome}
output:
  format: json
  schema: {letter: string}
custom.key: 3
---
{{role "system"}}
Write to {{name}} in {{city}}.
"""


def imported(folder: Path, text: str, name: str = "letter.prompt") -> Imported:
    (folder / name).write_text(text)
    return read_prompts(folder / name, MODEL).prompts[0]


def test_front_matter_becomes_what_a_task_declares(tmp_path: Path) -> None:
    found = imported(tmp_path, WHOLE)

    task, release = read_task(found.text, source="it")
    assert (task.name, task.description, release.model) == (
        "letter-to-customer",
        "Write a letter.",
        "googleai/gemini-2.0-flash",
    )
    assert release.parameters == {"temperature": 0.5, "max_tokens": 99, "stop": ["END"], "safetySettings": []}
    assert release.input_schema is not None
    assert "required" not in release.input_schema
    assert release.output_schema is not None
    assert release.output_schema["required"] == ["letter"]
    assert release.messages == (
        Message(role="system", text='Write to {{ name | default("", true) }} in {{ city | default("Rome") }}.'),
    )
    assert sorted((remark.kind, remark.place) for remark in found.remarks) == [
        ("differs", "config.safetySettings"),
        ("lost", "config.apiKey"),
        ("lost", "custom.key"),
        ("lost", "tools"),
        ("note", "name"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nmodel: [\n---\nx", "not YAML that can be read, line 3"),
        ("---\n- a\n---\nx", "no mapping"),
        ("---\nmodel: a/b\n---\n", "no message"),
        ("---\nmodel: a/b\n---\n{{#if}", "line 4"),
        ("---\nmodel: a/b\n---\n{{>gone}}", "There is no file"),
        ("---\nmodel: a/b\n---\n{{>../gone}}", "outside of the folder"),
        ("---\nmodel: a/b\n---\n{{>self}}", "within each other"),
        ("---\nmodel: a/b\n---\n{{>self a=1}}", "values of their own"),
        ("---\nmodel: 3\n---\nx", "names no model"),
        ("---\ndescription: [a]\n---\nx", "makes no task"),
        ("sk-" + "a" * 30, "a key of OpenAI"),
    ],
)
def test_prompt_that_cannot_be_taken_says_why_and_the_others_go_on(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "_self.prompt").write_text("{{>self}}")
    (tmp_path / "good.prompt").write_text("Good.")
    imported(tmp_path, text)

    good, bad = read_prompts(tmp_path, MODEL).prompts

    assert good.text
    assert not bad.text
    assert said in bad.remarks[-1].message


@pytest.mark.parametrize(
    ("front", "place"),
    [
        ("input: {schema: Customer}", "input.schema"),
        ("input: {schema: string}", "input.schema"),
        ("input: 3", "input"),
        ("output: {format: csv}", "output.format"),
        ("output: {strict: true}", "output.strict"),
    ],
)
def test_schema_that_is_no_object_is_lost(tmp_path: Path, front: str, place: str) -> None:
    found = imported(tmp_path, f"---\n{front}\n---\nx")

    assert [(remark.kind, remark.place) for remark in found.remarks] == [("lost", place)]


def test_variable_that_the_schema_forgot_is_added(tmp_path: Path) -> None:
    found = imported(tmp_path, "---\ninput: {schema: {a: string}}\n---\n{{a}} {{b}} {{question}}")

    release = read_task(found.text, source="it").release
    assert release.input_schema is not None
    assert sorted(release.input_schema["properties"]) == ["a", "b"]
    assert [remark.kind for remark in found.remarks] == ["differs"]


def test_answer_in_json_without_a_schema_is_a_parameter_there_and_back(tmp_path: Path) -> None:
    found = imported(tmp_path, "---\noutput: {format: json}\n---\nx")

    file = read_task(found.text, source="it")
    assert file.release.parameters == {"response_format": {"type": "json_object"}}
    assert "format: json" in write_prompts([file]).files["letter.prompt"]


def test_partial_is_put_in_with_its_indentation(tmp_path: Path) -> None:
    (tmp_path / "_rules.prompt").write_text("Be brief.\nBe kind.\n")

    found = imported(tmp_path, "Rules:\n  {{>rules}}\nNow: {{>rules}}")

    message = read_task(found.text, source="it").release.messages[0]
    assert message.text == "Rules:\n  Be brief.\n  Be kind.\nNow: Be brief.\nBe kind."


def test_variants_lie_beside_and_names_stay_distinct(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("greet.prompt", "greet.formal.prompt", "a/b.prompt", "a-b.prompt"):
        (tmp_path / name).write_text("Hello.")

    found = read_prompts(tmp_path, MODEL).prompts

    assert {prompt.source: (prompt.task, prompt.file) for prompt in found} == {
        "greet.prompt": ("greet", "greet.md"),
        "greet.formal.prompt": ("greet", "variants/greet.formal.md"),
        "a/b.prompt": ("a-b", "a-b.md"),
        "a-b.prompt": ("a-b-2", "a-b-2.md"),
    }
    assert "--pointer formal" in next(prompt for prompt in found if "variants" in prompt.file).remarks[0].message


def test_folder_without_prompts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no prompts"):
        read_prompts(tmp_path, MODEL)


def test_what_changes_answers_here_alone_is_lost_there_and_comes_back(tmp_path: Path) -> None:
    task = Task(name="t", owner="support")
    release = Release(
        task="t",
        model="up/m",
        messages=(Message(role="user", text="{{ question }}"),),
        examples=(Example(input={"question": "Hi"}, output="calm"),),
        cites=True,
    )

    exported = write_prompts([TaskFile(task, release)])

    assert [(remark.kind, remark.place) for remark in exported.remarks["t"]] == [
        ("lost", "examples"),
        ("lost", "cites"),
    ]
    found = imported(tmp_path, exported.files["t.prompt"], "t.prompt")
    assert read_task(found.text, source="it") == TaskFile(task, release)
