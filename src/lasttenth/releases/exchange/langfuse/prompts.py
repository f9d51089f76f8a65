"""Langfuse's prompts, in the JSON of its public API, and the tasks that they are here.

A prompt is a task, its version a declaration, a label a pointer. What a release does not say of how the prompt was
written, that a single message is a conversation or what a placeholder is called, is its `form`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from lasttenth.records.definitions import Message, Release, Task
from lasttenth.records.errors import ConfigurationError, InvalidRequestError
from lasttenth.releases.rendering import QUESTION, variables_of
from lasttenth.releases.taskfile import TaskFile, is_task_name
from lasttenth.releases.versions import Version

LATEST = "latest"
"""The label that the newest version has, whatever pointers there are."""
Item = TypeVar("Item", bound=msgspec.Struct)
_MODEL = "model"
_CHAT: dict[str, str] = {"type": "chat"}
_REFERENCE = re.compile(r"@@@langfusePrompt:.*?@@@")
_HYPHENATED = re.compile(r"\{\{\s*([^\W\d]\w*(?:-[^\W\d]\w*)+)\s*\}\}")


class NewPrompt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A prompt as Langfuse's clients and exports write it; what they write beside that is not looked at."""

    name: str
    type: Literal["chat", "text"] | None = None
    prompt: str | list[dict[str, Any]]
    config: dict[str, Any] | None = None
    labels: list[str] | None = None
    tags: list[str] | None = None
    commit_message: str | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A version of a prompt, as Langfuse's clients read it."""

    name: str
    type: Literal["chat", "text"]
    prompt: str | list[dict[str, str]]
    version: int
    config: dict[str, Any]
    labels: list[str]
    tags: list[str] = []
    commit_message: str | None = None
    resolution_graph: dict[str, Any] | None = None


class _ChatMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: Literal["chatmessage", "message"] | None = None
    role: Literal["system", "user", "assistant"]
    content: str


class _Placeholder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: Literal["placeholder"]
    name: str


def read_prompt(fields: Mapping[str, Any]) -> NewPrompt:
    """Return a prompt from its JSON. Raises InvalidRequestError."""
    try:
        return msgspec.convert(fields, NewPrompt)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"The prompt is wrong: {error}.") from error


def file_of(prompt: NewPrompt, *, based_on: TaskFile | None = None) -> TaskFile:
    """Return the task and the release that a prompt declares.

    Args:
        prompt: its messages are the release's, its `config` the release's model and parameters.
        based_on: where everything else comes from, and the model and the parameters where `config` is empty; of the
            two, a `config` that names no model keeps the model alone.

    Raises:
        InvalidRequestError: a task cannot be that, or there is no model.
    """
    _check(prompt)
    config = prompt.config or {}
    model = config.get(_MODEL, "" if based_on is None else based_on.release.model)
    if not isinstance(model, str) or not model:
        raise InvalidRequestError(
            f"Prompt {prompt.name} names no model.",
            hint='Put it into its config, as in {"model": "openai/gpt-5-mini", "temperature": 0}.',
            parameter="config",
        )
    task, release = based_on or TaskFile(Task(name=prompt.name), Release(task=prompt.name, messages=(), model=model))
    parameters = {name: value for name, value in config.items() if name != _MODEL}
    declared = msgspec.structs.replace(
        release,
        messages=_messages(prompt),
        model=model,
        parameters=parameters if config else release.parameters,
    )
    _check_templates(prompt, declared)
    return TaskFile(task, declared)


def form_of(prompt: NewPrompt) -> dict[str, str]:
    """Return what the release of a prompt does not say of how the prompt was written. Raises InvalidRequestError."""
    placeholder = _placeholder(prompt)
    if placeholder is not None:
        return {"placeholder": placeholder.name}
    return _CHAT if prompt.type == "chat" and _is_text(_messages(prompt)) else {}


def prompt_of(file: TaskFile, version: Version, *, labels: Sequence[str]) -> Prompt:
    """Return the prompt that a version of a task is."""
    release, form = file.release, version.registration.form
    is_text = _is_text(release.messages) and not form
    chat = [{"type": "chatmessage", "role": message.role, "content": message.text} for message in release.messages]
    if "placeholder" in form:
        chat.append({"type": "placeholder", "name": form["placeholder"]})
    return Prompt(
        name=file.task.name,
        type="text" if is_text else "chat",
        prompt=release.messages[0].text if is_text else chat,
        version=version.number,
        config={_MODEL: release.model} | {name: each for name, each in release.parameters.items() if name != _MODEL},
        labels=list(labels),
        commit_message=version.registration.comment or None,
    )


def labels_of(version: Version, *, newest: int) -> list[str]:
    """Return the labels of a version; `newest` is the number of the newest one."""
    labels = [pointer for pointer in version.pointers if pointer != LATEST]
    return [*labels, LATEST] if version.number == newest else labels


def _is_text(messages: Sequence[Message]) -> bool:
    return len(messages) == 1 and messages[0].role == "user"


def _check(prompt: NewPrompt) -> None:
    if not is_task_name(prompt.name):
        raise InvalidRequestError(
            f"{prompt.name!r} is no name of a task.",
            hint="Use up to 100 lower-case letters, digits, points, hyphens and underscores.",
            parameter="name",
        )
    if prompt.tags:
        raise InvalidRequestError(
            f"Prompt {prompt.name} has tags, which tasks have not.", hint="Leave them out.", parameter="tags"
        )
    if isinstance(prompt.prompt, str) == (prompt.type == "chat"):
        wanted = "a list of messages" if prompt.type == "chat" else "one text"
        raise InvalidRequestError(f"Prompt {prompt.name} of type {prompt.type or 'text'} must be {wanted}.")


def _messages(prompt: NewPrompt) -> tuple[Message, ...]:
    if isinstance(prompt.prompt, str):
        return (Message(role="user", text=_text(prompt.prompt)),)
    items = prompt.prompt if _placeholder(prompt) is None else prompt.prompt[:-1]
    read = [_item(item, _ChatMessage, f"Message {place} of prompt {prompt.name}") for place, item in enumerate(items)]
    if not read:
        raise InvalidRequestError(f"Prompt {prompt.name} has no message.", parameter="prompt")
    return tuple(Message(role=item.role, text=_text(item.content)) for item in read)


def _text(text: str) -> str:
    """Return a message's template: without the white space around it, as in a task file."""
    reference, variable = _REFERENCE.search(text), _HYPHENATED.search(text)
    if reference is not None:
        raise InvalidRequestError(
            f"A release reads no other prompt, as {reference[0]} would have it.",
            hint="Put its text there.",
            parameter="prompt",
        )
    if variable is not None:
        raise InvalidRequestError(
            f"{variable[0]} would be a subtraction: templates are Jinja.",
            hint=f"Call it {variable[1].replace('-', '_')}.",
            parameter="prompt",
        )
    return text.strip()


def _placeholder(prompt: NewPrompt) -> _Placeholder | None:
    """Return the placeholder at the end of a prompt, None where there is none. Raises InvalidRequestError."""
    items = prompt.prompt if not isinstance(prompt.prompt, str) else []
    places = [place for place, item in enumerate(items) if item.get("type") == "placeholder"]
    if not places:
        return None
    if places != [len(items) - 1]:
        raise InvalidRequestError(
            f"Prompt {prompt.name} has a placeholder before its end, where no conversation goes.",
            hint="A conversation follows the prompt: let its one placeholder be the last item, or leave it out.",
            parameter="prompt",
        )
    return _item(items[-1], _Placeholder, f"The placeholder of prompt {prompt.name}")


def _check_templates(prompt: NewPrompt, release: Release) -> None:
    """Raise InvalidRequestError for what is no template, and for a placeholder to which no conversation would go."""
    try:
        asks = QUESTION in variables_of(release)
    except ConfigurationError as error:
        raise InvalidRequestError(
            error.message,
            hint="Its templates are Jinja: the name of a variable has letters, digits and underscores.",
            parameter="prompt",
        ) from error
    if asks and _placeholder(prompt) is not None:
        raise InvalidRequestError(
            f"Prompt {prompt.name} reads {QUESTION} and has a placeholder: a conversation would go before its question.",
            hint="Leave one of them out.",
            parameter="prompt",
        )


def _item(item: Mapping[str, Any], kind: type[Item], where: str) -> Item:
    try:
        return msgspec.convert(item, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"{where} cannot be that of a task: {error}.",
            hint="A message has a role, which is system, user or assistant, and content, which is a text.",
            parameter="prompt",
        ) from error
