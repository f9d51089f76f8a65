"""Langfuse's prompts in files: what its API answers, or an export of it, one prompt, a list of them or a page.

Of several versions of a prompt the newest is taken; others are named in the report.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lasttenth.records.errors import ConfigurationError, InvalidRequestError
from lasttenth.records.events import Registration
from lasttenth.releases.exchange.drafts import Draft, declared_of, finished, say_lost
from lasttenth.releases.exchange.langfuse.prompts import file_of, form_of, prompt_of, read_prompt
from lasttenth.releases.exchange.outcomes import Defaults, Export, Import, Imported, Remark, Remarks, failure
from lasttenth.releases.exchange.sources import text_of
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version

_KEPT = ("name", "messages", "model", "parameters")


def read_prompts(place: Path, defaults: Defaults) -> Import:
    """Return what becomes of the prompts in a file, or in the `.json` files of a folder. Raises ConfigurationError."""
    files = sorted(place.glob("*.json")) if place.is_dir() else [place]
    found = [(file, prompt) for file in files for prompt in _prompts(file)]
    if not found:
        raise ConfigurationError(f"{place} holds no prompts.", hint="Save there what Langfuse's API answers, as JSON.")
    newest: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    older: list[Remark] = []
    for file, prompt in sorted(found, key=lambda each: _version(each[1])):
        name = str(prompt.get("name"))
        if name in newest:
            said = f"Of prompt {name} version {_version(newest[name][1])} is not taken: there is a newer one."
            older.append(Remark(kind="note", place=str(newest[name][0]), message=said))
        newest[name] = file, prompt
    return Import(
        prompts=tuple(_imported(file, newest[name][1], defaults) for name, (file, _) in newest.items()),
        remarks=tuple(older),
    )


def write_prompts(files: Sequence[TaskFile]) -> Export:
    """Return a file for each task, as Langfuse's API takes it."""
    texts: dict[str, str] = {}
    remarks: dict[str, tuple[Remark, ...]] = {}
    for file in files:
        said, name = Remarks(), file.task.name
        say_lost(declared_of(file), said, kept=_KEPT)
        declared = Registration(id="", at=0, task=name, declaration="", release="", actor="")
        prompt = prompt_of(file, Version(number=1, registration=declared, pointers=()), labels=[])
        written = {"name": name, "type": prompt.type, "prompt": prompt.prompt, "config": prompt.config}
        texts[f"{name}.json"] = json.dumps(written, ensure_ascii=False, indent=2) + "\n"
        remarks[name] = said.all()
    return Export(files=texts, remarks=remarks)


def _prompts(file: Path) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} is no JSON: {error}.") from error
    if isinstance(content, dict):
        content = content["data"] if isinstance(content.get("data"), list) else [content]
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise ConfigurationError(f"{file} is no prompt, and no list of prompts.")
    return content


def _version(prompt: Mapping[str, Any]) -> int:
    number = prompt.get("version")
    return number if isinstance(number, int) else 0


def _imported(file: Path, fields: Mapping[str, Any], defaults: Defaults) -> Imported:
    remarks = Remarks()
    tags = fields.get("tags")
    if tags:
        remarks.lost("tags", f"Tasks have none: {', '.join(map(str, tags))}.")
    labels = [label for label in fields.get("labels") or () if label not in ("latest", "production")]
    if labels:
        remarks.note("labels", f"Push it to these as well: {', '.join(f'--pointer {label}' for label in labels)}.")
    config = fields.get("config") or {}
    if isinstance(config, dict) and not config.get("model") and defaults.model:
        config = {**config, "model": defaults.model}
    try:
        prompt = read_prompt({**fields, "config": config, "tags": None})
        declared = file_of(prompt)
        placeholder = form_of(prompt).get("placeholder")
    except InvalidRequestError as error:
        return failure(str(file), str(error), remarks.all())
    if placeholder is not None:
        remarks.note("prompt", f"The conversation follows the prompt, where its placeholder {placeholder} stood.")
    messages = [{"role": message.role, "text": message.text} for message in declared.release.messages]
    release = declared.release
    found = {"name": declared.task.name, "model": release.model, "parameters": release.parameters}
    return finished(Draft(str(file), found, messages, f"{declared.task.name}.md"), remarks)
