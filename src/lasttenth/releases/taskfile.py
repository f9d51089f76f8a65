"""Task files: Markdown with YAML front matter, from which a task and its release are read.

A first-level heading named System, User or Assistant begins a message; everything below it is that message's template,
without the white space around it. Where such a heading is meant to be text, a backslash stands before it.
"""

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Annotated, Any, NamedTuple

import msgspec
import yaml

from lasttenth.records.definitions import Example, Message, Objective, Release, RetrievalBinding, Task, Tool
from lasttenth.records.errors import TaskFileError

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n(.*)\Z", re.DOTALL)
_ROLE = re.compile(r"^# (System|User|Assistant)[ \t]*\r?$", re.MULTILINE)
_QUOTED = re.compile(r"^\\(\\*# (?:System|User|Assistant)[ \t]*\r?)$", re.MULTILINE)
_TO_QUOTE = re.compile(r"^(\\*# (?:System|User|Assistant)[ \t]*\r?)$", re.MULTILINE)
_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class _FrontMatter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    description: str = ""
    owner: str = ""
    risk_tier: str = ""
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    objectives: tuple[Objective, ...] = ()
    model: str
    parameters: dict[str, Any] = {}
    examples: tuple[Example, ...] = ()
    nearest_examples: Annotated[int, msgspec.Meta(ge=0)] = 0
    tools: tuple[Tool, ...] = ()
    retrieval: RetrievalBinding | None = None
    cites: bool = False


FIELDS = _FrontMatter.__struct_fields__
"""Fields of a task file's front matter."""


class _Dumper(yaml.SafeDumper):
    """A dumper that keeps every character of a text."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Of the breaks that are not "\n" other styles than this one keep nothing.
    is_plain = _BREAKS.search(text) is None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_Dumper.add_representer(str, _text_node)


class TaskFile(NamedTuple):
    """What a task file declares."""

    task: Task
    release: Release


def read_task(text: str, *, source: str) -> TaskFile:
    """Read a task file; `source` names it in errors. Raises TaskFileError."""
    found = _FRONT.match(text)
    if found is None:
        raise TaskFileError(f"{source} has no front matter.", hint="Begin the file with --- and YAML, then ---.")
    front = _front_matter(found[1], source)
    if not is_task_name(front.name):
        raise TaskFileError(
            f"{source}: {front.name!r} is no name of a task.",
            hint="Use up to 100 lower-case letters, digits, points, hyphens and underscores.",
        )
    messages = _messages(found[2])
    if not messages:
        raise TaskFileError(f"{source} has no message.", hint='Begin one with a heading such as "# User".')
    return _file(front, messages)


def task_of(fields: Mapping[str, Any], messages: Sequence[Mapping[str, str]], *, source: str) -> TaskFile:
    """Return what a task file with such front matter and messages declares. Raises TaskFileError."""
    try:
        return _file(msgspec.convert(fields, _FrontMatter), msgspec.convert(messages, tuple[Message, ...]))
    except msgspec.ValidationError as error:
        raise TaskFileError(f"{source} makes no task: {error}.") from error


def write_task(file: TaskFile) -> str:
    """Return the text from which `read_task` reads the same task and release again."""
    declared = {**msgspec.to_builtins(file.task), **msgspec.to_builtins(file.release)}
    front = {name: declared[name] for name in _FrontMatter.__struct_fields__ if name in declared}
    head = yaml.dump(front, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    messages = [
        f"\n# {message.role.title()}\n\n{_TO_QUOTE.sub(_quoted, message.text)}\n" for message in file.release.messages
    ]
    return f"---\n{head}---\n{''.join(messages)}"


def is_task_name(name: str) -> bool:
    """Tell whether a task can have this name."""
    return _NAME.fullmatch(name) is not None


def builtin_tasks() -> list[TaskFile]:
    """Return the tasks that come with Lasttenth."""
    folder = resources.files("lasttenth.releases.builtin")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    return [read_task(file.read_text(encoding="utf-8"), source=file.name) for file in files]


def _file(front: _FrontMatter, messages: tuple[Message, ...]) -> TaskFile:
    fields = msgspec.structs.asdict(front)
    release = {**fields, "task": front.name, "messages": messages}
    return TaskFile(msgspec.convert(fields, Task), msgspec.convert(release, Release))


def _front_matter(text: str, source: str) -> _FrontMatter:
    try:
        front = yaml.safe_load(text)
        _check_names(front, "", source)
        _write_outputs(front)
        return msgspec.convert(front, _FrontMatter)
    except msgspec.ValidationError as error:
        raise TaskFileError(f"{source}: the front matter is wrong: {error}.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark is not None else 2  # the first one is ---
        raise TaskFileError(f"{source}: the front matter is not YAML, line {line}: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none, lists in lists without end
        raise TaskFileError(f"{source}: the front matter is not YAML: {error}.") from error


def _write_outputs(front: Any) -> None:
    """Write the outputs of examples that stand there as data as the JSON that a model would say."""
    examples = front.get("examples") if isinstance(front, dict) else None
    for example in examples if isinstance(examples, list) else ():
        if isinstance(example, dict) and isinstance(example.get("output"), dict | list):
            example["output"] = msgspec.json.encode(example["output"]).decode()


def _check_names(value: Any, place: str, source: str) -> None:
    """Raise TaskFileError for a name that YAML takes for something else than a text."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check_names(each, f"{place}.{number}", source)
    elif isinstance(value, dict):
        for name, each in value.items():
            if not isinstance(name, str):
                where = place.lstrip(".") or "the front matter"
                raise TaskFileError(
                    f"{source}: in {where} a name is read as {name!r}.", hint="Put it between quotes, as in 'on'."
                )
            _check_names(each, f"{place}.{name}", source)


def _messages(text: str) -> tuple[Message, ...]:
    # With one group in the pattern, split() gives: what stands before, role, text, role, text, …
    parts = _ROLE.split(text)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    texts = ((role.lower(), _QUOTED.sub(r"\1", body.strip())) for role, body in pairs)
    return tuple(msgspec.convert({"role": role, "text": text}, Message) for role, text in texts)


def _quoted(heading: re.Match[str]) -> str:
    return f"\\{heading[1]}"
