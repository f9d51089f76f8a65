"""Gemini's protocol: what a model generates, the counting of its tokens, and embeddings.

The path of a request names its model and tells whether the answer is a stream. Inside, both stand in the body, as `model`
and `stream`, where the door has put them: so they are recorded, and they leave before a provider sees the body.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from lasttenth.models.bodies import NULL, UNREADABLE, Fields, decode
from lasttenth.models.port import ModelOperation, ProtocolName
from lasttenth.models.protocols.wire import Head, Price, Progress, Said, check_content
from lasttenth.models.usage_shapes import UsageSoFar, read_usage
from lasttenth.records.errors import LasttenthError
from lasttenth.records.usage import Usage

KEY_HEADER = "x-goog-api-key"
EMBED_BATCH = "batchEmbedContents"
STREAM = "streamGenerateContent"
METHODS: Mapping[ModelOperation, str] = {
    "chat": "generateContent",
    "count_tokens": "countTokens",
    "embeddings": "embedContent",
}
"""What stands behind the model in a path; a stream and a batch of embeddings have methods of their own."""

_PATHS: Mapping[ModelOperation, str] = {
    operation: f"/models/{{model}}:{method}" for operation, method in METHODS.items()
}
_HEAD = ("model", "stream", "metadata")
_REQUESTS = "requests"
_WHOLE_REQUESTS = ("generateContentRequest", "generate_content_request")
"""The protocol takes names in both ways of writing."""
_CONTENTS: Mapping[ModelOperation, tuple[str, ...]] = {
    "chat": ("contents",),
    "count_tokens": ("contents", *_WHOLE_REQUESTS),
    "embeddings": ("content", _REQUESTS),
}
_ATTRIBUTES: dict[str, Any] = {"protocol": "gemini"}
_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""By HTTP status; others are `INVALID_ARGUMENT` below 500 and `INTERNAL` from there on (google/rpc/code.proto)."""
_TYPE = "type.googleapis.com/google.rpc."


class _Content(msgspec.Struct):
    parts: msgspec.Raw = NULL


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: msgspec.Raw = NULL
    content: _Content | None = None

    @property
    def says(self) -> bool:
        """Tell whether it says a piece of an answer."""
        return self.content is not None and bytes(self.content.parts) not in {b"null", b"[]"}


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: msgspec.Raw = NULL


class _AnyError(msgspec.Struct):
    pass


class _Said(msgspec.Struct, rename="camel"):
    """What is read of a reply, or of an event of a stream; the rest stays bytes."""

    error: _AnyError | None = None
    candidates: tuple[_Candidate, ...] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: msgspec.Raw = NULL

    @property
    def is_error(self) -> bool:
        """Tell whether it is an error, whatever the status says."""
        return self.error is not None

    @property
    def is_end(self) -> bool:
        """Tell whether an answer ends here: a candidate is finished, or the prompt was refused."""
        if self.prompt_feedback is not None and bytes(self.prompt_feedback.block_reason) != b"null":
            return True
        return any(bytes(each.finish_reason) != b"null" for each in self.candidates or ())

    @property
    def consumed(self) -> Usage | None:
        """Return the usage that is reported, None where there is none or it cannot be read."""
        return read_usage("gemini", self.usage_metadata)


class _Error(msgspec.Struct):
    code: int
    message: str


class _ErrorBody(msgspec.Struct):
    error: _Error


class _Batch(msgspec.Struct):
    requests: msgspec.Raw = NULL


_said = msgspec.json.Decoder(_Said).decode
_error_body = msgspec.json.Decoder(_ErrorBody).decode
_batch = msgspec.json.Decoder(_Batch).decode


class _Gemini:
    """See WireProtocol."""

    name: ProtocolName = "gemini"
    owner = "Gemini's"
    version = "/v1beta"
    paths = _PATHS
    passed_headers: tuple[str, ...] = ()
    trace_headers: tuple[str, ...] = ()
    first_piece = b'"parts"'
    hides_usage = False
    kept: frozenset[ModelOperation] = frozenset()
    attributes = _ATTRIBUTES

    def head(self, operation: ModelOperation, fields: Fields) -> Head:
        """Return the head of a request. Raises InvalidRequestError."""
        head = decode(msgspec.json.encode({name: fields[name] for name in _HEAD if name in fields}), Head)
        names = _CONTENTS[operation]
        check_content(fields, next((name for name in names if name in fields), names[0]), is_list=False)
        return head

    def addressed(self, fields: Fields, model: str, *, stream: bool) -> bytes:  # noqa: ARG002 - the port names it
        """Return a body for a path that names the model; requests within it name it themselves.

        Raises:
            InvalidRequestError: a request within it is no object.
        """
        name = msgspec.Raw(msgspec.json.encode(f"models/{model}"))
        said = {field: value for field, value in fields.items() if field not in {"model", "stream"}}
        for field in _WHOLE_REQUESTS:
            if field in said:
                said[field] = _raw({**decode(said[field], Fields), "model": name})
        if _REQUESTS in said:
            said[_REQUESTS] = _raw([{**each, "model": name} for each in decode(said[_REQUESTS], list[Fields])])
        return msgspec.json.encode(said)

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
        said = _said(data)
        if said.is_error:
            return "over"
        return "says" if said.is_end or any(each.says for each in said.candidates or ()) else "waits"

    def is_error(self, body: bytes) -> bool:
        """Tell whether a body is an error in this protocol's shape."""
        try:
            _error_body(body)
        except UNREADABLE:
            return False
        return True

    def error_body(self, error: LasttenthError, *, trace_id: str, status: int | None = None) -> bytes:
        """Return an error as a whole reply; its status and ours stand in it, and the trace in its details."""
        return msgspec.json.encode({"error": _shape(error, trace_id, status or error.status)})

    def error_event(self, error: LasttenthError, *, trace_id: str) -> bytes:
        """Return an error as the last event of a stream."""
        return b"data: " + self.error_body(error, trace_id=trace_id) + b"\n\n"


GEMINI = _Gemini()


class _Reading:
    """All events pass. Each of them may report what was consumed so far."""

    def __init__(self, price: Price) -> None:
        self.is_complete = False
        self.is_over = False
        self.has_failed = False
        self._price = price
        self._usage = UsageSoFar("gemini")

    def passes(self, data: bytes) -> bool:
        """Take note of an event's data, and tell whether the event passes on. Raises what `UNREADABLE` names."""
        said = _said(data)
        if said.is_error:
            self.is_complete = self.is_over = self.has_failed = True
        elif not self.is_complete:
            self.is_complete = said.is_end
        self._price(self._usage.after(said.usage_metadata))
        return True


def is_batch(body: bytes) -> bool:
    """Tell whether a request for embeddings is a batch of several: it has a method of its own."""
    return bytes(_batch(body).requests) != b"null"


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _shape(error: LasttenthError, trace_id: str, status: int) -> dict[str, Any]:
    name = _STATUSES.get(status) or ("INVALID_ARGUMENT" if status < 500 else "INTERNAL")
    info = {"@type": f"{_TYPE}ErrorInfo", "reason": error.code.upper(), "domain": "lasttenth"}
    details = [{**info, "metadata": {"error_code": error.code}}]
    if trace_id:
        details.append({"@type": f"{_TYPE}RequestInfo", "requestId": trace_id})
    return {"code": status, "message": str(error), "status": name, "details": details}
