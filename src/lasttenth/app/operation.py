"""What one operation is: one thing that can be done, wherever it is asked for."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal, NamedTuple

import msgspec

from lasttenth.app.app import App


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that is told nothing."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that has nothing to say but that it is done."""

    done: bool = True


class Operation(NamedTuple):
    """One thing that can be done, wherever it is asked for.

    `path` is the REST path, whose `{fields}` come from it; the other fields come from the query of a GET or DELETE,
    or from the JSON body. `command` is the command line's name for it, empty where a door has a form of its own.
    """

    name: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    command: tuple[str, ...]
    summary: str
    input: type[msgspec.Struct]
    output: Any
    run: Callable[[App, Any], Coroutine[Any, Any, Any]]
    streams: bool = False
    """Whether it returns a generator, each item of which is an `output`."""
