"""JSON Schemas: what a provider can be held to, and what is never fetched or matched without end."""

import pytest

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.schemas import MOST_PROBLEMS, is_strict, schema_of, strict


def test_problems_say_where_they_are() -> None:
    schema = schema_of({"properties": {"a": {"items": {"type": "integer"}}}, "required": ["b"]})

    assert schema.problems({"a": [1, "2"]}) == ['"b" is a required property', 'a/1: "2" is not of type "integer"']
    assert schema.problems({"a": [1], "b": None}) == []
    assert schema.problems_of_json("{") == ["it is no JSON: Input data was truncated"]


def test_no_more_is_told_than_anybody_reads() -> None:
    schema = schema_of({"items": {"type": "integer"}})

    problems = schema.problems(["x" * 1000] * 100)

    assert len(problems) == MOST_PROBLEMS
    assert max(len(problem) for problem in problems) < 400


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"$ref": "http://example.org/schema"}, "disabled"),
        ({"$ref": "file:///etc/passwd"}, "disabled"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"pattern": "(?=look)ahead"}, "regex"),
        ({"pattern": r"(a)\1"}, "regex"),
    ],
)
def test_schema_that_cannot_be_used_is_an_error(schema: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        schema_of(schema)


def test_pattern_takes_linear_time() -> None:
    schema = schema_of({"pattern": "^(a+)+$"})

    assert schema.problems("a" * 50_000 + "b") != []


CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({**CLOSED, "properties": {"a": {"type": "object"}}}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}}, True),
        ({**CLOSED, "properties": {"a": {"allOf": [CLOSED]}}}, False),
        ({**CLOSED, "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"properties": {}}}}, False),
        ({"anyOf": [CLOSED, CLOSED]}, False),
    ],
)
def test_closed_objects_alone_are_strict(schema: dict[str, object], *, expected: bool) -> None:
    assert is_strict(schema) is expected
    assert is_strict(strict(schema)) or "anyOf" in schema or "allOf" in str(schema)
