"""How much work checking against a JSON Schema can be, before anybody does it.

A schema may lead to the same place of a value several times, by its `allOf`, `anyOf` and `$ref`, and to what is below that
place several times more: the work doubles with each level. So it is counted: at one place all schemas that apply there, and
of what stands below, the place with most work.

What `unevaluatedProperties` and `unevaluatedItems` speak of is known once all that stands beside and below them was checked
again, so that counts several times.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from lasttenth.records.errors import ConfigurationError

_IN_PLACE_ONE = ("not", "if", "then", "else")
_IN_PLACE_LIST = ("allOf", "anyOf", "oneOf")
_IN_PLACE_NAMED = ("dependentSchemas", "dependencies")
_ITEMS = ("items", "prefixItems", "additionalItems", "contains", "unevaluatedItems")
_ANY_PROPERTY = ("patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames")
_MOVING = frozenset({"$dynamicRef", "$recursiveRef"})
_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_STRIDE = 16
_TIMES = 3
"""With jsonschema-rs 0.60 each `unevaluated…` in another one doubles the time, and where they branch, trebles it."""

Schema = dict[str, Any]


class Work:
    """Count the steps at one place of a value. Raises ConfigurationError for references that lead nowhere, or in a ring."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._steps: dict[tuple[int, int], int] = {}

    def steps(self, depth: int) -> int:
        """Return at most how many schemas are checked at the place with most work, in a value so many levels deep."""
        try:
            for level in range(0, depth, _STRIDE):  # what is known there ends what would lead deeper
                self._at(self._root, level)
            return self._at(self._root, depth)
        except RecursionError as error:
            self._steps.clear()
            raise ConfigurationError("It is nested too deep.") from error

    def is_within(self, limit: int, value: Any) -> bool:
        """Tell whether no more than so many schemas are checked in all of a value, in time that the limit bounds."""
        try:
            return sum(1 for _ in islice(self._checked(self._root, value), limit + 1)) <= limit
        except RecursionError:
            return False

    def _at(self, schema: Schema, depth: int) -> int:
        key = id(schema), depth
        known = self._steps.get(key)
        if known == 0:
            raise ConfigurationError("It refers to itself in a ring, without going down in the value.")
        if known is not None:
            return known
        self._steps[key] = 0  # on the way
        here = 1 + sum(self._at(each, depth) for each in self._in_place(schema))
        self._steps[key] = _times(schema) * (here + (self._below(schema, depth - 1) if depth else 0))
        return self._steps[key]

    def _below(self, schema: Schema, depth: int) -> int:
        items = sum(self._at(each, depth) for name in _ITEMS for each in below(schema, name))
        anywhere = sum(self._at(each, depth) for name in _ANY_PROPERTY for each in below(schema, name))
        named = (self._at(each, depth) for each in below(schema, "properties"))
        return max(items, anywhere + max(named, default=0))

    def _checked(self, schema: Schema, value: Any) -> Iterator[Schema]:
        """Yield a schema each time that it is checked in a value."""
        yield schema
        for _ in range(_times(schema)):
            for each in self._in_place(schema):
                yield from self._checked(each, value)
            for each, inner in _inside(schema, value):
                yield from self._checked(each, inner)

    def _in_place(self, schema: Schema) -> Iterator[Schema]:
        for name in (*_IN_PLACE_ONE, *_IN_PLACE_LIST, *_IN_PLACE_NAMED):
            yield from below(schema, name)
        if not _MOVING.isdisjoint(schema):
            raise ConfigurationError("Its references must say where they lead: use $ref.")
        if "$ref" in schema:
            yield from self._target(schema["$ref"])

    def _target(self, reference: Any) -> list[Schema]:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise ConfigurationError(f"It refers to {reference}, and nothing is fetched: references begin with #/.")
        found: Any = self._root
        for step in reference[2:].split("/") if reference != "#" else ():
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                raise ConfigurationError(f"It refers to {reference}, which is not in it.")
        return [found] if isinstance(found, dict) else []


def _times(schema: Schema) -> int:
    return 1 if _UNEVALUATED.isdisjoint(schema) else _TIMES


def _inside(schema: Schema, value: Any) -> Iterator[tuple[Schema, Any]]:
    """Yield what may be checked below a place, with the places that it is checked at."""
    if isinstance(value, list):
        schemas = [each for name in _ITEMS for each in below(schema, name)]
        yield from ((each, inner) for inner in value for each in schemas)
    elif isinstance(value, dict):
        schemas = [each for name in _ANY_PROPERTY for each in below(schema, name)]
        yield from ((each, inner) for inner in value.values() for each in schemas)
        named = schema.get("properties", {})
        yield from ((named[name], value[name]) for name in named.keys() & value.keys() if isinstance(named[name], dict))


def schemas_in(schema: Schema) -> Iterator[Schema]:
    """Yield a schema and all that stand in it, references left as they are."""
    yield schema
    for name in (*_IN_PLACE_ONE, *_IN_PLACE_LIST, *_IN_PLACE_NAMED, *_ITEMS, *_ANY_PROPERTY, *NAMED):
        for each in below(schema, name):
            yield from schemas_in(each)


NAMED = ("properties", "$defs", "definitions")
"""Keywords under which schemas stand by names."""


def below(schema: Schema, keyword: str) -> list[Schema]:
    """Return the schemas that stand under a keyword, which may be one, several, or several by name."""
    value = schema.get(keyword)
    if isinstance(value, list):
        return [each for each in value if isinstance(each, dict)]
    if not isinstance(value, dict):
        return []
    if keyword in NAMED or keyword in _IN_PLACE_NAMED or keyword == "patternProperties":
        return [each for each in value.values() if isinstance(each, dict)]
    return [value]


class Extent(NamedTuple):
    """How large a value is."""

    places: int
    """The value itself, and all that stands in its lists and objects."""
    depth: int
    """Levels of lists and objects; a bare value has none."""


def extent_of(value: Any) -> Extent:
    """Return how large a value is."""
    places, depth, level = 1, 0, [value]
    while level := [
        each
        for one in level
        if isinstance(one, dict | list)
        for each in (one.values() if isinstance(one, dict) else one)
    ]:
        places += len(level)
        depth += 1
    return Extent(places, depth)
