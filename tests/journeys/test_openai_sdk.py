"""The official OpenAI client, unchanged, against a real server: models of every kind, and tasks called as models."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import AsyncOpenAI, OpenAI
from tests.journeys.conversations import HELLO, REFUNDS, asked, spans_of, text_of

from lasttenth.models.embeddings import MINILM, default_cache, is_installed
from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    embeddings,
    eventually,
    running_server,
    streamed,
)

CACHE = default_cache(os.environ)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_chat_is_answered(client: OpenAI) -> None:
    reply = client.chat.completions.create(model="scripted/echo", messages=HELLO)

    assert reply.choices[0].message.content == "Hello."
    assert reply.usage is not None
    assert reply.usage.total_tokens > 0


def test_chat_of_an_upstream_is_answered_as_it_came(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("plain", completion("From above."))

    reply = client.chat.completions.create(model="up/plain", messages=HELLO)

    assert reply.choices[0].message.content == "From above."
    assert (reply.id, reply.model) == ("chatcmpl-upstream", "upstream")


@pytest.mark.parametrize("model", ["scripted/echo", "up/streaming", "task/answer"])
def test_stream_reports_usage_to_who_asked(client: OpenAI, upstream: Upstream, model: str) -> None:
    upstream.script("streaming", streamed("Hel", "lo."))

    chunks = list(
        client.chat.completions.create(
            model=model, messages=asked(REFUNDS), stream=True, stream_options={"include_usage": True}
        )
    )

    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert text_of(chunks)


@pytest.mark.parametrize("model", ["scripted/echo", "up/streaming", "task/answer"])
def test_stream_reports_no_usage_to_who_did_not_ask(client: OpenAI, upstream: Upstream, model: str) -> None:
    upstream.script("streaming", streamed("Hel", "lo."))

    chunks = list(client.chat.completions.create(model=model, messages=asked(REFUNDS), stream=True))

    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_stream_is_costed_though_nobody_asked_for_usage(
    client: OpenAI, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script("costed", streamed("Hello."))

    with client.chat.completions.with_streaming_response.create(
        model="up/costed", messages=HELLO, stream=True
    ) as reply:
        trace_id = reply.headers["x-request-id"]
        list(reply.iter_lines())

    span = eventually(lambda: spans_of(server, trace_id))[0]
    assert span["usage"]["input_tokens"] == 11
    assert msgspec.json.decode(upstream.requests("costed")[0].body)["stream_options"] == {"include_usage": True}


def test_stream_arrives_piece_by_piece(client: OpenAI, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("gated", streamed("first", gate, "second"))

    chunks = client.chat.completions.create(model="up/gated", messages=HELLO, stream=True)
    first = next(chunk for chunk in chunks if chunk.choices[0].delta.content)
    gate.open()
    rest = text_of(list(chunks))

    assert first.choices[0].delta.content == "first"
    assert rest == "second"


async def ask_concurrently(base_url: str) -> list[str]:
    async with AsyncOpenAI(base_url=base_url, api_key="local", max_retries=0) as client:
        whole = await client.chat.completions.create(model="scripted/echo", messages=HELLO)
        stream = await client.chat.completions.create(model="task/answer", messages=asked(REFUNDS), stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        models = [model.id async for model in client.models.list()]
    return [whole.choices[0].message.content or "", "".join(pieces), *models]


def test_asynchronous_client_is_served_as_well(client: OpenAI, server: RunningServer) -> None:
    import asyncio  # noqa: PLC0415

    whole, streamed_text, *models = asyncio.run(ask_concurrently(f"{server.base_url}/v1"))

    assert whole == "Hello."
    assert "30 days" in streamed_text
    assert "task/answer" in models
    assert client.models.list().data


def test_tool_calls_are_relayed(client: OpenAI, upstream: Upstream) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    upstream.script("tools", UpstreamAnswer(body=(msgspec.json.encode(body),)))
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]

    reply = client.chat.completions.create(model="up/tools", messages=HELLO, tools=tools)

    called = (reply.choices[0].message.tool_calls or [])[0]
    assert called.type == "function"
    assert (called.function.name, called.function.arguments) == ("weather", '{"city": "Bern"}')
    assert msgspec.json.decode(upstream.requests("tools")[0].body)["tools"] == tools


def test_unknown_fields_reach_the_upstream_byte_for_byte(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("bytes", completion("Yes."))
    odd = b'"future":{"a" : 1.10, "b":[1e400,"\\u00e9"],"n":123456789012345678901234567890}'
    body = b'{"model":"up/bytes","messages":[{"role":"user","content":"x"}], "temperature":0.70,' + odd + b"}"

    answer = server.request("POST", "/v1/chat/completions", body=body)

    assert answer.status == 200
    received = upstream.requests("bytes")[0].body
    assert odd.partition(b":")[2] in received
    assert b'"temperature":0.70' in received


def test_own_controls_are_stripped_before_the_upstream(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("controls", completion("Yes."))

    client.chat.completions.create(
        model="up/controls",
        messages=HELLO,
        metadata={"lasttenth_unit": "customer-7", "order": "12"},
        extra_headers={"x-lasttenth-note": "mine", "x-own": "mine"},
    )

    received = upstream.requests("controls")[0]
    assert msgspec.json.decode(received.body)["metadata"] == {"order": "12"}
    assert not [name for name in received.headers if name.startswith("x-lasttenth")]
    assert received.headers["authorization"] == "Bearer upstream-secret"


def test_unit_of_the_metadata_is_recorded(client: OpenAI, server: RunningServer) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="scripted/echo", messages=HELLO, metadata={"lasttenth_unit": "customer-7"}
    )

    span = eventually(lambda: spans_of(server, raw.headers["x-request-id"]))[0]
    assert (span["unit"], span["unit_source"]) == ("customer-7", "metadata")


@pytest.mark.parametrize("model", ["scripted/echo", "task/answer"])
def test_reply_names_its_trace_and_what_answered(client: OpenAI, server: RunningServer, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=asked(REFUNDS))

    headers = raw.headers
    assert headers["x-request-id"] == headers["x-lasttenth-trace"] == raw.request_id
    assert headers["x-lasttenth-model"] in {"scripted/echo", "builtin/extractive"}
    assert float(headers["x-lasttenth-cost"]) == 0
    assert float(headers["x-lasttenth-overhead-ms"]) >= 0
    assert eventually(lambda: spans_of(server, headers["x-request-id"]))[0]["status"] == "ok"


def test_traceparent_gives_the_trace_its_id(client: OpenAI, server: RunningServer) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="scripted/echo", messages=HELLO, extra_headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    )

    assert raw.headers["x-request-id"] == TRACE
    assert eventually(lambda: spans_of(server, TRACE))[0]["name"] == "chat scripted/echo"


def test_models_and_tasks_are_listed_and_found(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("listed", completion("Yes."))

    names = [model.id for model in client.models.list()]

    assert {"scripted/echo", "builtin/extractive", "task/answer", "up/listed"} <= set(names)
    assert client.models.retrieve("task/answer").owned_by == "lasttenth"
    assert client.models.retrieve("up/listed").id == "up/listed"


def test_embeddings_travel_as_base64_unless_numbers_are_asked_for(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("vectors", embeddings("AACAPwAAAEA="), embeddings([1.0, 2.0]))

    encoded = client.embeddings.create(model="up/vectors", input="Hello.")
    plain = client.embeddings.create(model="up/vectors", input=["Hello."], encoding_format="float")

    formats = [msgspec.json.decode(request.body)["encoding_format"] for request in upstream.requests("vectors")]
    assert formats == ["base64", "float"]
    assert encoded.data[0].embedding == plain.data[0].embedding == [1.0, 2.0]
    assert upstream.requests("vectors")[0].path == "/v1/embeddings"


@pytest.mark.skipif(not is_installed(CACHE, MINILM), reason="needs the built-in embedder: `lasttenth embedder install`")
def test_builtin_embedder_gives_unit_vectors_in_both_encodings(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, environment={"LASTTENTH_CACHE": str(CACHE)}) as own,
        OpenAI(base_url=f"{own.base_url}/v1", api_key="local", max_retries=0) as client,
    ):
        encoded = client.embeddings.create(model="builtin/minilm", input="Hello.")
        plain = client.embeddings.create(model="builtin/minilm", input="Hello.", encoding_format="float")

    assert encoded.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert sum(number**2 for number in plain.data[0].embedding) == pytest.approx(1, abs=1e-4)
