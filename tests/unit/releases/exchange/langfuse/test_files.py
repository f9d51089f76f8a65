"""Langfuse's prompts in files: as its API answers them, into task files and back."""

import json
from pathlib import Path
from typing import Any

import pytest

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.langfuse.files import read_prompts, write_prompts
from lasttenth.releases.exchange.outcomes import Defaults, Imported
from lasttenth.releases.taskfile import read_task

CHAT: dict[str, Any] = {
    "id": "c1",
    "name": "greet",
    "version": 2,
    "type": "chat",
    "prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}],
    "config": {"model": "openai/gpt-5-mini", "temperature": 0},
    "labels": ["production", "latest"],
    "tags": [],
}


def imported(folder: Path, *prompts: object, model: str = "") -> tuple[Imported, ...]:
    """Return what becomes of prompts, each in a file of its own."""
    for number, prompt in enumerate(prompts):
        (folder / f"{number}.json").write_text(json.dumps(prompt))
    return read_prompts(folder, Defaults(model=model)).prompts


def test_prompt_becomes_a_task_file_and_a_prompt_again(tmp_path: Path) -> None:
    (found,) = imported(tmp_path, CHAT)
    file = read_task(found.text, source="greet")

    exported = write_prompts([file])

    assert (found.task, found.file, found.remarks) == ("greet", "greet.md", ())
    assert file.release.parameters == {"temperature": 0}
    again = json.loads(exported.files["greet.json"])
    assert (again["type"], again["config"]) == ("chat", CHAT["config"])
    assert [(each["role"], each["content"]) for each in again["prompt"]] == [
        ("system", "Be kind."),
        ("user", "{{question}}"),
    ]
    assert exported.remarks == {"greet": ()}


def test_newest_version_is_taken_from_lists_and_pages(tmp_path: Path) -> None:
    older = {**CHAT, "version": 1, "prompt": "Hi {{question}}", "type": "text"}

    (tmp_path / "all.json").write_text(json.dumps({"data": [CHAT, older], "meta": {"page": 1}}))
    found = read_prompts(tmp_path / "all.json", Defaults())

    (prompt,) = found.prompts
    assert "Be kind." in prompt.text
    assert [remark.kind for remark in found.remarks] == ["note"]


def test_what_has_no_place_is_told(tmp_path: Path) -> None:
    placed = [*CHAT["prompt"][:1], {"type": "placeholder", "name": "history"}]

    (found,) = imported(tmp_path, {**CHAT, "prompt": placed, "tags": ["a", "b"], "labels": ["staging"]})

    assert [(remark.kind, remark.place) for remark in found.remarks] == [
        ("lost", "tags"),
        ("note", "labels"),
        ("note", "prompt"),
    ]


def test_prompt_without_a_model_gets_the_one_that_is_given(tmp_path: Path) -> None:
    text = {"name": "hi", "prompt": "Hi {{question}}"}

    (without,) = imported(tmp_path, text)
    (with_model,) = imported(tmp_path, text, model="scripted/echo")

    assert "names no model" in without.remarks[0].message
    assert "model: scripted/echo" in with_model.text


@pytest.mark.parametrize("content", ["no json", "3", "[1]", "[]", "[" * 100_000])
def test_file_without_prompts_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "it.json").write_text(content)

    with pytest.raises(ConfigurationError):
        read_prompts(tmp_path, Defaults())
