"""Where a name of a Handlebars template leads: the variables, what a block goes through, and what schemas say of them."""

import json
import re
from typing import Any, NamedTuple

_WORDS = "and or not if else in is true false none True False None"
_GIVEN = "loop range dict lipsum cycler joiner namespace self super caller varargs kwargs"
RESERVED = frozenset(_WORDS.split() + _GIVEN.split())
"""Names that mean something else in Jinja, or nothing."""
LONGEST = 20
"""How many names a path may have."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_LOOP = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_OF_CONTAINERS = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str))


class Found(NamedTuple):
    """What a word stands for."""

    text: str
    """The expression in Jinja."""
    doubtful: tuple[str, ...] = ()
    """Expressions on the way there that may be undefined, from the first to the whole."""
    schema: dict[str, Any] | None = None
    is_declared: bool = True
    """Whether a schema speaks of it at all."""


class Scope(NamedTuple):
    """What `this` is: an expression, or the variables themselves where that is empty."""

    this: str
    schema: dict[str, Any] | None
    names: dict[str, Found]
    """What a block gives a name of its own."""
    defaults: dict[str, str]
    """Expressions in place of variables that nobody gives."""
    in_loop: bool = False


def find(word: str, scopes: list[Scope]) -> Found | None:
    """Return what a word of a template stands for; None where Jinja has nothing like it."""
    if constant := _literal(word):
        return Found(constant)
    if word in _LOOP:
        return Found(_LOOP[word]) if scopes[-1].in_loop else None
    up = len(scopes) - 1
    if word.startswith("@root."):
        up, word = 0, word.removeprefix("@root.")
    while word == ".." or word.startswith("../"):
        up, word = up - 1, word[3:]
    if up < 0 or word.startswith("@"):
        return None
    parts = re.split(r"[./]", re.sub(r"\A(?:\./|this(?=[./]|\Z)[./]?)", "", word))
    return None if len(parts) > LONGEST else _followed([] if parts == [""] else parts, scopes, up)


def literal(value: Any) -> str:
    """Return the expression of a JSON value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(name)}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _literal(word: str) -> str:
    """Return the expression of a literal, and nothing for a word that is none."""
    if word[:1] in {'"', "'"}:
        return json.dumps(word[1:-1], ensure_ascii=False)
    if word in {"true", "false"} or _NUMBER.fullmatch(word):
        return word
    return "none" if word in {"null", "undefined"} else ""


def _followed(parts: list[str], scopes: list[Scope], up: int) -> Found | None:
    if parts == ["."]:
        parts = []
    within = reversed(scopes[: up + 1])
    names: dict[str, Found] = next((scope.names for scope in within if parts and parts[0] in scope.names), {})
    scope = scopes[up]
    start = names[parts[0]] if names else Found(scope.this, (), scope.schema, scope.schema is not None)
    rest = parts[1:] if names else parts
    if not start.text and not rest:
        return None
    if not start.text and rest[0] in scope.defaults:
        given = _step(start, rest[0])
        start = Found(f"{rest[0]} | default({scope.defaults[rest[0]]})", (), given.schema if given else None)
        rest = rest[1:]
    found: Found | None = start
    for part in rest:
        found = found and _step(found, part)
    return found


def _step(found: Found, part: str) -> Found | None:
    if not part or (not found.text and (not _NAME.fullmatch(part) or part in RESERVED)):
        return None
    schema = found.schema or {}
    properties = schema.get("properties")
    inner = properties.get(part) if isinstance(properties, dict) else None
    text = joined(found.text, part)
    required = schema.get("required")
    is_sure = isinstance(inner, dict) and isinstance(required, list) and part in required
    if found.text and not is_sure and part in _OF_CONTAINERS:  # else the method of that name would be found
        text, is_sure = f'{found.text}.get({json.dumps(part)}, "")', True
    return Found(
        text,
        found.doubtful if is_sure else (*found.doubtful, text),
        inner if isinstance(inner, dict) else None,
        isinstance(inner, dict),
    )


def joined(text: str, part: str) -> str:
    """Return the expression of a field of an expression."""
    if not text:
        return part
    text = f"({text})" if " | " in text else text
    if part.isdecimal() and part.isascii():
        return f"{text}[{int(part)}]" if len(part) < 16 else f"{text}[{json.dumps(part)}]"
    if _NAME.fullmatch(part) and part not in _OF_CONTAINERS and not part.startswith("__"):
        return f"{text}.{part}"
    return f"{text}[{json.dumps(part, ensure_ascii=False)}]"


def types_of(schema: dict[str, Any] | None) -> set[str]:
    """Return the types that a schema allows; none where it does not say."""
    kind = (schema or {}).get("type")
    names = kind if isinstance(kind, list) else [kind]
    return {name for name in names if isinstance(name, str)}
