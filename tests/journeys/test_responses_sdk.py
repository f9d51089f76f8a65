"""The Responses of the official OpenAI client, unchanged: within the protocol byte for byte, and of any other model."""

from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_output_text import AnnotationFileCitation
from pydantic import BaseModel
from tests.journeys.conversations import POLICY, REFUNDS, spans_of

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    eventually,
    failure,
    message,
    message_event,
    message_stream,
    response,
    response_event,
    response_stream,
    streamed,
)

PRICED = "gpt-5-mini"
USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 400},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 1050,
}
COUNTED = {"input_tokens": 1000, "output_tokens": 50, "cache_read_tokens": 400, "reasoning_tokens": 20}
COST = 600 * 250 + 400 * 25 + 50 * 2000
"""In nano-dollars, at 0.25, 0.025 (cached) and 2 dollars per million tokens."""
CITY: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "name": "weather", "description": "Says it.", "parameters": CITY, "strict": False}


class Place(BaseModel):
    """What an answer is to be."""

    city: str


def sent(upstream: Upstream, model: str) -> Any:
    return msgspec.json.decode(upstream.requests(model)[-1].body)


def test_response_is_answered_as_it_came_and_costed(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script(PRICED, response("From above.", usage=USAGE))

    raw = client.responses.with_raw_response.create(model=f"openai/{PRICED}", input="Hello?")

    reply = raw.parse()
    assert (reply.id, reply.output_text, reply.status) == ("resp_upstream", "From above.", "completed")
    assert upstream.requests(PRICED)[-1].path == "/v1/responses"
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert {name: span["usage"][name] for name in COUNTED} == COUNTED
    assert (span["cost"], span["attributes"]["protocol"]) == (COST, "responses")


def test_only_the_models_name_is_rewritten(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("bytes", response("Yes."))
    rest = (
        b'"previous_response_id":"resp_1","store":true,"background":false,"tools":[{"type":"web_search"}],'
        b'"input":[{"type":"item_reference","id":"rs_1"}],"future":{"a" : 1.10,"n":123456789012345678901234567890}}'
    )

    answer = server.request("POST", "/v1/responses", body=b'{"model":"openai/bytes",' + rest)

    assert answer.status == 200
    assert upstream.requests("bytes")[-1].body == b'{"model":"bytes",' + rest


def test_stream_passes_event_by_event_and_is_costed(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("flow", response_stream("Bit ", "by ", "bit.", usage=USAGE))

    raw = client.responses.with_raw_response.create(model="openai/flow", input="Go.", stream=True)
    events = list(raw.parse())

    assert [event.delta for event in events if event.type == "response.output_text.delta"] == ["Bit ", "by ", "bit."]
    assert events[-1].type == "response.completed"
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert {name: span["usage"][name] for name in COUNTED} == COUNTED
    assert span["first_token"] > 0


@pytest.mark.parametrize("kind", ["response.failed", "error"])
def test_stream_that_fails_is_recorded_and_passes(
    server: RunningServer, client: OpenAI, upstream: Upstream, kind: str
) -> None:
    error = {"code": "server_error", "message": "It broke."}
    failed = {"response": {"status": "failed", "error": error}} if kind == "response.failed" else error
    upstream.script(kind, response_stream("Bit ", response_event(kind, **failed), finished=False))

    raw = client.responses.with_raw_response.create(model=f"openai/{kind}", input="Go.", stream=True)
    events = list(raw.parse())

    assert events[-1].type == kind
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert span["error"] == "upstream_error"


def test_stream_that_breaks_raises_in_the_client(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("breaking", response_stream("Bit ", finished=False))

    with pytest.raises(openai.APIError, match="before the answer was complete"):
        list(client.responses.create(model="openai/breaking", input="Go.", stream=True))


def test_error_of_the_provider_passes_as_it_came(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("refusing", failure(429, "Slow down."))

    with pytest.raises(openai.RateLimitError, match="Slow down"):
        client.responses.create(model="openai/refusing", input="Go.")


def test_response_that_failed_is_an_error(client: OpenAI, upstream: Upstream) -> None:
    body = {"id": "r", "object": "response", "status": "failed", "error": {"code": "server_error", "message": "No."}}
    upstream.script("failed", UpstreamAnswer(body=(msgspec.json.encode(body),)))

    with pytest.raises(openai.InternalServerError):
        client.responses.create(model="openai/failed", input="Go.")


def test_model_of_chat_answers_in_translation(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("told", completion("From elsewhere."))

    raw = client.responses.with_raw_response.create(
        model="up/told",
        instructions="Be brief.",
        input=[{"role": "developer", "content": "Really."}, {"role": "user", "content": "Hello?"}],
        max_output_tokens=99,
        temperature=0.5,
        reasoning={"effort": "low"},
        safety_identifier="ann",
    )

    reply = raw.parse()
    assert (reply.output_text, reply.status, reply.object) == ("From elsewhere.", "completed", "response")
    assert reply.usage is not None
    assert (reply.usage.output_tokens, reply.usage.output_tokens_details.reasoning_tokens) == (7, 0)
    assert "x-lasttenth-lost" not in raw.headers
    texts = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Really."}]
    assert sent(upstream, "told") == {
        "model": "told",
        "messages": [{"role": "system", "content": texts}, {"role": "user", "content": "Hello?"}],
        "max_tokens": 99,
        "temperature": 0.5,
        "reasoning_effort": "low",
        "user": "ann",
    }
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert (span["usage"]["output_tokens"], span["unit"]) == (7, "ann")


STREAMS = [("up/flow-a", streamed("Bit ", "by ", "bit.")), ("anthropic/flow-b", message_stream("Bit ", "by ", "bit."))]


@pytest.mark.parametrize(("model", "answer"), STREAMS, ids=["openai", "anthropic"])
def test_stream_is_translated_with_all_its_events(
    client: OpenAI, upstream: Upstream, model: str, answer: UpstreamAnswer
) -> None:
    upstream.script(model.partition("/")[2], answer)

    with client.responses.stream(model=model, input="Go.") as stream:
        events = list(stream)
        final = stream.get_final_response()

    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(11))
    assert final.output_text == "Bit by bit."
    assert final.usage is not None
    assert final.usage.output_tokens == 7


def test_tools_are_called_and_answered_across(client: OpenAI, upstream: Upstream) -> None:
    use: Any = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
    upstream.script("tools", message(use, stop_reason="tool_use"), message("Sunny."))

    first = client.responses.create(
        model="anthropic/tools", input="Weather?", tools=[WEATHER], tool_choice="required", parallel_tool_calls=False
    )
    (call,) = first.output
    assert isinstance(call, ResponseFunctionToolCall)
    back: Any = [item.to_dict() for item in first.output]
    second = client.responses.create(
        model="anthropic/tools",
        input=[
            {"role": "user", "content": "Weather?"},
            *back,
            {"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"},
        ],
        tools=[WEATHER],
    )

    assert (call.call_id, call.name, call.arguments) == ("toolu_1", "weather", '{"city":"Bern"}')
    assert second.output_text == "Sunny."
    asked = msgspec.json.decode(upstream.requests("tools")[0].body)
    assert asked["tools"] == [{"name": "weather", "description": "Says it.", "input_schema": CITY}]
    assert asked["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert sent(upstream, "tools")["messages"][1:] == [
        {"role": "assistant", "content": [use]},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "22 degrees"}],
                }
            ],
        },
    ]


@pytest.mark.parametrize("model", ["up/shape-a", "anthropic/shape-b"])
def test_answer_is_parsed_by_the_client(client: OpenAI, upstream: Upstream, model: str) -> None:
    said = '{"city":"Bern"}'
    upstream.script(model.partition("/")[2], completion(said) if model.startswith("up/") else message(said))

    reply = client.responses.parse(model=model, input="Where?", text_format=Place)

    assert reply.output_parsed == Place(city="Bern")
    body = sent(upstream, model.partition("/")[2])
    form = body.get("response_format", {}).get("json_schema") or body["output_config"]["format"]
    assert form["schema"]["required"] == ["city"]


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_thought_goes_back_with_its_signature(client: OpenAI, upstream: Upstream, is_stream: bool) -> None:
    model = f"thought-{is_stream}".lower()
    thinking: Any = {"type": "thinking", "thinking": "Hm.", "signature": "sig=="}
    events = [
        message_event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
        message_event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."}),
        message_event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "sig=="}),
        message_event("content_block_stop", index=0),
        message_event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
        message_event("content_block_delta", index=1, delta={"type": "text_delta", "text": "Yes."}),
    ]
    whole = message(thinking, {"type": "text", "text": "Yes."})
    upstream.script(model, message_stream(*events) if is_stream else whole, message("Sure."))

    if is_stream:
        with client.responses.stream(model=f"anthropic/{model}", input="Is it?") as stream:
            first: Any = stream.get_final_response()
    else:
        first = client.responses.create(model=f"anthropic/{model}", input="Is it?")
    back = [item.to_dict() for item in first.output]
    asked: Any = [{"role": "user", "content": "Is it?"}, *back, {"role": "user", "content": "Sure?"}]
    client.responses.create(model=f"anthropic/{model}", input=asked)

    thought = first.output[0]
    assert isinstance(thought, ResponseReasoningItem)
    assert (thought.summary[0].text, first.output_text) == ("Hm.", "Yes.")
    assert sent(upstream, model)["messages"][1]["content"] == [thinking, {"type": "text", "text": "Yes."}]


@pytest.mark.parametrize("name", ["previous_response_id", "conversation"])
def test_what_another_provider_keeps_is_refused(client: OpenAI, name: str) -> None:
    kept: Any = {name: "resp_1"}

    with pytest.raises(openai.BadRequestError, match=f"{name} stands for what another provider keeps"):
        client.responses.create(model="up/told", input="And?", **kept)


def test_what_is_not_carried_is_named(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("losing", completion("Yes."))

    search: Any = {"type": "web_search_call", "id": "w", "status": "completed"}

    raw = client.responses.with_raw_response.create(
        model="up/losing",
        input=[{"role": "user", "content": "Hello?"}, search],
        tools=[WEATHER, {"type": "web_search"}],
        store=True,
        truncation="auto",
        include=["reasoning.encrypted_content", "web_search_call.results"],
        text={"verbosity": "low"},
    )

    lost = ["input.1", "tools.1", "text.verbosity", "include", "truncation", "store"]
    assert raw.headers["x-lasttenth-lost"].split(", ") == lost


def test_task_answers_with_its_citations(client: OpenAI) -> None:
    reply = client.responses.create(model="task/answer", input=REFUNDS)
    with client.responses.stream(model="task/answer", input=REFUNDS) as stream:
        final = stream.get_final_response()

    assert "30 days" in reply.output_text
    assert final.output_text == reply.output_text
    (said,) = reply.output
    assert isinstance(said, ResponseOutputMessage)
    assert isinstance(said.content[0], ResponseOutputText)
    (annotation,) = said.content[0].annotations
    assert isinstance(annotation, AnnotationFileCitation)
    assert annotation.filename == "policy.md"
    quoted: Any = annotation.to_dict()
    assert POLICY[quoted["start"] : quoted["end"]] == quoted["quote"]


@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/responses/resp_1/input_items"])
def test_kept_responses_are_their_providers(server: RunningServer, upstream: Upstream, path: str) -> None:
    nobodys = server.request("GET", path)
    upstream.script("", UpstreamAnswer(body=(b'{"id":"resp_1"}',)))
    named = server.request("GET", path, headers={"x-lasttenth-provider": "openai"})

    assert nobodys.status == 400
    assert "x-lasttenth-provider" in nobodys.json()["error"]["message"]
    assert (named.status, named.body) == (200, b'{"id":"resp_1"}')


def test_text_is_continued_by_who_can(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    choice = {"index": 0, "text": " a time.", "logprobs": None, "finish_reason": None}
    events = [{**head, "choices": [choice]}, {**head, "choices": [{**choice, "text": "", "finish_reason": "stop"}]}]
    said = [
        b"data: " + msgspec.json.encode(each) + b"\n\n" for each in [*events, {**head, "choices": [], "usage": usage}]
    ]
    stream = UpstreamAnswer(media_type="text/event-stream", body=(*said, b"data: [DONE]\n\n"))
    whole = msgspec.json.encode({**head, "choices": [{**choice, "finish_reason": "stop"}], "usage": usage})
    upstream.script("older", UpstreamAnswer(body=(whole,)), stream)

    reply = client.completions.with_raw_response.create(model="openai/older", prompt="Once upon")
    chunks = client.completions.with_raw_response.create(model="openai/older", prompt="Once upon", stream=True)

    assert reply.parse().choices[0].text == " a time."
    assert "".join(chunk.choices[0].text for chunk in chunks.parse()) == " a time."
    assert upstream.requests("older")[0].path == "/v1/completions"
    for each in (reply, chunks):
        (span,) = spans_of(server, each.headers["x-lasttenth-trace"])
        assert (span["operation"], span["usage"]["output_tokens"]) == ("completions", 5)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("anthropic/x", "speaks Anthropic's protocol"),
        ("scripted/echo", "only chats"),
        ("builtin/extractive", "does not serve completions"),
        ("task/answer", "does not continue texts"),
    ],
)
def test_text_is_continued_by_nobody_else(client: OpenAI, model: str, says: str) -> None:
    with pytest.raises(openai.APIStatusError, match=says):
        client.completions.create(model=model, prompt="Once upon")


def test_cache_keeps_neither(client: OpenAI) -> None:
    exact = {"x-lasttenth-cache": "exact"}

    with pytest.raises(openai.BadRequestError, match="keeps no chat answers in OpenAI's Responses protocol"):
        client.responses.create(model="openai/plain", input="Hello?", extra_headers=exact)
    with pytest.raises(openai.BadRequestError, match="keeps no completions answers in OpenAI's protocol"):
        client.completions.create(model="openai/older", prompt="Once", extra_headers=exact)


def test_traces_are_replayed_to_the_byte(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("again", response("Yes."), response_stream("Yes."))
    upstream.script("again-chat", completion("Yes."), streamed("Yes."))
    traces: list[str] = []

    for model in ("openai/again", "up/again-chat", "task/answer"):
        raw = client.responses.with_raw_response.create(model=model, input="Well?")
        stream = client.responses.with_raw_response.create(model=model, input="Well?", stream=True)
        list(stream.parse())
        traces += [each.headers["x-lasttenth-trace"] for each in (raw, stream)]
    eventually(lambda: all(spans_of(server, trace) for trace in traces))
    replays = server.request("POST", "/api/replays", body=msgspec.json.encode({"traces": traces})).json()

    assert [(each["outcome"], each.get("reason")) for each in replays] == [("same", "")] * 6
