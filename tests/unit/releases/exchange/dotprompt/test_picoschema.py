"""Picoschema becomes the JSON Schema that it stands for."""

from typing import Any

import jsonschema_rs
import pytest
import yaml

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.dotprompt.picoschema import json_schema

PRODUCT = """
id: string, what it is called
price: number
note?: string
size(enum, how large): [small, large]
colour?(enum): [red]
tags(array, words for it): string
parts?(array):
  name: string
box(object, how it comes):
  (*): integer
anything: any, whatever
"""


def test_every_notation_has_its_schema() -> None:
    schema = json_schema(yaml.safe_load(PRODUCT))

    jsonschema_rs.meta.validate(schema)
    assert schema["required"] == ["id", "price", "size", "tags", "box", "anything"]
    assert schema["additionalProperties"] is False
    assert schema["properties"] == {
        "id": {"type": "string", "description": "what it is called"},
        "price": {"type": "number"},
        "note": {"type": ["string", "null"]},
        "size": {"enum": ["small", "large"], "description": "how large"},
        "colour": {"enum": ["red", None]},
        "tags": {"type": "array", "items": {"type": "string"}, "description": "words for it"},
        "parts": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "additionalProperties": False,
            },
        },
        "box": {
            "type": "object",
            "properties": {},
            "additionalProperties": {"type": "integer"},
            "description": "how it comes",
        },
        "anything": {"description": "whatever"},
    }


@pytest.mark.parametrize("schema", [{"type": "object", "properties": {"a": {}}}, {"type": "string"}])
def test_json_schema_stays_what_it_is(schema: dict[str, Any]) -> None:
    assert json_schema(schema) == schema


def test_properties_alone_are_a_schema_of_an_object() -> None:
    assert json_schema({"properties": {"a": {}}}) == {"type": "object", "properties": {"a": {}}}


@pytest.mark.parametrize(
    "schema", [3, {"a": 3}, {"a": "Product"}, {"a(enum)": "x"}, {"a(tuple)": "string"}, {"a": None}]
)
def test_what_is_no_schema_is_an_error(schema: Any) -> None:
    with pytest.raises(ConfigurationError):
        json_schema(schema)
