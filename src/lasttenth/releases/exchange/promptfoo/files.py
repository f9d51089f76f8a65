"""promptfoo: one configuration in YAML that names prompts, providers and tests.

A prompt and the first provider that answers it become a task; tests become nothing, for cases are no part of a task.
Source: https://www.promptfoo.dev/docs/configuration/prompts and the reference beside it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.drafts import Draft, declared_of, finished, say_lost
from lasttenth.releases.exchange.naming import Names, task_name
from lasttenth.releases.exchange.outcomes import Defaults, Export, Fields, Import, Imported, Remark, Remarks, failure
from lasttenth.releases.exchange.promptfoo.nunjucks import from_jinja, to_jinja
from lasttenth.releases.exchange.promptfoo.prompts import Prompt, messages_of, prompts_of
from lasttenth.releases.exchange.promptfoo.providers import Provider, parameters_of, provider_of, providers_of
from lasttenth.releases.exchange.sources import object_of, text_of, values_of, yaml_of
from lasttenth.releases.taskfile import TaskFile

CONFIGURATION = "promptfooconfig.yaml"
_KEPT = ("name", "messages", "model", "parameters", "output_schema")
_KNOWN = frozenset({"description", "prompts", "providers", "targets"})
_CASES = frozenset({"tests", "defaultTest", "scenarios"})
_LABEL = 60
"""How much of a text becomes a label."""


def read_prompts(place: Path, defaults: Defaults) -> Import:
    """Return what becomes of a configuration, or of the one in a folder. Raises ConfigurationError."""
    file = place / CONFIGURATION if place.is_dir() else place
    values = values_of(text_of(file), source=str(file))
    if not isinstance(values, dict):
        raise ConfigurationError(f"{file} is no mapping of names to values.", hint="Is it promptfoo's configuration?")
    remarks, names = Remarks(), Names()
    _say_of_the_rest(values, remarks)
    listed = _elsewhere(values.get("prompts"), file.parent)
    providers = providers_of(_elsewhere(values.get("providers", values.get("targets")), file.parent))
    prompts = list(prompts_of(listed if listed is not None else [], file.parent))
    if not prompts:
        raise ConfigurationError(f"{file} names no prompts.")
    about = values.get("description")
    known = _Configuration(providers, defaults, about if isinstance(about, str) else "")
    return Import(prompts=tuple(known.imported(prompt, names) for prompt in prompts), remarks=remarks.all())


def write_prompts(files: Sequence[TaskFile]) -> Export:
    """Return a configuration with all tasks in it, and their messages in files of their own."""
    texts: dict[str, str] = {}
    remarks: dict[str, tuple[Remark, ...]] = {}
    providers: list[dict[str, Any]] = []
    descriptions = {file.task.description for file in files}
    about = descriptions.pop() if len(descriptions) == 1 else ""
    for file in files:
        said, name = Remarks(), file.task.name
        texts[f"prompts/{name}.json"] = _conversation(file, said)
        providers.append(_exported_provider(file, said))
        say_lost(declared_of(file), said, kept=(*_KEPT, "description") if about else _KEPT)
        remarks[name] = said.all()
    names = [file.task.name for file in files]
    prompts = [{"id": f"file://prompts/{name}.json", "label": name} for name in names]
    whole = {**({"description": about} if about else {}), "prompts": prompts, "providers": providers}
    return Export(files={CONFIGURATION: yaml_of(whole), **texts}, remarks=remarks)


class _Configuration:
    """What all prompts of a configuration have in common."""

    def __init__(self, providers: list[Provider], defaults: Defaults, description: str) -> None:
        self._providers = providers
        self._defaults = defaults
        self._description = description

    def imported(self, prompt: Prompt, names: Names) -> Imported:
        """Return what becomes of a prompt."""
        remarks = Remarks()
        if prompt.error:
            return failure(prompt.source, prompt.error)
        try:
            said = messages_of(prompt.text, remarks, ending=Path(prompt.source).suffix)
            messages = [
                {**message, "text": to_jinja(message["text"], remarks, place=f"message {place + 1}")}
                for place, message in enumerate(said)
            ]
            fields = self._fields(prompt, remarks)
        except ConfigurationError as error:
            return failure(prompt.source, error.message, remarks.all())
        name = names.distinct(task_name(prompt.label or " ".join(prompt.text.split())[:_LABEL]))
        return finished(Draft(prompt.source, {"name": name, **fields}, messages, f"{name}.md"), remarks)

    def _fields(self, prompt: Prompt, remarks: Remarks) -> Fields:
        answering = [provider for provider in self._providers if provider.answers(prompt.label)]
        usable = [provider for provider in answering if provider.model]
        for provider in answering:
            if not provider.model:
                remarks.lost(f"providers.{provider.name}", "It is no model that Lasttenth could call.")
        if not usable and not self._defaults.model:
            raise ConfigurationError("No provider answers it with a model: name one with --model.")
        config = usable[0].config if usable else {}
        for other in usable[1:]:
            remarks.note(
                f"providers.{other.name}", f"Try it with: lasttenth ask QUESTION --task NAME --model {other.model}"
            )
        parameters = parameters_of({**config, **prompt.config}, remarks, place="config")
        schema = _schema_of(parameters.get("response_format"))
        if schema is not None:
            del parameters["response_format"]
        return {
            "description": self._description,
            "model": usable[0].model if usable else self._defaults.model,
            "parameters": parameters,
            "output_schema": schema,
        }


def _say_of_the_rest(values: dict[str, Any], remarks: Remarks) -> None:
    for name in values:
        if name in _CASES:
            remarks.lost(name, "Cases are no part of a task; they were not taken.")
        elif name not in _KNOWN:
            remarks.lost(name, "Nothing corresponds to it.")


def _elsewhere(listed: Any, folder: Path) -> Any:
    """Return what a configuration lists, also where the list stands in a file of its own."""
    if not isinstance(listed, str) or not listed.startswith("file://") or "*" in listed:
        return listed
    name = listed.removeprefix("file://")
    found = values_of(text_of(folder / name), source=name) if name.endswith((".yaml", ".yml")) else None
    is_conversation = isinstance(found, list) and any(isinstance(each, dict) and "role" in each for each in found)
    return listed if found is None or is_conversation else found


def _schema_of(shape: Any) -> dict[str, Any] | None:
    """Return the schema of an object that the answer must follow, where nothing else is said of the answer."""
    inner = object_of(object_of(shape).get("json_schema"))
    is_plain = set(object_of(shape)) == {"type", "json_schema"} and set(inner) == {"name", "schema"}
    schema = object_of(inner.get("schema"))
    return schema if is_plain and schema.get("type") == "object" else None


def _conversation(file: TaskFile, remarks: Remarks) -> str:
    said = []
    for place, message in enumerate(file.release.messages):
        try:
            text = from_jinja(message.text, remarks, place=f"messages.{place}")
        except TemplateError as error:
            raise ConfigurationError(f"A message of task {file.task.name} cannot be read: {error}.") from error
        said.append({"role": message.role, "content": text})
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def _exported_provider(file: TaskFile, remarks: Remarks) -> dict[str, Any]:
    name, schema = file.task.name, file.release.output_schema
    config = dict(file.release.parameters)
    if schema and "response_format" in config:
        remarks.lost("output_schema", "Its parameters ask for another form of the answer.")
    elif schema:
        config["response_format"] = {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
    options: dict[str, Any] = {"id": provider_of(file.release.model), "label": name}
    return {**options, **({"config": config} if config else {}), "prompts": [name]}
