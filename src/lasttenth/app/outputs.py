"""Types of answers: the JSON Schema that a model is held to, and the value that its answer becomes.

A type is a msgspec Struct, a dataclass, a TypedDict, or a model of pydantic, which is known by its methods alone.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Generic

import jiter
import msgspec
from typing_extensions import TypeVar

from lasttenth.records.errors import InvalidAnswerError, InvalidRequestError
from lasttenth.releases.schemas import is_strict, strict

T = TypeVar("T", default=Any)

_HINT = "Use a Struct, a dataclass, a TypedDict or a model of pydantic."


class Output(Generic[T]):
    """What a type asks of an answer. Raises InvalidRequestError for one that is no JSON object with fields."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        schema = _schema(kind)
        told = {"name": getattr(kind, "__name__", "answer"), "schema": schema, "strict": is_strict(schema)}
        self.response_format = {"type": "json_schema", "json_schema": told}

    def read(self, text: str) -> T:
        """Return the value that an answer is. Raises InvalidAnswerError."""
        read: Callable[[str], T] = getattr(self._kind, "model_validate_json", self._decoded)
        try:
            return read(text)
        except ValueError as error:  # what msgspec and pydantic raise is one
            raise InvalidAnswerError(f"The answer is no {self._kind.__name__}: {error}.") from error

    def _decoded(self, text: str) -> T:
        value: T = msgspec.json.decode(text, type=self._kind)
        return value


class GrowingValue:
    """A JSON value that is still being written.

    It is read anew whenever a sixty-fourth has come to it, so that reading a long one costs no more than a few hundred
    times reading it once.
    """

    def __init__(self) -> None:
        self._text = ""
        self._read = 0
        self._value: Any = None

    def take(self, text: str) -> Any:
        """Return what stands with one more piece, or stood a little before; None where nothing does."""
        self._text += text
        if len(self._text) - self._read >= len(self._text) // 64:
            self._read = len(self._text)
            with contextlib.suppress(ValueError):
                self._value = jiter.from_json(self._text.encode(), partial_mode="trailing-strings")
        return self._value


def _schema(kind: type) -> dict[str, Any]:
    described = getattr(kind, "model_json_schema", None)
    try:
        schema: dict[str, Any] = msgspec.json.schema(kind) if described is None else described()
    except TypeError as error:
        raise InvalidRequestError(f"{kind!r} cannot be an output: {error}.", hint=_HINT) from error
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    whole = {**schema["$defs"][name], "$defs": schema["$defs"]} if name else schema
    if whole.get("type") != "object" or not ({"properties", "additionalProperties"} & whole.keys()):
        raise InvalidRequestError(f"{kind!r} is no JSON object with fields.", hint=_HINT)
    return strict(whole)
