"""Picoschema, the short way of Dotprompt to write schemas, and the JSON Schema that it stands for.

Source: the reference of Dotprompt, https://google.github.io/dotprompt/reference/picoschema.
"""

from typing import Any

from lasttenth.records.errors import ConfigurationError

SCALARS = frozenset({"any", "boolean", "integer", "null", "number", "string"})
WILDCARD = "(*)"
DEEPEST = 40
_SCHEMA_TYPES = SCALARS | {"array", "object"}


def json_schema(schema: Any) -> dict[str, Any]:
    """Return the JSON Schema for a schema in either notation. Raises ConfigurationError."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str) and schema["type"] in _SCHEMA_TYPES:
            return schema
        if isinstance(schema.get("properties"), dict):
            return {**schema, "type": "object"}
    return _schema(schema, path="the schema")


def _schema(value: Any, *, path: str) -> dict[str, Any]:
    if path.count(".") > DEEPEST:
        raise ConfigurationError(f"The schema is more than {DEEPEST} levels deep.")
    if isinstance(value, str):
        return _scalar(value, path)
    if isinstance(value, dict):
        return _object(value, path)
    raise ConfigurationError(f"{path} is neither a type nor an object.")


def _scalar(value: str, path: str) -> dict[str, Any]:
    name, description = _divided(value)
    if name not in SCALARS:
        raise ConfigurationError(f"{path} is of type {name}, which no file of the prompt says.")
    found = {} if name == "any" else {"type": name}
    return {**found, **({"description": description} if description else {})}


def _object(value: dict[str, Any], path: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    others: dict[str, Any] | bool = False
    for key, inner in value.items():
        if key == WILDCARD:
            others = _schema(inner, path=f"{path}.{key}")
            continue
        head, _, kind = key.partition("(")
        name = head.strip()
        is_optional = name.endswith("?")
        name = name.removesuffix("?")
        properties[name] = _property(inner, kind.strip().removesuffix(")"), f"{path}.{name}", is_optional=is_optional)
        if not is_optional:
            required.append(name)
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = list(dict.fromkeys(required))
    return {**found, "additionalProperties": others}


def _property(value: Any, kind: str, path: str, *, is_optional: bool) -> dict[str, Any]:
    """Return the schema of a property; `kind` is what stands in brackets behind its name. Optional ones may be null."""
    name, description = _divided(kind)
    if name == "array":
        found: dict[str, Any] = {"type": "array", "items": _schema(value, path=path)}
    elif name == "enum":
        found = {"enum": _choices(value, path, with_null=is_optional)}
    elif name in {"", "object"}:
        found = _schema(value, path=path)
    else:
        raise ConfigurationError(f"{path} is of kind {name}; there are array, enum and object.")
    if is_optional and isinstance(found.get("type"), str) and found["type"] != "null":
        found["type"] = [found["type"], "null"]
    return {**found, **({"description": description} if description else {})}


def _choices(value: Any, path: str, *, with_null: bool) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ConfigurationError(f"{path} is an enum without a list of values.")
    distinct = [each for place, each in enumerate(value) if each not in value[:place]]
    return [*distinct, None] if with_null and None not in distinct else distinct


def _divided(text: str) -> tuple[str, str]:
    """Return a type and the description behind its comma."""
    name, _, description = text.partition(",")
    return name.strip(), description.strip()
