"""What can be said about a task file before anybody calls it: what cannot work, and what should be looked at.

Secrets are found by the shapes that their issuers give them; that finds no password, and is no guard at run time.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from jinja2 import nodes

from lasttenth.records.definitions import Release
from lasttenth.records.errors import ConfigurationError, InvalidRequestError, TaskFileError
from lasttenth.records.hashing import canonical
from lasttenth.releases.rendering import GIVEN, QUESTION, examples, parsed, variables_of
from lasttenth.releases.schemas import schema_of
from lasttenth.releases.taskfile import TaskFile

MARKING = frozenset({"attribute", "material", "tojson"})
"""Filters after which a text cannot pass for a part of the prompt."""
_TOOL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRETS = {
    "a key of OpenAI or Anthropic": r"\bsk-[A-Za-z0-9_-]{20,}",
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a key of Google": r"\bAIza[0-9A-Za-z_-]{35}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of Lasttenth": r"\blt-[a-z2-7]{16}-[a-z2-7]{52}\b",
}
_SECRET = re.compile("|".join(f"(?P<s{number}>{pattern})" for number, pattern in enumerate(_SECRETS.values())))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a task file. With an error it is not taken."""

    severity: Literal["error", "warning"]
    part: str
    """Where it stands, as in `messages.0.text`."""
    message: str


def findings(file: TaskFile) -> list[Finding]:
    """Return what is wrong with a task file or should be looked at, the errors first."""
    try:
        used = variables_of(file.release)
    except ConfigurationError as error:
        return [_error("messages", error.message)]
    found = [
        *_about_variables(file, used),
        *_about_schemas(file),
        *_about_examples(file),
        *_about_tools(file.release),
        *_about_secrets(file),
        *_about_instructions(file),
        *_about_other_files(file),
    ]
    return sorted(found, key=lambda finding: finding.severity)


def require_working(file: TaskFile, source: str) -> None:
    """Raise TaskFileError for a task that cannot work."""
    errors = [finding for finding in findings(file) if finding.severity == "error"]
    if errors:
        raise TaskFileError(
            f"{source} cannot be taken: {errors[0].part}: {errors[0].message}",
            hint="All that was found is shown by: lasttenth task check",
        )


def _error(part: str, message: str) -> Finding:
    return Finding(severity="error", part=part, message=message)


def _warning(part: str, message: str) -> Finding:
    return Finding(severity="warning", part=part, message=message)


def _about_variables(file: TaskFile, used: frozenset[str]) -> Iterator[Finding]:
    own = used - GIVEN
    schema = file.release.input_schema
    if schema is None or not _is_of_object(schema):
        return
    declared = set(schema.get("properties") or ())
    for name in sorted(own - declared):
        yield _error("input_schema", f"The prompt uses {name}, which input_schema does not declare.")
    for name in sorted(declared - used):
        yield _warning("input_schema", f"The prompt does not use {name}.")
    for name in sorted((declared & used) - set(schema.get("required") or ()) - {QUESTION}):
        yield _warning("input_schema", f"{name} is not required: a call without it may fail.")


def _about_schemas(file: TaskFile) -> Iterator[Finding]:
    release = file.release
    for name, schema in (("input_schema", release.input_schema), ("output_schema", release.output_schema)):
        if schema is not None and not _is_of_object(schema):
            yield _error(name, "It must be a JSON Schema of an object, with its properties.")
        elif schema is not None:
            yield from _about_schema(release, name, schema)
    if release.output_schema is None:
        return
    if release.cites:
        yield _error("cites", "A typed answer cannot cite: take cites away, or output_schema.")
    if "response_format" in release.parameters:
        yield _error("parameters.response_format", "output_schema says this already.")


def _about_schema(release: Release, name: str, schema: dict[str, Any]) -> Iterator[Finding]:
    try:
        ready = schema_of(schema)
    except ConfigurationError as error:
        yield _error(name, error.message)
        return
    for place, example in enumerate(release.examples):
        is_given = name == "input_schema"
        part = f"examples.{place}.{'input' if is_given else 'output'}"
        for problem in ready.problems(example.input) if is_given else ready.problems_of_json(example.output):
            yield _error(part, f"It does not fit {name}: {problem}.")


def _about_examples(file: TaskFile) -> Iterator[Finding]:
    try:
        examples(file.release)
    except (ConfigurationError, InvalidRequestError) as error:
        yield _error("examples", error.message)
    if file.release.nearest_examples >= len(file.release.examples) > 0:
        yield _warning("nearest_examples", "There are no more examples than that: all of them are shown.")


def _about_tools(release: Release) -> Iterator[Finding]:
    names = [tool.name for tool in release.tools]
    for place, tool in enumerate(release.tools):
        if not _TOOL.fullmatch(tool.name) or tool.name in names[:place]:
            yield _error(f"tools.{place}.name", "It must be of up to 64 letters, digits, _ and -, and no other tool's.")
        try:
            ready = schema_of(tool.parameters)
        except ConfigurationError as error:
            yield _error(f"tools.{place}.parameters", error.message)
            continue
        if tool.strict and not ready.is_strict:
            yield _error(
                f"tools.{place}.strict", "Its parameters must be closed objects, with every property required."
            )
    if release.tools and "tools" in release.parameters:
        yield _error("parameters.tools", "tools says this already.")
    if release.parameters.get("n", 1) != 1:
        yield _error("parameters.n", "A task gives one answer.")


def _is_of_object(schema: dict[str, Any]) -> bool:
    required = schema.get("required", [])
    return (
        schema.get("type", "object") == "object"
        and isinstance(schema.get("properties", {}), dict)
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
    )


def _about_secrets(file: TaskFile) -> Iterator[Finding]:
    kinds = list(_SECRETS)
    release = file.release
    texts = {f"messages.{place}.text": message.text for place, message in enumerate(release.messages)}
    texts |= {f"examples.{place}": canonical(example).decode() for place, example in enumerate(release.examples)}
    for part, text in texts.items():
        for match in _SECRET.finditer(text):
            kind = kinds[int(str(match.lastgroup).removeprefix("s"))]
            yield _error(part, f"It looks as if it held {kind}.")


def _about_instructions(file: TaskFile) -> Iterator[Finding]:
    """Look for texts of others in the instructions, where they could pass for instructions themselves."""
    for place, message in enumerate(file.release.messages):
        if message.role != "system":
            continue
        for name in sorted(_shown_unmarked(parsed(message.text))):
            yield _warning(
                f"messages.{place}.text",
                f"{name} goes into the instructions as it is: move it to the user's message, or mark it with | material.",
            )


def _about_other_files(file: TaskFile) -> Iterator[Finding]:
    for place, message in enumerate(file.release.messages):
        tree = parsed(message.text)
        if any(tree.find(kind) for kind in (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)):
            yield _error(f"messages.{place}.text", "A release reads no other file: push it from the command line.")


def _shown_unmarked(node: nodes.Node) -> set[str]:
    """Return the names of variables that are printed below a node without a filter that marks them."""
    if isinstance(node, nodes.Filter) and node.name in MARKING:
        return set()
    if isinstance(node, nodes.Output):
        return {each.name for part in node.nodes for each in _unmarked_names(part)}
    return {name for child in node.iter_child_nodes() for name in _shown_unmarked(child)}


def _unmarked_names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Filter) and node.name in MARKING:
        return
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield node
    for child in node.iter_child_nodes():
        yield from _unmarked_names(child)
