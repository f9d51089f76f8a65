"""What the stages of a request ask of the protocol that it speaks.

A protocol knows its paths, how the head of a request is read, how a reply or an event of a stream says what it consumed,
that it failed or that it ends, and how an error is said in it. It knows no stage, and no provider.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import msgspec

from lasttenth.models.bodies import Fields
from lasttenth.models.port import ModelOperation, ProtocolName
from lasttenth.records.errors import InvalidRequestError, LasttenthError
from lasttenth.records.usage import Usage

Price = Callable[[Usage | None], None]
"""Take what was reported to be consumed; a later report replaces an earlier one."""


Progress = Literal["waits", "says", "over"]
"""An event says a piece of the answer, or that no answer comes any more; until then one waits."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a request before it is passed on."""

    model: str
    stream: bool | None = None
    metadata: dict[str, Any] | None = None
    safety_identifier: str | None = None
    user: str | None = None


class Said(Protocol):
    """What is read of a whole reply."""

    @property
    def is_error(self) -> bool:
        """Tell whether it is an error, whatever the status says."""
        ...

    @property
    def consumed(self) -> Usage | None:
        """Return the usage that is reported, None where there is none or it cannot be read."""
        ...


class Reading(Protocol):
    """What is read of one stream as it passes."""

    is_complete: bool
    """True once the stream may end: its answer is whole, or it has said why it is not."""
    is_over: bool
    """True once the stream has said its end, or an error: nothing that follows belongs to it."""
    has_failed: bool
    """True once the stream has said an error."""

    def passes(self, data: bytes) -> bool:
        """Take note of an event's data, and tell whether the event passes on. Raises what `UNREADABLE` names."""
        ...


class WireProtocol(Protocol):
    """A protocol, the same one towards callers and towards providers."""

    name: ProtocolName
    owner: str
    """Whose it is, as it stands in a sentence."""
    version: str
    """What stands before its paths here."""
    paths: Mapping[ModelOperation, str]
    """Where its operations are, behind the version; `{model}` stands for a model that the path names."""
    passed_headers: tuple[str, ...]
    """Headers of a request that go on to the provider."""
    trace_headers: tuple[str, ...]
    """Headers of a reply that say its trace id, beside those that all replies have."""
    first_piece: bytes
    """What stands in the first event that holds a piece of the answer."""
    hides_usage: bool
    """Whether a stream says what it consumed only to who asked for it."""
    kept: frozenset[ModelOperation]
    """Whose answers the exact cache can keep: a whole one is a stream for who asks for that, and the reverse."""
    attributes: dict[str, Any]
    """What the span of a call in it says beside all else."""

    def head(self, operation: ModelOperation, fields: Fields) -> Head:
        """Return the head of a request. Raises InvalidRequestError."""
        ...

    def addressed(self, fields: Fields, model: str, *, stream: bool) -> bytes:
        """Return a body under the provider's own name for the model. Raises InvalidRequestError."""
        ...

    def said_in(self, body: bytes) -> Said | None:
        """Return what is read of a whole reply, None where it is no JSON object."""
        ...

    def reading(self, fields: Fields, price: Price) -> Reading:
        """Return what reads the stream that answers a request."""
        ...

    def progress(self, data: bytes) -> Progress:
        """Return what an event's data is to somebody who waits for an answer. Raises what `UNREADABLE` names."""
        ...

    def is_error(self, body: bytes) -> bool:
        """Tell whether a body is an error in this protocol's shape."""
        ...

    def error_body(self, error: LasttenthError, *, trace_id: str, status: int | None = None) -> bytes:
        """Return an error as a whole reply; `status` is that of the reply, by default the error's own."""
        ...

    def error_event(self, error: LasttenthError, *, trace_id: str) -> bytes:
        """Return an error as the last event of a stream."""
        ...


def check_content(fields: Fields, name: str, *, is_list: bool) -> None:
    """Raise InvalidRequestError where a request has no content, or it is not the list that it must be."""
    if name not in fields:
        raise InvalidRequestError(f"The request body is wrong: {name} is missing.", parameter=name)
    if is_list and memoryview(fields[name])[0] != ord("["):
        raise InvalidRequestError(f"{name} must be a list.", parameter=name)
