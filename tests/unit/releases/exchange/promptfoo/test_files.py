"""promptfoo's configurations become task files, prompt by prompt, and tasks become a configuration."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lasttenth.records.definitions import Message, Release, RetrievalBinding, Task
from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.outcomes import Defaults, Import, Remarks
from lasttenth.releases.exchange.promptfoo.files import read_prompts, write_prompts
from lasttenth.releases.exchange.promptfoo.nunjucks import from_jinja, to_jinja
from lasttenth.releases.exchange.promptfoo.providers import provider_of, providers_of
from lasttenth.releases.taskfile import TaskFile, read_task


def imported(folder: Path, values: dict[str, Any], model: str = "scripted/echo") -> Import:
    (folder / "promptfooconfig.yaml").write_text(yaml.safe_dump(values))
    return read_prompts(folder, Defaults(model=model))


def said(found: Import) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the tasks and their messages."""
    files = [read_task(prompt.text, source="it") for prompt in found.prompts if prompt.text]
    return [(file.task.name, [(message.role, message.text) for message in file.release.messages]) for file in files]


def test_prompts_come_from_texts_and_files_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "two.txt").write_text("One {{a}}.\n---\nTwo.\n")
    (tmp_path / "p" / "page.md").write_text("# Rules\n\n---\n\nBe kind.")
    (tmp_path / "p" / "chat.json").write_text(
        '[{"role": "system", "content": "S"}, {"role": "user", "content": "{{b}}"}]'
    )
    (tmp_path / "p" / "chat.yaml").write_text("- role: user\n  content: U\n- role: assistant\n  content: A\n")
    (tmp_path / "p" / "rows.csv").write_text('prompt,label\n"C, c",Third Row\nD,\n')

    found = imported(
        tmp_path,
        {"prompts": ["Say {{a}} now", *(f"file://p/{name}" for name in ("*.txt", "page.md", "c*.*", "rows.csv"))]},
    )

    assert said(found) == [
        ("say-a-now", [("user", "Say {{a}} now")]),
        ("two-1", [("user", "One {{a}}.")]),
        ("two-2", [("user", "Two.")]),
        ("page", [("user", "# Rules\n\n---\n\nBe kind.")]),
        ("chat", [("system", "S"), ("user", "{{b}}")]),
        ("chat-2", [("user", "U"), ("assistant", "A")]),
        ("third-row", [("user", "C, c")]),
        ("rows-2", [("user", "D")]),
    ]


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("file://gone.txt", "no file"),
        ("file://make.py", "programs"),
        ("exec:./make", "program"),
        ("file://raw.json", "only once its variables"),
        ("{% asyncEach x in y %}", "no template"),
        ("{{ a | nl2br }}", "nl2br"),
        ("{{ a" + ".b" * 20_000 + " }}", "no template"),
        ("{% include 'x.txt' %}", "reads no other file"),
        ({"label": "x"}, "no text"),
        (3, "neither"),
    ],
)
def test_prompt_that_cannot_be_taken_says_why_and_the_others_go_on(tmp_path: Path, prompt: Any, why: str) -> None:
    (tmp_path / "make.py").write_text("")
    (tmp_path / "raw.json").write_text('[{"role": "user", "content": {{ a | dump }}}]')

    bad, good = imported(tmp_path, {"prompts": [prompt, "Good."]}).prompts

    assert good.text
    assert not bad.text
    assert why in bad.remarks[-1].message


def test_first_provider_that_answers_gives_the_model_and_its_options(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        {
            "prompts": [{"raw": "A", "label": "one", "config": {"max_tokens": 9}}, {"raw": "B", "label": "two"}],
            "providers": [
                "https://example.org/answer",
                {
                    "id": "openai:chat:gpt-4o",
                    "prompts": ["one"],
                    "config": {"temperature": 0, "apiKey": "x", "max_tokens": 5},
                },
                {"anthropic:messages:claude": {"config": {"tools": "file://tools.yaml"}}},
            ],
            "defaultTest": {},
            "env": {},
        },
    )

    releases = [read_task(prompt.text, source="it").release for prompt in found.prompts]
    assert [(release.model, release.parameters) for release in releases] == [
        ("openai/gpt-4o", {"temperature": 0, "max_tokens": 9}),
        ("anthropic/claude", {}),
    ]
    assert [[(remark.kind, remark.place) for remark in prompt.remarks] for prompt in found.prompts] == [
        [
            ("lost", "providers.https://example.org/answer"),
            ("note", "providers.anthropic:messages:claude"),
            ("lost", "config.apiKey"),
        ],
        [("lost", "providers.https://example.org/answer"), ("lost", "config.tools")],
    ]
    assert sorted((remark.kind, remark.place) for remark in found.remarks) == [("lost", "defaultTest"), ("lost", "env")]


def test_lists_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "prompts.yaml").write_text("- raw: A\n  label: one\n")
    (tmp_path / "providers.yaml").write_text("- echo\n")

    found = imported(tmp_path, {"prompts": "file://prompts.yaml", "providers": "file://providers.yaml"}, model="")

    assert said(found) == [("one", [("user", "A")])]


def test_prompt_that_no_model_answers_is_not_taken(tmp_path: Path) -> None:
    found = imported(tmp_path, {"prompts": ["A"], "providers": ["https://example.org"]}, model="")

    assert "--model" in found.prompts[0].remarks[-1].message


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("openai:responses:gpt-5", "openai/gpt-5"),
        ("ollama:chat:llama3:8b", "ollama/llama3:8b"),
        ("ollama:llama3:8b", "ollama/llama3:8b"),
        ("openrouter:meta/llama", "openrouter/meta/llama"),
        ("echo", "scripted/echo"),
        ("exec:python x.py", ""),
        ("file://x.js", ""),
        ("nothing", ""),
    ],
)
def test_providers_are_models(provider: str, model: str) -> None:
    assert providers_of([provider])[0].model == model
    if model:
        assert providers_of(provider_of(model))[0].model == model


@pytest.mark.parametrize(
    ("text", "jinja", "kinds"),
    [
        ("{{ a | dump(2) }}", "{{ a | tojson(2) }}", ["differs"]),
        (
            "{% if a === 'x' %}1{% elseif b.length !== 2 %}2{% endif %}",
            "{% if a == 'x' %}1{% elif b|length != 2 %}2{% endif %}",
            [],
        ),
        ("{% verbatim %}{{ x }}{% endverbatim %}", "{% raw %}{{ x }}{% endraw %}", []),
        ("{{ env.HOME }}", "{{ env.HOME }}", ["lost"]),
        ("{% for m in _conversation %}{% endfor %}", "{% for m in _conversation %}{% endfor %}", ["lost"]),
        ("{% if a %}{% endif %}", "{% if a %}{% endif %}", ["differs"]),
        ("{% for k, v in a %}{% endfor %}", "{% for k, v in a %}{% endfor %}", ["differs"]),
        ("dump null length === {{ a.dump }}", "dump null length === {{ a.dump }}", []),
        ("{{ a if b == null else undefined }}", "{{ a if b == none else none }}", []),
    ],
)
def test_nunjucks_is_said_in_jinja(text: str, jinja: str, kinds: list[str]) -> None:
    remarks = Remarks()

    assert to_jinja(text, remarks, place="message 1") == jinja
    assert [remark.kind for remark in remarks.all()] == kinds


def test_filters_that_nunjucks_has_not_are_lost() -> None:
    remarks = Remarks()

    assert (
        from_jinja("{{ a | tojson }} tojson {{ b | material }}", remarks, place="it")
        == "{{ a | dump }} tojson {{ b | material }}"
    )
    assert [remark.kind for remark in remarks.all()] == ["lost"]


def test_parts_of_messages_that_are_no_text_are_lost(tmp_path: Path) -> None:
    chat = (
        '[{"role": "developer", "content": [{"type": "text", "text": "D"}]}, {"role": "tool", "content": "T"},'
        ' {"role": "user", "content": [{"type": "image_url"}], "name": "x"}, {"role": "user", "content": "U", "name": "x"}]'
    )

    found = imported(tmp_path, {"prompts": [{"raw": chat, "label": "chat"}]})

    assert said(found) == [("chat", [("system", "D"), ("user", "U")])]
    assert [(remark.kind, remark.place) for remark in found.prompts[0].remarks] == [
        ("note", "message 1"),
        ("lost", "message 2"),
        ("lost", "message 3"),
        ("lost", "message 4.name"),
    ]


@pytest.mark.parametrize("text", ["[", "- a", "prompts: []", "a: 2024-13-45"])
def test_file_that_is_no_configuration_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(text)

    with pytest.raises(ConfigurationError):
        read_prompts(tmp_path, Defaults())


def test_tasks_become_one_configuration() -> None:
    files = [
        TaskFile(
            Task(name=name, description=f"For {name}.", owner="me"),
            Release(
                task=name,
                model="openai/gpt-5-mini",
                messages=(Message(role="user", text="{{ question }}"),),
                retrieval=RetrievalBinding(index="docs"),
            ),
        )
        for name in ("one", "two")
    ]

    exported = write_prompts(files)

    assert sorted(exported.files) == ["promptfooconfig.yaml", "prompts/one.json", "prompts/two.json"]
    values = yaml.safe_load(exported.files["promptfooconfig.yaml"])
    assert values["prompts"][1] == {"id": "file://prompts/two.json", "label": "two"}
    assert values["providers"][1] == {"id": "openai:chat:gpt-5-mini", "label": "two", "prompts": ["two"]}
    assert [remark.place for remark in exported.remarks["one"]] == ["description", "owner", "retrieval"]
