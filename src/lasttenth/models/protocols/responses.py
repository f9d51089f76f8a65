"""OpenAI's Responses protocol: an answer is a list of items, and its stream a list of named events.

Conversations may be kept by the provider (`previous_response_id`, `conversation`); nothing of that is kept here.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.bodies import NULL, Fields, decode
from lasttenth.models.port import ModelOperation, ProtocolName
from lasttenth.models.protocols.openai import OPENAI
from lasttenth.models.protocols.wire import Head, Price, Progress, Said, check_content
from lasttenth.models.usage_shapes import read_openai
from lasttenth.records.errors import LasttenthError

KEPT = ("previous_response_id", "conversation", "prompt")
"""Fields of a request that stand for what the provider keeps."""

_PATHS: Mapping[ModelOperation, str] = {"chat": "/responses"}
_HEAD = Head.__struct_fields__
_ATTRIBUTES: dict[str, Any] = {"protocol": "responses"}
_ENDS = frozenset({"response.completed", "response.incomplete"})
_FAILURES = frozenset({"response.failed", "error"})


class _Response(msgspec.Struct):
    usage: msgspec.Raw = NULL


class _Event(msgspec.Struct):
    """What is read of an event of a stream; the rest stays bytes."""

    type: str = ""
    response: _Response | None = None


_event = msgspec.json.Decoder(_Event).decode


class _Responses:
    """See WireProtocol."""

    name: ProtocolName = "responses"
    owner = "OpenAI's Responses"
    version = "/v1"
    paths = _PATHS
    passed_headers: tuple[str, ...] = ()
    trace_headers: tuple[str, ...] = ()
    first_piece = b'.delta"'
    hides_usage = False
    kept: frozenset[ModelOperation] = frozenset()
    attributes = _ATTRIBUTES
    is_error = staticmethod(OPENAI.is_error)
    error_body = staticmethod(OPENAI.error_body)

    def head(self, operation: ModelOperation, fields: Fields) -> Head:  # noqa: ARG002 - the port names it
        """Return the head of a request. Raises InvalidRequestError."""
        head = decode(msgspec.json.encode({name: fields[name] for name in _HEAD if name in fields}), Head)
        if not any(name in fields for name in KEPT):
            check_content(fields, "input", is_list=False)
        return head

    def addressed(self, fields: Fields, model: str, *, stream: bool) -> bytes:  # noqa: ARG002 - the port names it
        """Return a body under the provider's own name for the model."""
        return msgspec.json.encode({**fields, "model": msgspec.Raw(msgspec.json.encode(model))})

    def said_in(self, body: bytes) -> Said | None:
        """Return what is read of a whole reply, None where it is no JSON object."""
        return openai.said_in(body)

    def reading(self, fields: Fields, price: Price) -> "_Reading":  # noqa: ARG002 - the port names it
        """Return what reads the stream that answers a request."""
        return _Reading(price)

    def progress(self, data: bytes) -> Progress:
        """Return what an event's data is to somebody who waits for an answer. Raises what `UNREADABLE` names."""
        kind = _event(data).type
        if kind in _FAILURES:
            return "over"
        return "says" if kind.endswith(".delta") or kind in _ENDS else "waits"

    def error_event(self, error: LasttenthError, *, trace_id: str) -> bytes:  # noqa: ARG002 - the port names it
        """Return an error as the last event of a stream: flat as documented, and within `error` as it is sent."""
        body = openai.error_body(error)
        flat = {"type": "error", "code": error.code, "message": str(error), "param": error.parameter}
        return b"event: error\n" + openai.event({**flat, **body})


RESPONSES = _Responses()


class _Reading:
    """All events pass. The last one holds the whole response, with its usage."""

    def __init__(self, price: Price) -> None:
        self.is_complete = False
        self.is_over = False
        self.has_failed = False
        self._price = price

    def passes(self, data: bytes) -> bool:
        """Take note of an event's data, and tell whether the event passes on. Raises what `UNREADABLE` names."""
        event = _event(data)
        if event.type in _ENDS or event.type in _FAILURES:
            self.is_complete = self.is_over = True
            self.has_failed = event.type in _FAILURES
            self._price(None if event.response is None else read_openai(event.response.usage))
        return True
