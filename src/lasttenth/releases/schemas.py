"""JSON Schemas of what goes into a task and of what comes out: read once, checked against, never fetched from anywhere.

No schema and no text can make a check endless: patterns are matched in linear time, so that those with look-around or
back-references are no patterns here, and the work of a schema is bounded, see `schema_work`.
"""

from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.schema_work import NAMED, Extent, Work, extent_of, schemas_in

MOST_PROBLEMS = 5
"""So many are told of a value; who mends these will see the others."""
MOST_STEPS = 1_000_000
"""Schemas that are checked at one place of a value, with the most that may stand below it."""
MOST_WORK = 20_000_000
"""The steps times the places of a value. To tell whether it fits takes 3 to 20 ns for each, so at most 0.4 s."""
MOST_EXPLAINED = 10_000
"""Schemas that are checked in a value of which it is told where it does not fit: where each of them fails, 7 to 13 µs."""
PERIOD = 64
"""Levels of a value after which a schema that refers to itself has done so."""
DEEPEST = 200
"""Levels that a value may have where its schema refers to itself."""
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
    """A JSON Schema, by default of draft 2020-12. Raises ConfigurationError where it is none, or too much work.

    Attributes:
        declared: the schema as it was given, in its order.
        is_strict: whether providers can hold a model to all of it, see `is_strict`.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        options = jsonschema_rs.RegexOptions()
        try:
            self._validator = jsonschema_rs.validator_for(schema, pattern_options=options, offline=True)
        except ValueError as error:
            reason = _problem(error) if isinstance(error, jsonschema_rs.ValidationError) else str(error)
            raise ConfigurationError(f"It is no JSON Schema that can be used: {reason}.") from error
        self.declared = schema
        self.is_strict = is_strict(schema)
        self._work = Work(schema)
        steps = self._work.steps(PERIOD)
        self._is_recursive = steps != self._work.steps(2 * PERIOD)
        if not self._is_recursive and steps > MOST_STEPS:
            raise ConfigurationError("It leads to the same places too often.")

    def problems(self, value: Any) -> list[str]:
        """Return where a value does not fit and why, at most `MOST_PROBLEMS`; none where it fits."""
        if self._is_too_much(extent_of(value)):
            return ["it is too large or nested too deep for its schema, which leads to the same places again and again"]
        if self._validator.is_valid(value):
            return []
        if not self._work.is_within(MOST_EXPLAINED, value):
            return ["it does not fit its schema, and there is too much to check to say where"]
        return [_problem(error) for error in islice(self._validator.iter_errors(value), MOST_PROBLEMS)]

    def _is_too_much(self, extent: Extent) -> bool:
        if not self._is_recursive:
            return self._work.steps(min(extent.depth, PERIOD)) * extent.places > MOST_WORK
        return extent.depth > DEEPEST or self._work.steps(extent.depth) * extent.places > MOST_WORK

    def problems_of_json(self, text: str) -> list[str]:
        """Return why a text is no JSON that fits; none where it is."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return [f"it is no JSON: {error}"]
        return self.problems(value)


def schema_of(schema: dict[str, Any]) -> Schema:
    """Return a schema that is ready to be used; the latest ones are remembered. Raises ConfigurationError."""
    return _compiled(msgspec.json.encode(schema))


def is_strict(schema: dict[str, Any]) -> bool:
    """Tell whether providers can hold a model to all of a schema.

    Of every object each property is required and no other one is allowed, and no keyword depends on what others say
    (OpenAI, Structured Outputs, "Supported schemas").
    """
    return "anyOf" not in schema and all(
        not _NOT_STRICT & each.keys() and (not _is_object(each) or _is_closed(each)) for each in schemas_in(schema)
    )


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose objects are closed: each property is required, and no other one is allowed.

    An object whose properties have no names of their own stays open, as a table of numbers by name does.
    """
    found = {name: _strict_below(name, value) for name, value in schema.items() if name != "default"}
    if _is_object(found) and not isinstance(found.get("additionalProperties"), dict):
        found |= {"required": list(found.get("properties", {})), "additionalProperties": False}
    return found


@lru_cache(maxsize=64)
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


def _strict_below(name: str, value: Any) -> Any:
    if name in NAMED and isinstance(value, dict):
        return {key: strict(each) if isinstance(each, dict) else each for key, each in value.items()}
    if name in {"anyOf", "oneOf", "prefixItems"} and isinstance(value, list):
        return [strict(each) if isinstance(each, dict) else each for each in value]
    return strict(value) if name in {"items", "additionalProperties"} and isinstance(value, dict) else value
