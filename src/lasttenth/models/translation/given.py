"""JSON that is read field by field: what nobody reads is named as lost, what is no such thing is refused."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import msgspec

from lasttenth.models.bodies import UNREADABLE, Fields
from lasttenth.models.translation.neutral import Lost, Tree
from lasttenth.records.errors import InvalidRequestError, UpstreamError

V = TypeVar("V")
Named = Callable[[str], str]

TEXT_OR_LIST: Any = str | list[Any]
TEXT_OR_TEXTS: Any = str | list[str]
TEXT_OR_TREE: Any = str | dict[str, Any]
_NOTHING: tuple[object, ...] = ("", [])


class Given:
    """A JSON object on its way into a translation. Take what is known, then `close` it.

    Args:
        content: the object, as it was decoded.
        place: where it stands, empty for the whole body.
        lost: takes note of what was not taken.
        named: returns the name under which a field is taken, for protocols that write names in several ways.
    """

    def __init__(self, content: object, place: str, lost: Lost, *, named: Named = str) -> None:
        if not isinstance(content, dict):
            raise InvalidRequestError(f"{place or 'The body'} must be an object.", parameter=place or None)
        self.place = place
        self.lost = lost
        self._named = named
        self._left: Tree = {named(name): value for name, value in content.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        """Tell whether a field is there and is not null."""
        return name in self._left

    def take(self, name: str, kind: type[V]) -> V | None:
        """Return a field, None where it is absent or null. Raises InvalidRequestError where it is no such thing."""
        value = self._left.pop(name, None)
        if value is None:
            return None
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            place = self.at(name)
            raise InvalidRequestError(f"{place} cannot be translated: {error}.", parameter=place) from error

    def text(self, name: str) -> str:
        """Return a text, an empty one where there is none. Raises InvalidRequestError."""
        return self.take(name, str) or ""

    def needed(self, name: str) -> str:
        """Return a text that has to be there. Raises InvalidRequestError."""
        if name not in self._left:
            raise InvalidRequestError(f"{self.at(name)} is missing.", parameter=self.at(name))
        return self.text(name)

    def one_of(self, name: str, kinds: Any) -> Any:
        """Return a text that is one of a Literal's, None where it is another one, which is lost."""
        value = self.text(name)
        if not value or value in get_args(kinds):
            return value or None
        self.lost.add(self.at(name))
        return None

    def each(self, name: str) -> list["Given"]:
        """Return the objects of a list, an empty one where there is none. Raises InvalidRequestError."""
        items = self.take(name, list[Any]) or []
        return [
            Given(item, f"{self.at(name)}.{number}", self.lost, named=self._named) for number, item in enumerate(items)
        ]

    def inner(self, name: str) -> "Given":
        """Return an object, an empty one where there is none. Raises InvalidRequestError."""
        return Given(self.take(name, dict[str, Any]) or {}, self.at(name), self.lost, named=self._named)

    def drop(self, *names: str) -> None:
        """Leave fields out that say nothing which has to be carried."""
        for name in names:
            self._left.pop(name, None)

    def lose(self, *names: str) -> None:
        """Leave fields out, and name them."""
        for name in names:
            if self._left.pop(name, None) is not None:
                self.lost.add(self.at(name))

    def close(self) -> None:
        """Name what nobody took, but for what says nothing: false, and an empty text or list. `{}` may be a wish."""
        self.lost.add(
            *[self.at(name) for name, value in self._left.items() if not (value is False or value in _NOTHING)]
        )
        self._left.clear()

    def at(self, name: str) -> str:
        """Return where a field stands."""
        return f"{self.place}.{name}" if self.place else name


def body_of(fields: Fields, lost: Lost, *, named: Named = str) -> Given:
    """Return a request's body, ready to be read. Raises InvalidRequestError."""
    return Given({name: tree_of(value, name) for name, value in fields.items()}, "", lost, named=named)


def raise_fault(given: Given) -> None:
    """Raise UpstreamError where a reply, or an event of a stream, is an error: it stands in the same place everywhere."""
    if "error" in given:
        error = given.take("error", TEXT_OR_TREE)
        message = error.get("message") if isinstance(error, dict) else error
        raise UpstreamError(f"The model failed: {message or 'it does not say why'}.")


def tree_of(json: bytes | msgspec.Raw, place: str) -> Any:
    """Return what JSON says. Raises InvalidRequestError."""
    try:
        return msgspec.json.decode(json)
    except UNREADABLE as error:
        raise InvalidRequestError(f"{place} cannot be read: {error}.", parameter=place) from error


def said(fields: Tree) -> Tree:
    """Return an object without what is None."""
    return {name: value for name, value in fields.items() if value is not None}
