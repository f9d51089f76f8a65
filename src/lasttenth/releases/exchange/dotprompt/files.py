"""Dotprompt: `.prompt` files with YAML front matter and a body in Handlebars.

Source: the reference of Dotprompt, https://google.github.io/dotprompt/reference.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import TemplateError

from lasttenth.records.definitions import Release
from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.dotprompt.handlebars import Node, Tag, read
from lasttenth.releases.exchange.dotprompt.picoschema import json_schema
from lasttenth.releases.exchange.dotprompt.scopes import literal
from lasttenth.releases.exchange.dotprompt.to_handlebars import written
from lasttenth.releases.exchange.dotprompt.to_jinja import messages
from lasttenth.releases.exchange.drafts import Draft, declared_of, finished, lost_fields, say_lost
from lasttenth.releases.exchange.naming import Names, task_name
from lasttenth.releases.exchange.outcomes import Defaults, Export, Fields, Import, Imported, Remark, Remarks, failure
from lasttenth.releases.exchange.sources import object_of, text_of, values_of, yaml_of
from lasttenth.releases.taskfile import FIELDS, TaskFile

ENDING = ".prompt"
OWN = "lasttenth."
"""Begins the names of our own fields in their front matter, as their reference asks of extensions."""
MOST_PARTIALS, DEEPEST = 200, 8
"""How many partials one prompt may put in, and how many of them within each other."""
PARAMETERS = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "candidateCount": "n",
}
"""What Dotprompt's models call parameters, and what OpenAI's protocol calls them."""
JSON_ANSWER = {"type": "json_object"}
_FRONT = re.compile(
    r"\A(?:(?:#[^\n]*|[ \t]*)\n)*---[ \t]*\n(?P<front>.*?)^---[ \t]*(?:\n|\Z)(?P<body>.*)\Z", re.DOTALL | re.MULTILINE
)
_SECRET = re.compile(r"(?i)api_?key|token$|secret|password")
_KEPT = ("name", "description", "messages", "model", "parameters", "input_schema", "output_schema")
_CARRIED = tuple(name for name in FIELDS if name not in _KEPT)
"""Fields that stand in their front matter under our own names."""
_KNOWN = {
    "name",
    "variant",
    "description",
    "model",
    "config",
    "input",
    "output",
    *(f"{OWN}{name}" for name in _CARRIED),
}
_ROLES = {"system": "system", "user": "user", "assistant": "model"}


class _Parts(NamedTuple):
    """A `.prompt` file: its front matter, its body, and in which line that begins."""

    front: dict[str, Any]
    body: str
    line: int


def read_prompts(place: Path, defaults: Defaults) -> Import:
    """Return what becomes of the `.prompt` files of a folder, or of one file. Raises ConfigurationError."""
    folder = place if place.is_dir() else place.parent
    found = sorted(place.rglob(f"*{ENDING}")) if place.is_dir() else [place]
    files = [file for file in found if not file.name.startswith("_")]
    if not files:
        raise ConfigurationError(f"There are no prompts in {place}.", hint=f"Their names end in {ENDING}.")
    names = Names()
    return Import(prompts=tuple(_imported(file, folder, defaults, names) for file in files))


def write_prompts(files: Sequence[TaskFile]) -> Export:
    """Return one `.prompt` file for each task."""
    texts: dict[str, str] = {}
    remarks: dict[str, tuple[Remark, ...]] = {}
    for file in files:
        said = Remarks()
        name = file.task.name
        texts[f"{name}{ENDING}"] = _exported(file, said)
        remarks[name] = said.all()
    return Export(files=texts, remarks=remarks)


def _imported(file: Path, folder: Path, defaults: Defaults, names: Names) -> Imported:
    source, remarks = file.relative_to(folder).as_posix(), Remarks()
    try:
        parts = _parts(text_of(file), source)
        front = parts.front
        variant = _name_parts(source, front)[1]
        schema = _schema(front, "input", remarks)
        given = object_of(object_of(front.get("input")).get("default"))
        nodes = read(parts.body, line=parts.line, partial=_Partials(folder).nodes)
        said = messages(nodes, schema, {name: literal(value) for name, value in given.items()}, remarks)
        fields = _fields(front, source, defaults, remarks) | _schemas(schema, front, given, remarks)
    except ConfigurationError as error:
        return failure(source, error.message, remarks.all())
    name = str(fields["name"])
    stem = names.distinct(f"variants/{name}.{task_name(variant)}" if variant else name)
    if variant:
        pointer = task_name(variant)
        remarks.note("variant", f"Push it by itself: lasttenth task push {stem}.md --pointer {pointer}")
    elif stem != name:
        remarks.lost("name", f"Another prompt has the name {name}; this one is {stem}.")
        fields["name"] = stem
    return finished(Draft(source, fields, said, f"{stem}.md"), remarks)


def _parts(text: str, source: str) -> _Parts:
    found = _FRONT.match(text)
    if found is None:
        return _Parts({}, text, 1)
    line = text[: found.start("front")].count("\n") + 1
    front = values_of(found["front"], source=f"The front matter of {source}", line=line)
    if front is not None and not isinstance(front, dict):
        raise ConfigurationError(f"The front matter of {source} is no mapping of names to values.")
    return _Parts(front or {}, found["body"], text[: found.start("body")].count("\n") + 1)


def _name_parts(source: str, front: dict[str, Any]) -> tuple[str, str]:
    """Return a prompt's name and its variant, each as the front matter says, else as the file's name does."""
    if isinstance(front.get("name"), str):
        return front["name"], str(front.get("variant") or "")
    folder, slash, file = source.removesuffix(ENDING).rpartition("/")
    name, _, variant = file.partition(".")
    return folder + slash + name, str(front.get("variant") or variant)


def _fields(front: dict[str, Any], source: str, defaults: Defaults, remarks: Remarks) -> Fields:
    for remark in lost_fields(front, _KNOWN, ""):
        remarks.lost(remark.place, remark.message)
    model = front.get("model") or defaults.model
    if not isinstance(model, str) or not model:
        raise ConfigurationError("It names no model.", hint="Name one with --model.")
    name, _ = _name_parts(source, front)
    own = {field: front[f"{OWN}{field}"] for field in _CARRIED if f"{OWN}{field}" in front}
    description = front.get("description") or ""
    fields = {"name": task_name(name), "description": description, "model": model, **own}
    if fields["name"] != name:
        remarks.note("name", f"The task is called {fields['name']}.")
    return {**fields, "parameters": _parameters(object_of(front.get("config")), remarks)}


def _parameters(config: dict[str, Any], remarks: Remarks) -> Fields:
    found: Fields = {}
    for name, value in config.items():
        if _SECRET.search(name):
            remarks.lost(f"config.{name}", "Keys stand in the providers of lasttenth.yaml, and in no release.")
            continue
        if name not in PARAMETERS and not re.fullmatch(r"[a-z0-9_]+", name):
            remarks.differs(
                f"config.{name}", "It goes to the model as it is; OpenAI's protocol knows no such parameter."
            )
        found[PARAMETERS.get(name, name)] = value
    return found


def _schema(front: dict[str, Any], name: str, remarks: Remarks) -> dict[str, Any] | None:
    """Return the JSON Schema of an object in the front matter's `input` or `output`; what is no object is lost."""
    part = object_of(front.get(name))
    known = {"schema", "default"} if name == "input" else {"schema", "format"}
    for remark in lost_fields(part, known, f"{name}."):
        remarks.lost(remark.place, remark.message)
    if front.get(name) is not None and not isinstance(front[name], dict):
        remarks.lost(name, "It is no mapping of names to values.")
    if part.get("schema") is None:
        return None
    try:
        schema = json_schema(part["schema"])
    except ConfigurationError as error:
        remarks.lost(f"{name}.schema", error.message)
        return None
    if schema.get("type") == "object":
        return schema
    remarks.lost(f"{name}.schema", "It is the schema of no object.")
    return None


def _schemas(schema: dict[str, Any] | None, front: dict[str, Any], given: dict[str, Any], remarks: Remarks) -> Fields:
    """Return the two schemas of a task, and the parameter that asks for JSON without one."""
    if schema is not None and isinstance(schema.get("required"), list):
        required = [name for name in schema["required"] if name not in given]
        schema = {**schema, "required": required}
        if not required:
            del schema["required"]
    found: Fields = {"input_schema": schema, "output_schema": _schema(front, "output", remarks)}
    kind = object_of(front.get("output")).get("format")
    if kind == "json" and found["output_schema"] is None:
        config = _parameters(object_of(front.get("config")), Remarks())
        found["parameters"] = {**config, "response_format": JSON_ANSWER}
    elif kind not in {None, "text", "json"}:
        remarks.lost("output.format", f"There is no format {kind}.")
    return found


class _Partials:
    """The partials of a folder, as one prompt puts them in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._within: list[str] = []
        self._left = MOST_PARTIALS

    def nodes(self, tag: Tag, indent: str) -> Sequence[Node]:
        """Return what stands in place of a partial. Raises ConfigurationError."""
        self._left -= 1
        if len(tag.words) != 1 or tag.named:
            raise ConfigurationError(f"Partials with values of their own have no like here: {tag.text}, {tag.place}.")
        if self._left < 0 or len(self._within) >= DEEPEST:
            raise ConfigurationError(f"Too many partials are within each other, {tag.place}.", hint="Is it in itself?")
        name = tag.words[0].strip("\"'")
        file = (self._folder / name).with_name(f"_{Path(name).name}{ENDING}")
        if not file.resolve().is_relative_to(self._folder.resolve()):
            raise ConfigurationError(f"The partial {name} lies outside of the folder, {tag.place}.")
        parts = _parts(text_of(file), file.name)
        body = re.sub(r"(?m)^(?=.|\n)", indent, parts.body) if indent else parts.body
        self._within.append(name)
        found = read(body, source=file.name, line=parts.line, partial=self.nodes)
        self._within.pop()
        return found


def _exported(file: TaskFile, remarks: Remarks) -> str:
    declared = declared_of(file)
    say_lost(declared, remarks, kept=(*_KEPT, *_CARRIED))
    for name in _CARRIED:
        if name in declared and name in Release.__struct_fields__:
            remarks.lost(name, "It is kept for Lasttenth alone, and changes nothing there.")
    bodies, given = _bodies(file, remarks)
    front: dict[str, Any] = {
        "name": file.task.name,
        "description": declared.get("description"),
        "model": file.release.model,
    }
    parameters = dict(declared.get("parameters", {}))
    shape = parameters.pop("response_format", None) if parameters.get("response_format") == JSON_ANSWER else None
    names = {ours: theirs for theirs, ours in PARAMETERS.items()}
    front["config"] = {names.get(name, name): value for name, value in parameters.items()}
    front["input"] = {
        key: value for key, value in (("default", given), ("schema", declared.get("input_schema"))) if value
    }
    schema = declared.get("output_schema")
    front["output"] = {"format": "json", **({"schema": schema} if schema else {})} if schema or shape else None
    front |= {f"{OWN}{name}": declared.get(name) for name in _CARRIED}
    head = yaml_of({name: value for name, value in front.items() if value})
    return f"---\n{head}---\n{''.join(bodies)}"


def _bodies(file: TaskFile, remarks: Remarks) -> tuple[list[str], dict[str, Any]]:
    bodies: list[str] = []
    given: dict[str, Any] = {}
    for place, message in enumerate(file.release.messages):
        where = f"messages.{place}"
        try:
            found = written(message.text, remarks, place=where)
        except TemplateError as error:
            raise ConfigurationError(f"A message of task {file.task.name} cannot be read: {error}.") from error
        if not found.text.strip():
            remarks.lost(where, "A message without text is none there.")
        given |= found.defaults
        bodies.append(f'\n{{{{role "{_ROLES[message.role]}"}}}}\n{found.text}\n'.removeprefix("" if bodies else "\n"))
    return bodies, given
