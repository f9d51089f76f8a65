"""Drafts: the fields and messages of a prompt of another tool, from which a task file is made and looked at."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import msgspec
from jinja2 import TemplateError

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.checking import findings
from lasttenth.releases.exchange.outcomes import Fields, Imported, Remark, Remarks, failure
from lasttenth.releases.rendering import GIVEN, compiled, variables_of
from lasttenth.releases.taskfile import TaskFile, read_task, task_of, write_task

UNREADABLE = (TemplateError, RecursionError, SyntaxError, ValueError, OverflowError)
"""What making a template of any text may raise: some texts are no Jinja, others are no Python afterwards."""


class Draft(NamedTuple):
    """What was found out about a prompt."""

    source: str
    fields: Fields
    messages: list[dict[str, str]]
    file: str
    """Path of the task file below its folder."""


def finished(draft: Draft, remarks: Remarks) -> Imported:
    """Return the task file of a draft, or why there is none."""
    try:
        _require_templates(draft.messages)
        file = task_of(_declared(draft, remarks), draft.messages, source=draft.source)
        text = write_task(file)
        again = read_task(text, source=draft.source)
    except ConfigurationError as error:
        return failure(draft.source, error.message, remarks.all())
    if "/" not in again.release.model:
        said = f"Models are named provider/model, and nobody answers to {again.release.model}."
        remarks.differs("model", f"{said} Write its provider before it.")
    errors = [finding for finding in findings(again) if finding.severity == "error"]
    if errors:
        return failure(draft.source, f"{errors[0].part}: {errors[0].message}", remarks.all())
    return Imported(source=draft.source, task=again.task.name, file=draft.file, text=text, remarks=remarks.all())


def declared_of(file: TaskFile) -> dict[str, Any]:
    """Return what a task and its release declare beyond their defaults, by field, as JSON."""
    declared: dict[str, Any] = {**msgspec.to_builtins(file.task), **msgspec.to_builtins(file.release)}
    declared.pop("task", None)
    return declared


def say_lost(declared: Iterable[str], remarks: Remarks, *, kept: Collection[str]) -> None:
    """Say of each field that is declared and not kept that the other format has no place for it."""
    for name in declared:
        if name not in kept:
            remarks.lost(name, "The format has no place for it.")


def _require_templates(messages: list[dict[str, str]]) -> None:
    if not messages:
        raise ConfigurationError("It has no message.")
    for place, message in enumerate(messages):
        try:
            compiled(message["text"])
        except UNREADABLE as error:
            raise ConfigurationError(f"Its message {place + 1} is no template that can be read: {error}.") from error


def _declared(draft: Draft, remarks: Remarks) -> Fields:
    """Return the fields, in which the input schema names every variable that the messages read."""
    schema = draft.fields.get("input_schema")
    if schema is None:
        return draft.fields
    file = task_of({**draft.fields, "input_schema": None}, draft.messages, source=draft.source)
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    missing = sorted(variables_of(file.release) - GIVEN - set(known))
    for name in missing:
        remarks.differs("input.schema", f"It did not declare {name}, which is now in it.")
    if not missing:
        return draft.fields
    declared = {**schema, "properties": {**known, **{name: {} for name in missing}}}
    return {**draft.fields, "input_schema": declared}


def lost_fields(values: dict[str, Any], known: set[str], place: str) -> list[Remark]:
    """Return a remark for each key that nothing is made of."""
    return [
        Remark(kind="lost", place=f"{place}{name}", message="Nothing corresponds to it.")
        for name in values
        if name not in known
    ]
