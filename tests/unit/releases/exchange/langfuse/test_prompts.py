"""Langfuse's prompts: what they are as tasks, and what a task is as one of them."""

from typing import Any

import pytest

from lasttenth.records.definitions import Example, Message, Release, RetrievalBinding, Task
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.events import Registration
from lasttenth.releases.exchange.langfuse.prompts import NewPrompt, file_of, form_of, labels_of, prompt_of, read_prompt
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "{{question}}"}
HISTORY = {"type": "placeholder", "name": "history"}
FULL = TaskFile(
    Task(name="full", owner="support"),
    Release(
        task="full",
        messages=(Message(role="user", text="Hi"),),
        model="up/full",
        parameters={"temperature": 0.5},
        examples=(Example(output="Yes."),),
        retrieval=RetrievalBinding(index="default"),
        cites=True,
    ),
)


def prompt(text: Any, **fields: Any) -> NewPrompt:
    """Return a prompt of the task `full` as a client sends it."""
    kind = "text" if isinstance(text, str) else "chat"
    return read_prompt({"name": "full", "prompt": text, "type": kind, "config": {"model": "up/new"}, **fields})


def version(number: int = 1, *, pointers: tuple[str, ...] = (), **fields: Any) -> Version:
    """Return a version."""
    registration = Registration(id="r", at=1, task="full", declaration="d", release="r", actor="a", **fields)
    return Version(number=number, registration=registration, pointers=pointers)


def test_text_is_one_user_message_and_config_is_model_and_parameters() -> None:
    file = file_of(prompt(" Dear {{ name }}\n", config={"model": "up/new", "top_p": 1}))

    assert file == TaskFile(
        Task(name="full"),
        Release(
            task="full",
            messages=(Message(role="user", text="Dear {{ name }}"),),
            model="up/new",
            parameters={"top_p": 1},
        ),
    )


def test_conversation_keeps_its_roles() -> None:
    file = file_of(prompt([{**SYSTEM, "type": "chatmessage"}, USER]))

    assert [(message.role, message.text) for message in file.release.messages] == [
        ("system", "Be brief."),
        ("user", "{{question}}"),
    ]


@pytest.mark.parametrize(
    ("config", "model", "parameters"),
    [
        (None, "up/full", {"temperature": 0.5}),
        ({}, "up/full", {"temperature": 0.5}),
        ({"top_p": 1}, "up/full", {"top_p": 1}),
        ({"model": "up/new"}, "up/new", {}),
    ],
)
def test_what_a_prompt_does_not_say_is_kept(config: Any, model: str, parameters: dict[str, Any]) -> None:
    task, release = file_of(prompt("Hello", config=config), based_on=FULL)

    assert (task, release.model, release.parameters) == (FULL.task, model, parameters)
    assert (release.examples, release.retrieval, release.cites) == (
        FULL.release.examples,
        FULL.release.retrieval,
        True,
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hello", {}),
        ([SYSTEM], {}),
        ([USER], {"type": "chat"}),
        ([SYSTEM, USER], {}),
        ([SYSTEM, HISTORY], {"placeholder": "history"}),
    ],
)
def test_form_says_what_the_release_does_not(text: Any, form: dict[str, str]) -> None:
    given = prompt(text)

    shown = prompt_of(file_of(given), version(form=form), labels=())

    assert form_of(given) == form
    assert shown.type == given.type
    plain = text if isinstance(text, str) else [{"type": "chatmessage", **item} for item in text]
    assert shown.prompt == plain


def test_prompt_says_which_version_it_is_and_why() -> None:
    shown = prompt_of(FULL, version(4, comment="calmer"), labels=["production"])

    assert (shown.version, shown.commit_message, shown.labels) == (4, "calmer", ["production"])
    assert shown.config == {"model": "up/full", "temperature": 0.5}
    assert prompt_of(FULL, version(), labels=[]).commit_message is None


def test_latest_is_the_label_of_the_newest_version_alone() -> None:
    pointers = ("latest", "production")

    assert labels_of(version(2, pointers=pointers), newest=2) == ["production", "latest"]
    assert labels_of(version(1, pointers=pointers), newest=2) == ["production"]


def test_subtraction_of_a_number_is_no_hyphenated_name() -> None:
    assert file_of(prompt("{{ count-1 }}")).release.messages[0].text == "{{ count-1 }}"


def test_prompt_that_is_none_is_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="missing required field `prompt`"):
        read_prompt({"name": "full"})
