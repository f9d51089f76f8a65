"""The official client of Gemini, unchanged, against a real server: one URL is all that changes."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel
from tests.journeys.conversations import spans_of

from lasttenth.testing import (
    HttpAnswer,
    RunningServer,
    Upstream,
    UpstreamAnswer,
    content,
    content_event,
    content_stream,
    eventually,
)

PRICED = "gemini-2.5-flash"
USAGE = {
    "promptTokenCount": 3000,
    "cachedContentTokenCount": 1000,
    "toolUsePromptTokenCount": 100,
    "candidatesTokenCount": 50,
    "thoughtsTokenCount": 200,
    "totalTokenCount": 3350,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2400}, {"modality": "AUDIO", "tokenCount": 600}],
}
COUNTED = {
    "input_tokens": 3100,
    "output_tokens": 250,
    "cache_read_tokens": 1000,
    "reasoning_tokens": 200,
    "input_audio_tokens": 600,
}
COST = 1500 * 300 + 1000 * 30 + 600 * 1000 + 250 * 2500
"""In nano-dollars, at 0.30, 0.03 (cached), 1 (audio) and 2.50 dollars per million tokens."""
SIGNATURE = "EqQBCgIYAhIM" + "A1b/" * 40
WEATHER: Any = {"function_declarations": [{"name": "weather", "description": "Says the weather."}]}
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(40)


class Lamp(BaseModel):
    """What a typed answer is."""

    name: str
    watts: int


def sent_to(upstream: Upstream, model: str) -> Any:
    return msgspec.json.decode(upstream.requests(model)[-1].body)


def posted(server: RunningServer, place: str, body: bytes = b'{"contents":[]}', **headers: str) -> HttpAnswer:
    return server.request("POST", f"/v1beta/models/{place}", body=body, headers=headers)


def trace_of(reply: Any) -> str:
    return str(reply.sdk_http_response.headers["x-request-id"])


def test_content_is_answered_as_it_came(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("plain", content("From above."))

    reply = gemini.models.generate_content(model="google/plain", contents="Hello.")

    (request,) = upstream.requests("plain")
    assert reply.text == "From above."
    assert (reply.response_id, reply.model_version) == ("upstream", "upstream")
    assert request.path == "/v1/models/plain:generateContent"
    assert request.headers["x-goog-api-key"] == "upstream-secret"
    assert not [name for name in request.headers if name.startswith(("x-goog-api-client", "authorization"))]


def test_body_passes_byte_for_byte_without_what_the_path_says(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("bytes", content("Yes."))
    rest = b'"contents":[{"parts":[{"text":"x"}]}],"future":{"a" : 1.10, "b":[1e400,"\\u00e9"]}}'

    answer = posted(server, "google/bytes:generateContent", b'{"model":"models/google/other",' + rest)

    assert (answer.body,) == content("Yes.").body
    assert upstream.requests("bytes")[0].body == b"{" + rest


PLACES = {
    "v1beta": "/v1beta/models/google/where:generateContent",
    "v1": "/v1/models/google/where:generateContent",
    "an encoded slash": "/v1beta/models/google%2Fwhere:generateContent",
    "all encoded": "/v1beta/models/google%2Fwhere%3AgenerateContent",
    "a key in the URL": "/v1beta/models/google/where:generateContent?key=local",
}


@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES.keys())
def test_model_is_found_in_the_path(server: RunningServer, upstream: Upstream, path: str) -> None:
    upstream.script("where", content("Here."))

    answer = server.request("POST", path, body=b'{"contents":[]}')

    assert answer.status == 200
    assert answer.headers["x-lasttenth-model"] == "google/where"


def test_name_of_a_model_cannot_leave_its_place_in_the_path(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("../files?x", content("Yes."))

    answer = posted(server, "google/..%2Ffiles%3Fx:generateContent")

    assert answer.status == 200
    assert upstream.requests("../files?x")[0].path == "/v1/models/..%2Ffiles%3Fx:generateContent"


def test_own_controls_are_stripped(gemini: genai.Client, upstream: Upstream, server: RunningServer) -> None:
    upstream.script("controls", content("Yes."))
    options = types.HttpOptions(
        extra_body={"metadata": {"lasttenth_unit": "customer-7"}}, headers={"x-lasttenth-note": "mine"}
    )

    reply = gemini.models.generate_content(
        model="google/controls", contents="Hello.", config=types.GenerateContentConfig(http_options=options)
    )

    (span,) = eventually(lambda: spans_of(server, trace_of(reply)))
    assert set(sent_to(upstream, "controls")) == {"contents", "generationConfig"}
    assert "x-lasttenth-note" not in upstream.requests("controls")[0].headers
    assert (span["unit"], span["unit_source"]) == ("customer-7", "metadata")


def test_whole_answer_is_one_span_with_its_usage_and_cost(
    gemini: genai.Client, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script(PRICED, content("Hello.", usage=USAGE))

    reply = gemini.models.generate_content(model=f"google/{PRICED}", contents="Hello.")

    headers: Any = reply.sdk_http_response and reply.sdk_http_response.headers
    (span,) = eventually(lambda: spans_of(server, trace_of(reply)))
    assert float(headers["x-lasttenth-cost"]) == COST / 1e9
    assert (span["name"], span["operation"]) == (f"chat google/{PRICED}", "chat")
    assert (span["usage"], span["cost"]) == (COUNTED, COST)
    asked = msgspec.json.decode(span["input"])
    assert (asked["model"], asked["stream"], len(asked["contents"])) == (f"google/{PRICED}", False, 1)


def test_stream_is_one_span_with_its_usage_cost_and_first_token(
    gemini: genai.Client, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script(PRICED, content_stream("Hel", "lo.", usage=USAGE))

    events = list(gemini.models.generate_content_stream(model=f"google/{PRICED}", contents="Hello."))

    (span,) = eventually(lambda: spans_of(server, trace_of(events[0])))
    assert "".join(event.text or "" for event in events) == "Hello."
    assert upstream.requests(PRICED)[-1].path == f"/v1/models/{PRICED}:streamGenerateContent?alt=sse"
    assert (span["usage"], span["cost"], span["status"]) == (COUNTED, COST, "ok")
    assert span["first_token"] > 0


def test_stream_that_is_given_up_is_costed_with_what_was_reported(
    gemini: genai.Client, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script("left", content_stream("first", ending="stall", finished=False))

    stream: Any = gemini.models.generate_content_stream(model="google/left", contents="Hello.")
    first = next(stream)
    stream.close()

    assert eventually(lambda: upstream.requests("left")[0].abandoned)
    (span,) = eventually(lambda: spans_of(server, trace_of(first)))
    assert (span["error"], span["usage"]) == ("client_disconnected", {"input_tokens": 11})


def test_stream_arrives_piece_by_piece(gemini: genai.Client, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("gated", content_stream("first", gate, "second"))

    stream = gemini.models.generate_content_stream(model="google/gated", contents="Hello.")
    first = next(iter(stream)).text
    gate.open()
    rest = "".join(event.text or "" for event in stream)

    assert (first, rest) == ("first", "second")


def test_stream_passes_byte_for_byte(server: RunningServer, upstream: Upstream) -> None:
    odd = b'data: {"later": 1.0,\r\ndata: "n": [1e400]}\r\n\r\n'
    answer = content_stream("first", odd, b": comment\n\n", "second")
    upstream.script("odd", answer)

    found = posted(server, "google/odd:streamGenerateContent?alt=sse")

    assert found.headers["content-type"] == "text/event-stream"
    assert found.body == b"".join(piece for piece in answer.body if isinstance(piece, bytes))


def test_stream_without_events_is_an_array(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    gate.open()
    answer = content_stream("first", gate, b": comment\n\n", "second")
    upstream.script("array", answer)

    found = posted(server, "google/array:streamGenerateContent")

    sent = [piece for piece in answer.body if isinstance(piece, bytes) and piece.startswith(b"data: ")]
    assert found.headers["content-type"] == "application/json"
    assert found.json() == [msgspec.json.decode(event.removeprefix(b"data: ")) for event in sent]


def test_refused_prompt_ends_a_stream(gemini: genai.Client, upstream: Upstream, server: RunningServer) -> None:
    refusal = content_event(promptFeedback={"blockReason": "PROHIBITED_CONTENT"}, usageMetadata={"promptTokenCount": 5})
    upstream.script("blocked", content_stream(refusal, finished=False))

    (event,) = gemini.models.generate_content_stream(model="google/blocked", contents="Hello.")

    (span,) = eventually(lambda: spans_of(server, trace_of(event)))
    assert event.prompt_feedback
    assert (span["status"], span["usage"]) == ("ok", {"input_tokens": 5})


THOUGHT = {"text": "Hm \u00e9.", "thought": True}
CALL = {"functionCall": {"name": "weather", "args": {"city": "Bern"}}, "thoughtSignature": SIGNATURE}


def test_thoughts_and_calls_of_functions_reach_the_client_on_streams(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("tools", content_stream(THOUGHT, CALL))
    config = types.GenerateContentConfig(
        tools=[WEATHER],
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )

    events = list(gemini.models.generate_content_stream(model="google/tools", contents="Hello.", config=config))

    thought, call, *_ = parts_of(events)
    assert (thought.thought, thought.text) == (True, "Hm \u00e9.")
    assert (call.function_call.name, call.function_call.args) == ("weather", {"city": "Bern"})
    sent = sent_to(upstream, "tools")
    assert sent["tools"][0]["functionDeclarations"][0]["name"] == "weather"
    assert sent["generationConfig"]["thinkingConfig"] == {"include_thoughts": True}


def parts_of(events: list[types.GenerateContentResponse]) -> Iterator[Any]:
    for event in events:
        for candidate in event.candidates or ():
            yield from (candidate.content and candidate.content.parts) or ()


def test_client_calls_a_function_and_sends_its_result(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("turns", content(THOUGHT, CALL), content("It rains."))

    def weather(city: str) -> str:
        """Say the weather."""
        return f"Rain in {city}."

    reply = gemini.models.generate_content(
        model="google/turns", contents="Hello.", config=types.GenerateContentConfig(tools=[weather])
    )

    _asked, called, answered = sent_to(upstream, "turns")["contents"]
    assert reply.text == "It rains."
    assert called["parts"][0] == THOUGHT
    assert called["parts"][1]["functionCall"]["args"] == {"city": "Bern"}
    assert len(called["parts"][1]["thoughtSignature"]) == len(SIGNATURE)
    assert answered["parts"][0]["functionResponse"]["response"] == {"result": "Rain in Bern."}


def test_structured_output_comes_back_as_its_type(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("typed", content('{"name": "Luna", "watts": 7}'))
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Lamp)

    reply = gemini.models.generate_content(model="google/typed", contents="Hello.", config=config)

    assert reply.parsed == Lamp(name="Luna", watts=7)
    assert sent_to(upstream, "typed")["generationConfig"]["responseSchema"]["required"] == ["name", "watts"]


def test_images_go_up_inline_and_come_back(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("seeing", content({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}))
    image: Any = types.Part.from_bytes(data=PIXEL, mime_type="image/png")

    reply = gemini.models.generate_content(model="google/seeing", contents=[image, "What is this?"])

    (part,) = parts_of([reply])
    sent = sent_to(upstream, "seeing")["contents"][0]["parts"][0]["inlineData"]
    assert part.inline_data.data == PIXEL[:8]
    assert sent["mime_type"] == "image/png"


def test_tokens_are_counted_and_cost_nothing(gemini: genai.Client, upstream: Upstream, server: RunningServer) -> None:
    upstream.script("counted", UpstreamAnswer(body=(b'{"totalTokens": 42}',)))

    reply = gemini.models.count_tokens(model="google/counted", contents="Hello.")

    (span,) = eventually(lambda: spans_of(server, trace_of(reply)))
    assert reply.total_tokens == 42
    assert upstream.requests("counted")[0].path == "/v1/models/counted:countTokens"
    assert (span["operation"], span.get("usage"), span.get("cost")) == ("count_tokens", None, None)


def test_whole_request_whose_tokens_are_counted_names_the_providers_model(
    server: RunningServer, upstream: Upstream
) -> None:
    upstream.script("counting", UpstreamAnswer(body=(b'{"totalTokens": 42}',)))
    body = b'{"generateContentRequest":{"model":"models/google/counting","contents":[]}}'

    assert posted(server, "google/counting:countTokens", body).status == 200

    assert sent_to(upstream, "counting")["generateContentRequest"]["model"] == "models/counting"


def test_embeddings_come_in_a_batch(gemini: genai.Client, upstream: Upstream, server: RunningServer) -> None:
    upstream.script("gemini-embedding-001", UpstreamAnswer(body=(b'{"embeddings":[{"values":[1,2]},{"values":[3]}]}',)))

    reply = gemini.models.embed_content(
        model="google/gemini-embedding-001",
        contents=["a", "b"],
        config=types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=2),
    )

    (request,) = upstream.requests("gemini-embedding-001")
    assert [each.values for each in reply.embeddings or ()] == [[1, 2], [3]]
    assert request.path == "/v1/models/gemini-embedding-001:batchEmbedContents"
    assert [each["model"] for each in msgspec.json.decode(request.body)["requests"]] == [
        "models/gemini-embedding-001"
    ] * 2
    (trace,) = eventually(lambda: [each for each in server.get("/api/traces") if each["name"].startswith("embed")])
    assert trace["model"] == "google/gemini-embedding-001"


def test_one_embedding_has_a_method_of_its_own(server: RunningServer, upstream: Upstream) -> None:
    answer = UpstreamAnswer(body=(b'{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":3}}',))
    upstream.script("embedder", answer)

    found = posted(server, "google/embedder:embedContent", b'{"content":{"parts":[{"text":"a"}]}}')

    (span,) = eventually(lambda: spans_of(server, found.headers["x-request-id"]))
    assert (found.body,) == answer.body
    assert upstream.requests("embedder")[0].path == "/v1/models/embedder:embedContent"
    assert span["usage"] == {"input_tokens": 3}


async def ask_concurrently(base_url: str) -> list[str | None]:
    options = types.HttpOptions(base_url=base_url, timeout=20_000)
    async with genai.Client(api_key="local", http_options=options).aio as client:
        asked = [client.models.generate_content(model="google/many", contents="Hello.") for _ in range(8)]
        return [reply.text for reply in await asyncio.gather(*asked)]


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
def test_asynchronous_client_is_served_as_well(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("many", content("Yes."))

    assert asyncio.run(ask_concurrently(server.base_url)) == ["Yes."] * 8


def test_models_are_listed_as_the_client_expects(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("listed-three", content("Yes."))

    names = [model.name for model in gemini.models.list()]
    one = gemini.models.get(model="google/listed-three")

    assert {"models/google/listed-three", "models/up/listed-three", "models/task/answer"} <= set(names)
    assert (one.name, one.display_name) == ("models/google/listed-three", "google/listed-three")


@pytest.mark.parametrize("path", ["/v1beta/models", "/v1beta/models?key=local", "/v1/models?key=local"])
def test_list_has_the_shape_of_who_asks(server: RunningServer, path: str) -> None:
    assert set(server.get(path)) == {"models"}
    assert set(server.get("/v1/models")) == {"object", "data"}


ASKED = {
    "whole": (":generateContent", b'{"contents":[],"tools":[{"functionDeclarations":[]}]}', content("Hello.")),
    "stream": (":streamGenerateContent?alt=sse", b'{"contents":[]}', content_stream("Hello.")),
    "array": (":streamGenerateContent", b'{"contents":[]}', content_stream("Hello.")),
    "batch": (
        ":batchEmbedContents",
        b'{"requests":[{"model":"models/google/x","content":{}}]}',
        UpstreamAnswer(body=(b'{"embeddings":[]}',)),
    ),
}


@pytest.mark.parametrize(("method", "body", "answer"), ASKED.values(), ids=ASKED.keys())
def test_replayed_answer_is_the_same(
    server: RunningServer, upstream: Upstream, method: str, body: bytes, answer: UpstreamAnswer
) -> None:
    upstream.script("replayed", answer)
    trace = posted(server, f"google/replayed{method}", body).headers["x-request-id"]
    eventually(lambda: spans_of(server, trace))

    (found,) = server.request("POST", "/api/replays", body=msgspec.json.encode({"traces": [trace]})).json()

    assert (found["outcome"], found["differences"]) == ("same", [])
