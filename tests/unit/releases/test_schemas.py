"""JSON Schemas: what a provider can be held to, and what is never fetched or matched without end."""

from typing import Any

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
        ({"$ref": "#"}, "in a ring"),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#"}]}}}, "in a ring"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}, "$defs": {"a": {"$dynamicAnchor": "a"}}}, r"use \$ref"),
        ({"$ref": "#a", "$defs": {"a": {"$anchor": "a"}}}, "begin with #/"),
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


def chain(length: int, *, below: bool) -> dict[str, object]:
    """Return a schema each part of which leads to the next one twice, at the same place or one level below."""

    def twice(number: int) -> list[object]:
        return [{"$ref": f"#/$defs/d{number}"}] * 2

    parts = {
        f"d{number}": {"properties": {"a": {"allOf": twice(number + 1)}}} if below else {"allOf": twice(number + 1)}
        for number in range(length)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{length}": {"type": "object"}}}


@pytest.mark.parametrize("below", [False, True])
def test_schema_that_leads_to_one_place_without_end_is_refused(*, below: bool) -> None:
    assert schema_of(chain(12, below=below)).problems({}) == []
    with pytest.raises(ConfigurationError, match="too often"):
        schema_of(chain(60, below=below))


def branching(length: int, keyword: str, leaf: dict[str, Any]) -> dict[str, Any]:
    """Return a schema each part of which leads to the next one twice, by a keyword, at the same place."""
    parts = {f"d{number}": {keyword: [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{length}": leaf}}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_where_a_value_does_not_fit_is_told_as_long_as_that_is_little_work(keyword: str) -> None:
    text = {"type": "string"}

    told = schema_of(branching(8, keyword, text)).problems(1)[0]
    (general,) = schema_of(branching(17, keyword, text)).problems(1)

    assert told.startswith("1 is not")
    assert "too much to check" in general
    assert schema_of(branching(17, "anyOf", text)).problems("fits") == []


def test_where_one_of_many_values_does_not_fit_is_told_by_their_number() -> None:
    schema = schema_of({"items": {"type": "string"}})

    assert schema.problems(["x"] * 9000 + [1]) == ['9000: 1 is not of type "string"']
    assert "too much to check" in schema.problems(["x"] * 10_000 + [1])[0]


def test_value_with_too_many_places_for_a_schema_that_branches_does_not_fit() -> None:
    schema = schema_of({"items": {"$ref": "#/$defs/d0"}, "$defs": branching(14, "allOf", {})["$defs"]})

    assert schema.problems([1] * 200) == []
    assert "too large" in schema.problems([1] * 400)[0]


def closed(length: int) -> dict[str, Any]:
    """Return a schema each part of which closes what the next one says of the same object."""
    parts = {
        f"d{number}": {"allOf": [{"$ref": f"#/$defs/d{number + 1}"}], "unevaluatedProperties": False}
        for number in range(length)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**parts, f"d{length}": {"properties": {"a": {}, "b": {}}}}}


def test_what_must_be_checked_again_for_each_property_counts_several_times() -> None:
    open_tree: dict[str, Any] = {"anyOf": [{"properties": {"a": {"$ref": "#"}}}]}
    tree = schema_of({**open_tree, "unevaluatedProperties": False})

    assert schema_of(closed(4)).problems({"a": 1, "b": 2}) == []
    assert schema_of(closed(4)).problems({"c": 3}) != []
    with pytest.raises(ConfigurationError, match="too often"):
        schema_of(closed(16))
    assert tree.problems(nested("a", 8)) == []
    assert "too deep" in tree.problems(nested("a", 16))[0]
    assert schema_of(open_tree).problems(nested("a", 16)) == []


def test_schema_that_comes_back_to_itself_by_many_references_takes_deep_values() -> None:
    parts = {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/c"}]}, "c": LIST}
    schema = schema_of({"$ref": "#/$defs/a", "$defs": parts})

    assert schema.problems(nested("next", 199)) == []


TWICE = {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"a": {"allOf": [{"$ref": "#/$defs/node"}] * 2}}}}}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "anyOf": [
                {"properties": {kind: {"const": 1}, **{side: {"$ref": "#/$defs/node"} for side in ("left", "right")}}}
                for kind in ("plus", "times")
            ]
        }
    },
}
LIST = {"properties": {"next": {"$ref": "#"}, "value": {"type": "integer"}}}


def nested(name: str, depth: int) -> object:
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {name: value}
    return value


def test_value_too_deep_for_a_schema_that_doubles_with_each_level_does_not_fit() -> None:
    for schema, name in ((TWICE, "a"), (TREE, "left")):
        assert schema_of(schema).problems(nested(name, 12)) == []
        (problem,) = schema_of(schema).problems(nested(name, 60))
        assert "too deep" in problem
    assert schema_of(LIST).problems(nested("next", 150)) == []
    assert schema_of(LIST).problems(nested("next", 201)) != []


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
        ({**CLOSED, "properties": {"a": {"type": "object", "additionalProperties": {"type": "integer"}}}}, False),
        ({**CLOSED, "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"properties": {}}}}, False),
        ({"anyOf": [CLOSED, CLOSED]}, False),
    ],
)
def test_closed_objects_alone_are_strict(schema: dict[str, object], *, expected: bool) -> None:
    assert is_strict(schema) is expected
    is_open = "anyOf" in schema or "allOf" in str(schema) or "'integer'" in str(schema)
    assert is_strict(strict(schema)) is not is_open
