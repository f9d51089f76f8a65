"""A recorded trace as a cassette: what models and indexes said then is said again, without a network.

The spans of a trace hold every answer that its application was given. Played back, a model answers only to the request
that it answered then, and an index only to the question that it was asked; whatever else is asked has not been recorded.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from lasttenth.context.retrieval import Passage, Snapshot
from lasttenth.models import openai
from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, Provider
from lasttenth.records.definitions import Environment
from lasttenth.records.errors import NotRecordedError, UpstreamError
from lasttenth.records.traces import Payload, Span
from lasttenth.serve.events import EventCutter, data_of

CALLS = frozenset({"chat", "embeddings"})
"""Operations of spans that are calls of models."""
_OF_THE_WAY = frozenset({"metadata", "model", "stream_options"})
"""Fields that are not the same before and behind the gateway."""


class Cassette:
    """The answers of models in a trace, each of which is given once.

    Args:
        spans: of the trace.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self._calls = [(_content(_body(span.input)), span) for span in spans if span.operation in CALLS]
        self.providers = frozenset(span.model.partition("/")[0] for _, span in self._calls if span.output is not None)
        """Names of those who answered."""
        self.unrecorded = 0
        """Requests that are not on it."""

    def answer(self, request: ModelRequest) -> ModelReply | None:
        """Return the recorded answer to a request, None where there is none. Raises UpstreamError where none came then."""
        wanted = _content(request.body)
        for place, (asked, span) in enumerate(self._calls):
            if asked == wanted:
                del self._calls[place]
                return _reply(span)
        self.unrecorded += 1
        return None


class CassetteProvider:
    """Answer as models did in a trace.

    Args:
        cassette: what they answered.
        live: is asked for what was not recorded; None refuses it.
    """

    def __init__(self, cassette: Cassette, live: Provider | None = None) -> None:
        self._cassette = cassette
        self._live = live

    async def call(self, request: ModelRequest) -> ModelReply:
        """Return the recorded answer to a request. Raises NotRecordedError, and UpstreamError where none came then."""
        found = self._cassette.answer(request)
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
    """

    def __init__(self, spans: Sequence[Span], environment: Environment) -> None:
        self._searches = [span for span in spans if span.operation == "retrieval"]
        self._environment = environment

    async def snapshot(self, index: str) -> Snapshot:
        """Return what the index held then. Raises NotRecordedError."""
        if index not in self._environment.indexes:
            raise NotRecordedError(f"The trace has not met index {index}.")
        return Snapshot(self._environment.indexes[index], dict(self._environment.artefacts))

    async def search(self, index: str, question: str, *, limit: int) -> list[Passage]:
        """Return the passages that were found then. Raises NotRecordedError."""
        for place, span in enumerate(self._searches):
            if span.name == f"retrieval {index}" and _body(span.input) == question.encode():
                del self._searches[place]
                return _passages(span)[:limit]
        raise NotRecordedError(f"The trace has no search of index {index} for this question.")


class _CassetteReply:
    """An answer that was recorded."""

    def __init__(self, span: Span, status: int) -> None:
        self._span = span
        self.status = status
        self.media_type = span.output.media_type if span.output is not None else openai.JSON
        self.retry_after = ""

    async def read(self, limit: int) -> bytes:
        """Return the whole body."""
        return _body(self._span.output)[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the events, with the usage that was taken out of them on their way."""
        body = _body(self._span.output)
        usage = openai.usage_body(self._span.usage)
        if usage is None or _reports_usage(body):
            yield body
            return
        yield body.removesuffix(openai.DONE)
        yield openai.event({"choices": [], "usage": usage})
        if body.endswith(openai.DONE):
            yield openai.DONE

    async def close(self) -> None:
        """There is nothing to give up."""


def _reply(span: Span) -> _CassetteReply:
    status = int(span.attributes.get("upstream_status", 200))
    if span.output is None:
        raise UpstreamError(f"No answer came then: {span.error or 'it was not kept'}.", upstream_status=status)
    return _CassetteReply(span, status)


def _content(body: bytes) -> dict[str, Any] | None:
    """Return what of a request a model is asked, None where it cannot be read."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except openai.UNREADABLE:
        return None
    return {name: value for name, value in fields.items() if name not in _OF_THE_WAY}


def _passages(span: Span) -> list[Passage]:
    try:
        return msgspec.json.decode(_body(span.output), type=list[Passage])
    except msgspec.DecodeError as error:
        raise NotRecordedError("What the index found was recorded without its text.") from error


def _reports_usage(stream: bytes) -> bool:
    said = (openai.said_in(data_of(event)) for event in EventCutter().feed(stream))
    return any(each is not None and each.reports_usage for each in said)


def _body(payload: Payload | None) -> bytes:
    return b"" if payload is None else payload.body
