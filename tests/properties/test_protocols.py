"""Protocols: whatever a provider streams, the relay passes on what it can read, says what is wrong, and settles."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Translation
from lasttenth.models.prices import Prices
from lasttenth.models.protocols import ANTHROPIC, GEMINI, PROTOCOLS
from lasttenth.net.events import data_of
from lasttenth.records.ids import SystemClock
from lasttenth.records.traces import Span
from lasttenth.records.usage import MAX_TOKENS, Usage
from lasttenth.releases.registry import Registry
from lasttenth.serve.cache import MemoryCache
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settling
from lasttenth.testing import content_event, message_event, response_event

CLOCK = SystemClock()
PRICES = Prices.load()
COUNTS = st.none() | st.integers(-5, MAX_TOKENS * 4) | st.text(max_size=3)
USAGES = st.dictionaries(
    st.sampled_from(
        ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation"]
    ),
    COUNTS | st.dictionaries(st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), COUNTS),
)
METADATA = st.dictionaries(
    st.sampled_from(
        ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount", "totalTokenCount"]
    ),
    COUNTS,
)
EVENTS = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda data: b"data: " + data + b"\n\n"),
    st.sampled_from([b"data: [DONE]\n\n", b": comment\n\n", b"\r\n\r\n", message_event("message_stop")]),
    st.sampled_from([message_event("ping"), message_event("error", error={"type": "api_error", "message": "No."})]),
    st.sampled_from([content_event(candidates=[{"finishReason": "STOP"}]), content_event(error={"code": 503})]),
    st.sampled_from([content_event(promptFeedback={"blockReason": "OTHER"}), content_event(candidates=[{}])]),
    USAGES.map(lambda usage: response_event("response.completed", response={"usage": usage})),
    st.sampled_from(
        [
            response_event("response.failed", response={"error": {"message": "No."}}),
            response_event("response.created", response={}),
        ]
    ),
    METADATA.map(lambda usage: content_event(usageMetadata=usage)),
    USAGES.map(lambda usage: message_event("message_start", message={"usage": usage})),
    USAGES.map(lambda usage: message_event("message_delta", usage=usage)),
    st.text(max_size=20).map(lambda text: message_event("content_block_delta", delta={"text": text})),
    st.text(max_size=20).map(lambda text: message_event("message_stop").replace(b'{"type"', f'{{"{text}'.encode())),
)


class Provider:
    """Answer with some bytes as a stream, in some pieces."""

    translation: Translation | None = None
    media_type = "text/event-stream"
    status = 200
    retry_after = ""

    def __init__(self, protocol: ProtocolName, chunks: Sequence[bytes]) -> None:
        self.protocols = (protocol,)
        self._chunks = chunks

    async def call(self, _request: ModelRequest) -> ModelReply:
        """Answer."""
        return self

    async def models(self) -> list[ModelInfo]:
        """Name no models."""
        return []

    async def read(self, _limit: int) -> bytes:
        """Return the body."""
        return b"".join(self._chunks)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        for chunk in self._chunks:
            yield chunk

    async def close(self) -> None:
        """There is nothing to release."""


ENDS = {
    "anthropic": (b"event: error\n", [b"message_stop"]),
    "gemini": (b"data: ", [b"finishReason", b"blockReason"]),
    "responses": (b"event: error\n", [b"response.completed"]),
}
"""With what an error begins, and what stands in an answer that is whole."""


async def nobodys(_project: str) -> Registry:
    raise NotImplementedError


async def relayed(protocol: ProtocolName, chunks: Sequence[bytes]) -> tuple[bytes, list[Span]]:
    spans: list[Span] = []
    pipeline = Pipeline(
        router=Router({"up": Provider(protocol, chunks)}, clock=CLOCK),
        registry_of=nobodys,
        programs={},
        settling=Settling(CLOCK, PRICES, lambda _project, span: spans.append(span)),
        cache=MemoryCache(size=0, seconds=1, clock=CLOCK),
    )
    body = msgspec.json.encode({"model": "up/m", "messages": [], "contents": [], "input": [], "stream": True})
    request = GatewayRequest(operation="chat", protocol=PROTOCOLS[protocol], project="one", headers={}, body=body)
    return await whole_of(await pipeline.serve(request)), spans


async def whole_of(reply: GatewayReply) -> bytes:
    if isinstance(reply.body, AsyncGenerator):
        return b"".join([piece async for piece in reply.body])
    return reply.body


@given(st.sampled_from(sorted(PROTOCOLS)), st.lists(EVENTS, max_size=8), st.integers(1, 50))
def test_any_stream_is_passed_on_or_ends_with_an_error(protocol: Any, events: list[bytes], size: int) -> None:
    sent = b"".join(events)
    chunks = [sent[start : start + size] for start in range(0, len(sent), size)]

    received, spans = asyncio.run(relayed(protocol, chunks))

    (span,) = spans
    if protocol in ENDS and not PROTOCOLS[protocol].is_error(received):
        error, ends = ENDS[protocol]
        passed, mark, said = received.rpartition(error) if span.error else (received, b"", b"")
        assert sent.startswith(passed.rstrip())
        if span.error:
            assert PROTOCOLS[protocol].is_error(data_of(mark + said)) or b'"error"' in sent
        else:
            assert any(end in passed for end in ends)
    assert span.error in {"", "upstream_error"}
    assert span.usage is None or min(msgspec.structs.astuple(span.usage)) >= 0


@given(st.sampled_from(sorted(PROTOCOLS)), st.binary() | EVENTS | EVENTS.map(data_of))
def test_any_bytes_are_read_as_a_reply_or_are_none(protocol: Any, body: bytes) -> None:
    said = PROTOCOLS[protocol].said_in(body)

    assert said is None or isinstance(said.is_error, bool)
    assert said is None or said.consumed is None or isinstance(said.consumed, Usage)


@given(USAGES, USAGES)
def test_usage_of_a_stream_keeps_our_convention(first: dict[str, Any], second: dict[str, Any]) -> None:
    reported: list[Usage | None] = []
    reading = ANTHROPIC.reading({}, reported.append)

    for event in (
        message_event("message_start", message={"usage": first}),
        message_event("message_delta", usage=second),
    ):
        assert reading.passes(data_of(event))

    for usage in (each for each in reported if each is not None):
        assert usage.cache_read_tokens + usage.cache_write_tokens <= usage.input_tokens <= MAX_TOKENS
        assert usage.cache_write_1h_tokens <= usage.cache_write_tokens


@given(st.lists(METADATA, max_size=4))
def test_usage_of_a_stream_that_reports_again_and_again_never_falls(reports: list[dict[str, Any]]) -> None:
    reported: list[Usage | None] = []
    reading = GEMINI.reading({}, reported.append)

    for report in reports:
        assert reading.passes(data_of(content_event(usageMetadata=report)))

    counts = [usage.input_tokens for usage in reported if usage is not None]
    assert counts == sorted(counts)


@given(st.binary(max_size=60))
def test_data_behind_a_name_is_the_data_without_it(data: bytes) -> None:
    event = b"data: " + data.replace(b"\r", b"") + b"\n\n"

    assert data_of(b"event: some\n" + event) == data_of(event)
