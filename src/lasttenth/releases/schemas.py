"""JSON Schemas of what goes into a task and of what comes out: read once, checked against, never fetched from anywhere.

Patterns are matched in linear time, so that no schema and no text can make a check endless; the price is that patterns
with look-around or back-references are no patterns here.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from lasttenth.records.errors import ConfigurationError
from lasttenth.records.hashing import canonical

MOST_PROBLEMS = 5
"""So many are told of a value; who mends these will see the others."""
_LONGEST_PROBLEM = 300
_NOT_STRICT = frozenset(
    [
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "patternProperties",
        "propertyNames",
    ]
)


class Schema:
    """A JSON Schema, by default of draft 2020-12. Raises ConfigurationError where it is none."""

    def __init__(self, schema: dict[str, Any]) -> None:
        options = jsonschema_rs.RegexOptions()
        try:
            self._validator = jsonschema_rs.validator_for(schema, pattern_options=options, offline=True)
        except ValueError as error:
            reason = str(error).partition("\n")[0]
            raise ConfigurationError(f"It is no JSON Schema that can be used: {reason}.") from error

    def problems(self, value: Any) -> list[str]:
        """Return where a value does not fit and why, at most `MOST_PROBLEMS`; none where it fits."""
        if self._validator.is_valid(value):
            return []
        return [_problem(error) for error in islice(self._validator.iter_errors(value), MOST_PROBLEMS)]

    def problems_of_json(self, text: str) -> list[str]:
        """Return why a text is no JSON that fits; none where it is."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return [f"it is no JSON: {error}"]
        return self.problems(value)


def schema_of(schema: dict[str, Any]) -> Schema:
    """Return a schema that is ready to be used; the latest ones are remembered. Raises ConfigurationError."""
    return _compiled(canonical(schema))


def is_strict(schema: dict[str, Any]) -> bool:
    """Tell whether providers can hold a model to all of a schema.

    Of every object each property is required and no other one is allowed, and no keyword depends on what others say
    (OpenAI, Structured Outputs, "Supported schemas").
    """
    return "anyOf" not in schema and all(
        not _NOT_STRICT & each.keys() and (not _is_object(each) or _is_closed(each)) for each in _schemas_in(schema)
    )


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose objects are closed: each property is required, and no other one is allowed."""
    found = {name: _strict_below(name, value) for name, value in schema.items() if name != "default"}
    if _is_object(found):
        found |= {"required": list(found.get("properties", {})), "additionalProperties": False}
    return found


@lru_cache(maxsize=256)
def _compiled(text: bytes) -> Schema:
    return Schema(msgspec.json.decode(text))


def _problem(error: jsonschema_rs.ValidationError) -> str:
    where = "/".join(str(step) for step in error.instance_path)
    message = error.message if len(error.message) <= _LONGEST_PROBLEM else f"{error.message[:_LONGEST_PROBLEM]}…"
    return f"{where}: {message}" if where else message


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _is_closed(schema: dict[str, Any]) -> bool:
    names, required = schema.get("properties", {}), schema.get("required", [])
    return schema.get("additionalProperties") is False and set(names) == set(required)


def _schemas_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that stand in it."""
    yield schema
    for name, value in schema.items():
        for each in _below(name, value):
            yield from _schemas_in(each)


def _below(name: str, value: Any) -> list[dict[str, Any]]:
    """Return the schemas that stand under a keyword."""
    if name in {"properties", "$defs", "definitions"} and isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, dict)]
    if name in {"anyOf", "oneOf", "prefixItems"} and isinstance(value, list):
        return [each for each in value if isinstance(each, dict)]
    return [value] if name in {"items", "additionalProperties"} and isinstance(value, dict) else []


def _strict_below(name: str, value: Any) -> Any:
    if name in {"properties", "$defs", "definitions"} and isinstance(value, dict):
        return {key: strict(each) if isinstance(each, dict) else each for key, each in value.items()}
    if name in {"anyOf", "oneOf", "prefixItems"} and isinstance(value, list):
        return [strict(each) if isinstance(each, dict) else each for each in value]
    return strict(value) if name in {"items", "additionalProperties"} and isinstance(value, dict) else value
