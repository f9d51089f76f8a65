"""A recorded trace as a cassette: what models and indexes said then is said again, without a network.

The spans of a trace hold every answer that its application was given. Played back, a model answers only to the request
that it answered then, and an index only to the question that it was asked; whatever else is asked has not been recorded.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lasttenth.context.retrieval import Passage, Snapshot
from lasttenth.models import bodies, openai
from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Provider, Translation
from lasttenth.models.protocols import OPENAI, PROTOCOLS, WireProtocol
from lasttenth.net.events import EventCutter, data_of
from lasttenth.records.definitions import Environment
from lasttenth.records.errors import NotRecordedError, UpstreamError, error_of
from lasttenth.records.traces import Payload, Span
from lasttenth.serve.program import EXAMPLES, Comparing

PROTOCOL = "protocol"
"""The attribute of a span that names the protocol, where that is not OpenAI's."""
ROUTED = "route"
"""The stage that a call has once it is known who is asked."""
_DONE = b"data: [DONE]"
_OF_THE_WAY = frozenset({"metadata", "model", "stream_options"})
"""Fields that are not the same before and behind the gateway; the model is compared by its whole name."""


_SENT = frozenset({"chat", "completions", "count_tokens", "embeddings", "moderations"})


class Cassette:
    """The answers of models in a trace, each of which is given once.

    Args:
        spans: of the trace.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self._calls = [_Call.of(span) for span in spans if _was_sent(span)]
        self.providers = {call.model.partition("/")[0] for call in self._calls}
        """Those who were asked."""
        self.aliases = {name: call.model for call in self._calls if (name := call.asked) not in {"", call.model}}
        """Names that stood for several models, each with the one that answered."""
        self.unrecorded = 0
        """Requests that are not on it."""

    def answer(self, provider: str, request: ModelRequest) -> ModelReply | None:
        """Return the recorded answer to a request, None where there is none. Raises what the call ended with then."""
        model, content = f"{provider}/{request.model}", _content(request.body)
        for place, call in enumerate(self._calls):
            if (call.model, call.content) == (model, content):
                del self._calls[place]
                return _reply(call.span)
        self.unrecorded += 1
        return None


class _Call(NamedTuple):
    asked: str
    model: str
    content: dict[str, Any] | None
    span: Span

    @classmethod
    def of(cls, span: Span) -> "_Call":
        fields = _fields(_body(span.input))
        if fields is None:
            return cls("", span.model, None, span)
        return cls(str(fields.get("model", "")), span.model, _content(_sent(span)), span)


class CassetteProvider:
    """Answer as the models of a provider did in a trace.

    Args:
        name: of the provider.
        cassette: what they answered.
        live: is asked for what was not recorded; None refuses it.
    """

    protocols: tuple[ProtocolName, ...] = ()

    def __init__(self, name: str, cassette: Cassette, *, live: Provider | None = None) -> None:
        self._name = name
        self._cassette = cassette
        self._live = live

    async def call(self, request: ModelRequest) -> ModelReply:
        """Return the recorded answer to a request. Raises NotRecordedError, and what the call ended with then."""
        found = self._cassette.answer(self._name, request)
        if found is not None:
            return found
        if self._live is None:
            raise NotRecordedError(
                "The trace has no answer to what is asked now.", hint="Ask the model itself: lasttenth replay --live"
            )
        return await self._live.call(request)

    async def models(self) -> list[ModelInfo]:
        """Return no models: a cassette offers none."""
        return []

    async def close(self) -> None:
        """There is nothing to release."""


class CassetteRetriever:
    """Find what was found in a trace.

    Args:
        spans: of the trace.
        environment: what its release met.
        nearness: compares the examples of a release that was not met then; None shows those that were shown.
    """

    def __init__(self, spans: Sequence[Span], environment: Environment, nearness: Comparing | None = None) -> None:
        self._searches = [span for span in spans if span.operation == "retrieval"]
        self._environment = environment
        self.nearness: Comparing = nearness or self

    @property
    def artefacts(self) -> dict[str, str]:
        """Return what was compared with then."""
        return self._environment.artefacts

    async def snapshot(self, index: str) -> Snapshot:
        """Return what the index held then. Raises NotRecordedError."""
        if index not in self._environment.indexes:
            raise NotRecordedError(f"The trace has not met index {index}.")
        return Snapshot(self._environment.indexes[index], dict(self._environment.artefacts))

    async def search(self, index: str, question: str, *, limit: int) -> list[Passage]:
        """Return the passages that were found then. Raises NotRecordedError."""
        found = self._found(f"retrieval {index}", question)
        if found is None:
            raise NotRecordedError(f"The trace has no search of index {index} for this question.")
        return msgspec.json.decode(found, type=list[Passage])[:limit]

    async def nearest(self, texts: Sequence[str], asked: str, *, limit: int) -> list[int]:
        """Return the places of the texts that were nearest then. Raises NotRecordedError."""
        found = self._found(EXAMPLES, asked)
        if found is None:
            raise NotRecordedError(f"The trace does not say which of {len(texts)} examples were nearest.")
        return msgspec.json.decode(found, type=list[int])[:limit]

    def _found(self, name: str, asked: str) -> bytes | None:
        """Return what was found then, which is given once."""
        for place, span in enumerate(self._searches):
            if span.name == name and _body(span.input) == asked.encode():
                del self._searches[place]
                return _body(span.output) or b"[]"
        return None


class _CassetteReply:
    """An answer that was recorded."""

    translation: Translation | None = None

    def __init__(self, span: Span, status: int) -> None:
        self._span = span
        self.status = status
        self.media_type = span.output.media_type if span.output is not None else bodies.JSON
        self.retry_after = ""

    async def read(self, limit: int) -> bytes:
        """Return the whole body."""
        return _body(self._span.output)[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the events, with the usage that was taken out of them on their way."""
        body = _body(self._span.output)
        usage = openai.usage_body(self._span.usage)
        if usage is None or not protocol_of(self._span).hides_usage or _reports_usage(body):
            yield body
            return
        end = body.rfind(_DONE)
        end = len(body) if end < 0 else end
        yield body[:end] + openai.event({"choices": [], "usage": usage}) + body[end:]

    async def close(self) -> None:
        """There is nothing to give up."""


def protocol_of(span: Span) -> WireProtocol:
    """Return the protocol that a call was made in."""
    return PROTOCOLS.get(span.attributes.get(PROTOCOL, ""), OPENAI)


def is_replayable(span: Span) -> bool:
    """Tell whether what an index found was recorded with its text."""
    try:
        msgspec.json.decode(_body(span.output) or b"[]", type=list[Passage | int])
    except bodies.UNREADABLE:
        return False
    return True


def _was_sent(span: Span) -> bool:
    """Tell whether a span is a call that came as far as a provider."""
    return span.operation in _SENT and ROUTED in span.stages


def _reply(span: Span) -> _CassetteReply:
    status = int(span.attributes.get("upstream_status", 200))
    if span.output is not None:
        return _CassetteReply(span, status)
    kind = error_of(span.error or UpstreamError.code)
    message = f"No answer came then: {span.error or 'it was not kept'}."
    raise kind(message, upstream_status=status) if issubclass(kind, UpstreamError) else kind(message)


def _sent(span: Span) -> bytes:
    """Return the body that a provider was sent."""
    model = span.model.partition("/")[2]
    return protocol_of(span).addressed(bodies.fields_of(_body(span.input)), model, stream=False)


def _content(body: bytes) -> dict[str, Any] | None:
    """Return what of a request a model is asked, None where it cannot be read."""
    fields = _fields(body)
    return None if fields is None else {name: fields[name] for name in fields if name not in _OF_THE_WAY}


def _fields(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except bodies.UNREADABLE:
        return None


def _reports_usage(stream: bytes) -> bool:
    said = (openai.said_in(data_of(event)) for event in EventCutter().feed(stream))
    return any(each is not None and each.reports_usage for each in said)


def _body(payload: Payload | None) -> bytes:
    return b"" if payload is None else payload.body
