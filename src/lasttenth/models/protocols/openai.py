"""OpenAI's protocol: chat completions, embeddings, moderations, and the completions of texts that came before chat."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.bodies import NULL, UNREADABLE, Fields, decode
from lasttenth.models.port import ModelOperation, ProtocolName
from lasttenth.models.protocols.wire import Head, Price, Progress, check_content
from lasttenth.records.errors import InvalidRequestError, LasttenthError

_PATHS: Mapping[ModelOperation, str] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "moderations": "/moderations",
}
_CONTENTS: Mapping[ModelOperation, str] = {
    "chat": "messages",
    "completions": "prompt",
    "embeddings": "input",
    "moderations": "input",
}
_HEAD = Head.__struct_fields__
_NOTHING: dict[str, Any] = {}
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


class _Delta(msgspec.Struct):
    content: object = None
    refusal: object = None
    tool_calls: object = None
    reasoning_content: object = None
    reasoning: object = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    text: object = None
    finish_reason: object = None


class _Event(msgspec.Struct):
    choices: list[_Choice] | None = None
    error: msgspec.Raw = NULL


_event = msgspec.json.Decoder(_Event).decode


class _OpenAI:
    """See WireProtocol."""

    name: ProtocolName = "openai"
    owner = "OpenAI's"
    version = "/v1"
    paths = _PATHS
    passed_headers: tuple[str, ...] = ()
    trace_headers: tuple[str, ...] = ()
    first_piece = b"data:"
    hides_usage = True
    kept: frozenset[ModelOperation] = frozenset({"chat", "embeddings"})
    attributes = _NOTHING
    said_in = staticmethod(openai.said_in)

    def head(self, operation: ModelOperation, fields: Fields) -> Head:
        """Return the head of a request. Raises InvalidRequestError."""
        if "model" not in fields:
            hint = "Send model as provider/model; GET /v1/models lists them."
            raise InvalidRequestError("The request names no model.", hint=hint, parameter="model")
        head = decode(msgspec.json.encode({name: fields[name] for name in _HEAD if name in fields}), Head)
        check_content(fields, _CONTENTS[operation], is_list=operation == "chat")
        return head

    def addressed(self, fields: Fields, model: str, *, stream: bool) -> bytes:
        """Return a body under the provider's own name for the model; a stream is asked for its usage, to cost it."""
        fields = {**fields, "model": msgspec.Raw(msgspec.json.encode(model))}
        options = openai.stream_options_of(fields) if stream else {}
        if stream and not openai.wants_usage(options):
            fields["stream_options"] = msgspec.Raw(msgspec.json.encode({**options, "include_usage": True}))
        return msgspec.json.encode(fields)

    def reading(self, fields: Fields, price: Price) -> "_Reading":
        """Return what reads the stream that answers a request."""
        return _Reading(price, keep_usage=openai.wants_usage(openai.stream_options_of(fields)))

    def progress(self, data: bytes) -> Progress:
        """Return what an event's data is to somebody who waits for an answer. Raises what `UNREADABLE` names."""
        if data == openai.DONE_DATA:
            return "over"
        event = _event(data)
        if bytes(event.error) != b"null":
            return "over"
        return "says" if any(_says(choice) for choice in event.choices or ()) else "waits"

    def is_error(self, body: bytes) -> bool:
        """Tell whether a body is an error in this protocol's shape."""
        try:
            content = msgspec.json.decode(body)
        except UNREADABLE:
            return False
        return isinstance(content, dict) and isinstance(content.get("error"), dict)

    def error_body(
        self,
        error: LasttenthError,
        *,
        trace_id: str,  # noqa: ARG002 - the port names it, here it stands in headers alone
        status: int | None = None,  # noqa: ARG002 - the port names it
    ) -> bytes:
        """Return an error as a whole reply."""
        return msgspec.json.encode(openai.error_body(error))

    def error_event(self, error: LasttenthError, *, trace_id: str) -> bytes:  # noqa: ARG002 - the port names it
        """Return an error as the last event of a stream."""
        return openai.event(openai.error_body(error))


OPENAI = _OpenAI()


class _Reading:
    """All events pass but the one that reports usage to somebody who did not ask for it."""

    def __init__(self, price: Price, *, keep_usage: bool) -> None:
        self.is_complete = False
        self.is_over = False
        self.has_failed = False
        self._price = price
        self._keep_usage = keep_usage

    def passes(self, data: bytes) -> bool:
        """Take note of an event's data, and tell whether the event passes on. Raises what `UNREADABLE` names."""
        if data == openai.DONE_DATA:
            self.is_complete = self.is_over = True
            return True
        said = openai.read(data)
        if said.is_error:
            self.is_complete = self.is_over = self.has_failed = True
        elif not self.is_complete:
            self.is_complete = _FINISHED.search(data) is not None
        if said.reports_usage:
            self._price(said.consumed)
        return self._keep_usage or not said.is_usage_alone


def _says(choice: _Choice) -> bool:
    delta = choice.delta or _Delta()
    return bool(
        delta.content
        or choice.text
        or delta.refusal
        or delta.tool_calls
        or delta.reasoning_content
        or delta.reasoning
        or choice.finish_reason
    )
