"""Anthropic's protocol: messages, and the counting of their tokens.

What it counts as input leaves out what was read from or written to a prompt cache; our `input_tokens` includes both.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from lasttenth.models.bodies import NULL, UNREADABLE, Fields, decode
from lasttenth.models.port import ModelOperation, ProtocolName
from lasttenth.models.protocols.wire import Head, Price, Progress, Said, check_content
from lasttenth.models.usage_shapes import read_usage
from lasttenth.records.errors import LasttenthError
from lasttenth.records.usage import Usage

VERSION_HEADER = "anthropic-version"
BETA_HEADER = "anthropic-beta"
DEFAULT_VERSION = "2023-06-01"
"""Of requests that name none."""

_PATHS: Mapping[ModelOperation, str] = {"chat": "/messages", "count_tokens": "/messages/count_tokens"}
_HEAD = ("model", "stream", "metadata")
_ATTRIBUTES: dict[str, Any] = {"protocol": "anthropic"}
_PROGRESS: Mapping[str, Progress] = {
    "content_block_delta": "says",
    "message_delta": "says",
    "message_stop": "over",
    "error": "over",
}
_KINDS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The types of errors by status; others are `invalid_request_error` below 500 and `api_error` from there on."""


class _Message(msgspec.Struct):
    usage: msgspec.Raw = NULL


class _Said(msgspec.Struct):
    """What is read of a reply, or of an event of a stream; the rest stays bytes."""

    type: str = ""
    message: _Message | None = None
    usage: msgspec.Raw = NULL

    @property
    def is_error(self) -> bool:
        """Tell whether it is an error, whatever the status says."""
        return self.type == "error"

    @property
    def consumed(self) -> Usage | None:
        """Return the usage that is reported, None where there is none or it cannot be read."""
        return read_usage("anthropic", self.usage)


class _Error(msgspec.Struct):
    type: str
    message: str


class _ErrorBody(msgspec.Struct):
    type: Literal["error"]
    error: _Error


class _Metadata(msgspec.Struct):
    user_id: str | None = None


_said = msgspec.json.Decoder(_Said).decode
_error_body = msgspec.json.Decoder(_ErrorBody).decode


class _Anthropic:
    """See WireProtocol."""

    name: ProtocolName = "anthropic"
    owner = "Anthropic's"
    version = "/v1"
    paths = _PATHS
    passed_headers: tuple[str, ...] = (VERSION_HEADER, BETA_HEADER)
    trace_headers: tuple[str, ...] = ("request-id",)
    first_piece = b"content_block_delta"
    hides_usage = False
    kept: frozenset[ModelOperation] = frozenset()
    attributes = _ATTRIBUTES

    def head(self, operation: ModelOperation, fields: Fields) -> Head:  # noqa: ARG002 - the port names it
        """Return the head of a request; the user is `metadata.user_id`. Raises InvalidRequestError."""
        head = decode(msgspec.json.encode({name: fields[name] for name in _HEAD if name in fields}), Head)
        check_content(fields, "messages", is_list=True)
        if not head.metadata:
            return head
        return msgspec.structs.replace(head, user=decode(fields["metadata"], _Metadata).user_id)

    def addressed(self, fields: Fields, model: str, *, stream: bool) -> bytes:  # noqa: ARG002 - the port names it
        """Return a body under the provider's own name for the model."""
        return msgspec.json.encode({**fields, "model": msgspec.Raw(msgspec.json.encode(model))})

    def said_in(self, body: bytes) -> Said | None:
        """Return what is read of a whole reply, None where it is no JSON object."""
        try:
            return _said(body)
        except UNREADABLE:
            return None

    def reading(self, fields: Fields, price: Price) -> "_Reading":  # noqa: ARG002 - the port names it
        """Return what reads the stream that answers a request."""
        return _Reading(price)

    def progress(self, data: bytes) -> Progress:
        """Return what an event's data is to somebody who waits for an answer. Raises what `UNREADABLE` names."""
        return _PROGRESS.get(_said(data).type, "waits")

    def is_error(self, body: bytes) -> bool:
        """Tell whether a body is an error in this protocol's shape."""
        try:
            _error_body(body)
        except UNREADABLE:
            return False
        return True

    def error_body(self, error: LasttenthError, *, trace_id: str, status: int | None = None) -> bytes:
        """Return an error as a whole reply; its type follows from the status."""
        return msgspec.json.encode(_shape(error, trace_id, status or error.status))

    def error_event(self, error: LasttenthError, *, trace_id: str) -> bytes:
        """Return an error as the last event of a stream."""
        return b"event: error\ndata: " + self.error_body(error, trace_id=trace_id) + b"\n\n"


ANTHROPIC = _Anthropic()


class _Reading:
    """All events pass. A stream reports its usage as it begins, and again as it ends."""

    def __init__(self, price: Price) -> None:
        self.is_complete = False
        self.is_over = False
        self.has_failed = False
        self._price = price
        self._reports: list[msgspec.Raw] = []

    def passes(self, data: bytes) -> bool:
        """Take note of an event's data, and tell whether the event passes on. Raises what `UNREADABLE` names."""
        said = _said(data)
        if said.type == "message_stop":
            self.is_complete = self.is_over = True
        elif said.type == "error":
            self.is_complete = self.is_over = self.has_failed = True
        elif said.type == "message_start":
            self._take((said.message or _Message()).usage)
        elif said.type == "message_delta":
            self._take(said.usage)
        return True

    def _take(self, reported: msgspec.Raw) -> None:
        self._reports.append(reported)
        self._price(read_usage("anthropic", *self._reports))


def _shape(error: LasttenthError, trace_id: str, status: int) -> dict[str, Any]:
    kind = _KINDS.get(status) or ("invalid_request_error" if status < 500 else "api_error")
    said = {"type": kind, "message": str(error), "details": {"error_code": error.code}}
    return {"type": "error", "error": said, "request_id": trace_id or None}
