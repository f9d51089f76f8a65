"""The official Anthropic client, unchanged, against a real server: one URL is all that changes."""

import asyncio
from typing import Any

import msgspec
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock
from tests.journeys.conversations import HELLO, spans_of

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    eventually,
    message,
    message_event,
    message_stream,
)

PRICED = "claude-haiku-4-5"
USAGE = {
    "input_tokens": 100,
    "cache_creation_input_tokens": 2000,
    "cache_read_input_tokens": 3000,
    "cache_creation": {"ephemeral_5m_input_tokens": 1500, "ephemeral_1h_input_tokens": 500},
    "output_tokens": 50,
}
COUNTED = {
    "input_tokens": 5100,
    "output_tokens": 50,
    "cache_read_tokens": 3000,
    "cache_write_tokens": 2000,
    "cache_write_1h_tokens": 500,
}
COST = 100 * 1000 + 1500 * 1250 + 500 * 2000 + 3000 * 100 + 50 * 5000
"""In nano-dollars, at 1, 1.25 and 2 (written for an hour), 0.10 and 5 dollars per million tokens."""
SIGNATURE = "EqQBCgIYAhIM" + "A1b/+" * 40 + "=="
WEATHER: Any = {"name": "weather", "description": "Says the weather.", "input_schema": {"type": "object"}}


def raw_message(server: RunningServer, body: bytes) -> Any:
    return server.request("POST", "/v1/messages", body=body)


def test_message_is_answered_as_it_came(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("plain", message("From above."))

    reply = claude.messages.create(model="anthropic/plain", max_tokens=16, messages=HELLO)

    assert isinstance(reply.content[0], TextBlock)
    assert reply.content[0].text == "From above."
    assert (reply.id, reply.model, reply.stop_reason) == ("msg_upstream", "upstream", "end_turn")


def test_only_the_models_name_is_rewritten(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("bytes", message("Yes."))
    odd = b'"future":{"a" : 1.10, "b":[1e400,"\\u00e9"],"n":123456789012345678901234567890}'
    rest = b',"max_tokens":16,"messages":[{"role":"user","content":"x"}],"temperature":0.70,' + odd + b"}"

    answer = raw_message(server, b'{"model":"anthropic/bytes"' + rest)

    assert answer.status == 200
    assert (answer.body,) == message("Yes.").body
    assert upstream.requests("bytes")[0].body == b'{"model":"bytes"' + rest


def test_headers_and_key_of_the_protocol_are_those_of_the_provider(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("headers", message("Yes."))

    claude.beta.messages.create(
        model="anthropic/headers",
        max_tokens=16,
        messages=HELLO,
        betas=["files-api-2025-04-14", "context-1m-2025-08-07"],
        extra_headers={"x-lasttenth-note": "mine", "x-own": "mine"},
    )
    claude.messages.create(model="anthropic/headers", max_tokens=16, messages=HELLO)

    first, second = (request.headers for request in upstream.requests("headers"))
    assert upstream.requests("headers")[0].path == "/v1/messages"
    assert first["anthropic-version"] == claude.default_headers["anthropic-version"]
    assert first["anthropic-beta"] == "files-api-2025-04-14,context-1m-2025-08-07"
    assert "anthropic-beta" not in second
    assert first["x-api-key"] == second["x-api-key"] == "upstream-secret"
    assert not [name for name in first if name.startswith(("x-lasttenth", "x-own", "authorization"))]


def test_request_that_names_no_version_gets_one(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("versionless", message("Yes."))

    raw_message(server, b'{"model":"anthropic/versionless","messages":[]}')

    assert upstream.requests("versionless")[0].headers["anthropic-version"] == "2023-06-01"


def test_own_controls_are_stripped_and_the_user_is_the_unit(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script("controls", message("Yes."))
    metadata: Any = {"user_id": "customer-7", "lasttenth_note": "mine"}

    raw = claude.messages.with_raw_response.create(
        model="anthropic/controls", max_tokens=16, messages=HELLO, metadata=metadata
    )

    received = msgspec.json.decode(upstream.requests("controls")[0].body)
    span = eventually(lambda: spans_of(server, raw.headers["request-id"]))[0]
    assert received["metadata"] == {"user_id": "customer-7"}
    assert (span["unit"], span["unit_source"]) == ("customer-7", "user")


def test_whole_message_is_one_span_with_its_usage_and_cost(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script(PRICED, message("Hello.", usage=USAGE))

    raw = claude.messages.with_raw_response.create(model=f"anthropic/{PRICED}", max_tokens=16, messages=HELLO)

    assert raw.headers["request-id"] == raw.headers["x-request-id"] == raw.headers["x-lasttenth-trace"]
    assert raw.headers["x-lasttenth-model"] == f"anthropic/{PRICED}"
    assert float(raw.headers["x-lasttenth-cost"]) == COST / 1e9
    assert float(raw.headers["x-lasttenth-overhead-ms"]) >= 0
    (span,) = eventually(lambda: spans_of(server, raw.headers["request-id"]))
    assert (span["name"], span["operation"]) == (f"chat anthropic/{PRICED}", "chat")
    assert (span["usage"], span["cost"]) == (COUNTED, COST)


def test_stream_is_one_span_with_its_usage_cost_and_first_token(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script(PRICED, message_stream("Hel", "lo.", usage=USAGE))

    with claude.messages.stream(model=f"anthropic/{PRICED}", max_tokens=16, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
        trace = stream.response.headers["request-id"]

    assert text == "Hello."
    assert (final.usage.output_tokens, final.usage.cache_read_input_tokens) == (50, 3000)
    (span,) = eventually(lambda: spans_of(server, trace))
    assert (span["usage"], span["cost"], span["status"]) == (COUNTED, COST, "ok")
    assert span["first_token"] > 0


def test_first_token_is_the_first_piece_of_the_answer(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    gate = upstream.gate()
    upstream.script("waiting", message_stream(gate, finished=False))

    with claude.messages.create(model="anthropic/waiting", max_tokens=16, messages=HELLO, stream=True) as stream:
        first = next(iter(stream))
        trace = stream.response.headers["request-id"]

    assert first.type == "message_start"
    (span,) = eventually(lambda: spans_of(server, trace))
    assert span.get("first_token") is None
    assert span["error"] == "client_disconnected"
    assert span["usage"]["input_tokens"] == 11


def test_stream_arrives_piece_by_piece(claude: Anthropic, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("gated", message_stream("first", gate, "second"))

    with claude.messages.stream(model="anthropic/gated", max_tokens=16, messages=HELLO) as stream:
        texts = stream.text_stream
        first = next(texts)
        gate.open()
        rest = "".join(texts)

    assert (first, rest) == ("first", "second")


def test_stream_passes_byte_for_byte(server: RunningServer, upstream: Upstream) -> None:
    answer = thinking_stream()
    upstream.script("thinking", answer)

    found = raw_message(server, b'{"model":"anthropic/thinking","max_tokens":9,"messages":[],"stream":true}')

    assert found.headers["content-type"] == "text/event-stream"
    assert found.body == b"".join(piece for piece in answer.body if isinstance(piece, bytes))


def thinking_stream() -> UpstreamAnswer:
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    tool = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
    return message_stream(
        message_event("content_block_start", index=0, content_block=thinking),
        message_event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm \u00e9."}),
        message_event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": SIGNATURE}),
        message_event("content_block_stop", index=0),
        message_event("content_block_start", index=1, content_block=tool),
        message_event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '{"city": '}),
        message_event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '"Bern"}'}),
        message_event("content_block_stop", index=1),
        b"event: later\r\ndata: {\"type\": \"later\",\r\ndata: \"n\": 1.0}\r\n\r\n",
        stop_reason="tool_use",
    )  # fmt: skip


def test_thinking_and_tool_use_reach_the_client_on_streams(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("tools", thinking_stream())

    with claude.messages.stream(
        model="anthropic/tools", max_tokens=16, messages=HELLO, tools=[WEATHER], thinking={"type": "adaptive"}
    ) as stream:
        reply = stream.get_final_message()

    thinking, tool = reply.content
    assert isinstance(thinking, ThinkingBlock)
    assert isinstance(tool, ToolUseBlock)
    assert (thinking.thinking, thinking.signature) == ("Hm \u00e9.", SIGNATURE)
    assert (tool.name, tool.input) == ("weather", {"city": "Bern"})
    assert reply.stop_reason == "tool_use"
    assert msgspec.json.decode(upstream.requests("tools")[0].body)["tools"] == [WEATHER]


def test_conversation_with_thinking_and_tool_results_goes_up_as_it_is(claude: Anthropic, upstream: Upstream) -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE}
    tool = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Rain."}
    upstream.script("turns", message(thinking, tool, stop_reason="tool_use"), message("It rains."))

    first = claude.messages.create(model="anthropic/turns", max_tokens=16, messages=HELLO, tools=[WEATHER])
    turns: Any = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    claude.messages.create(model="anthropic/turns", max_tokens=16, messages=turns, tools=[WEATHER])

    sent = msgspec.json.decode(upstream.requests("turns")[1].body)["messages"]
    assert sent[1]["content"][0] == thinking
    assert sent[2]["content"] == [result]


def test_tokens_are_counted_and_cost_nothing(claude: Anthropic, upstream: Upstream, server: RunningServer) -> None:
    upstream.script("counted", UpstreamAnswer(body=(b'{"input_tokens": 42}',)))

    raw = claude.messages.with_raw_response.count_tokens(model="anthropic/counted", messages=HELLO)

    (span,) = eventually(lambda: spans_of(server, raw.headers["request-id"]))
    assert raw.parse().input_tokens == 42
    assert upstream.requests("counted")[0].path == "/v1/messages/count_tokens"
    assert (span["operation"], span.get("usage"), span.get("cost")) == ("count_tokens", None, None)
    assert "x-lasttenth-cost" not in raw.headers


def test_client_that_leaves_a_stream_cancels_the_upstream(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("left", message_stream("first", ending="stall", finished=False))

    with claude.messages.stream(model="anthropic/left", max_tokens=16, messages=HELLO) as stream:
        first = next(stream.text_stream)

    assert first == "first"
    assert eventually(lambda: upstream.requests("left")[0].abandoned)


async def ask_concurrently(base_url: str) -> list[str]:
    async with AsyncAnthropic(base_url=base_url, api_key="local", max_retries=0) as client:
        asked = [client.messages.create(model="anthropic/many", max_tokens=9, messages=HELLO) for _ in range(8)]
        return [block.text for reply in await asyncio.gather(*asked) for block in reply.content if block.type == "text"]


def test_asynchronous_client_is_served_as_well(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("many", message("Yes."))

    assert asyncio.run(ask_concurrently(server.base_url)) == ["Yes."] * 8


def test_models_of_an_anthropic_provider_are_listed(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("listed-too", message("Yes."))

    names = [model["id"] for model in server.get("/v1/models")["data"]]

    assert {"anthropic/listed-too", "up/listed-too"} <= set(names)


@pytest.mark.parametrize("is_stream", [False, True])
def test_replayed_message_is_the_same(
    server: RunningServer, upstream: Upstream, claude: Anthropic, is_stream: bool
) -> None:
    upstream.script("replayed", message_stream("Hello.") if is_stream else message("Hello."))

    with claude.messages.with_streaming_response.create(
        model="anthropic/replayed", max_tokens=9, messages=HELLO, stream=is_stream
    ) as reply:
        trace = reply.headers["request-id"]
        reply.read()
    eventually(lambda: spans_of(server, trace))

    (found,) = server.request("POST", "/api/replays", body=msgspec.json.encode({"traces": [trace]})).json()

    assert (found["outcome"], found["differences"]) == ("same", [])
