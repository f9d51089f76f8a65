"""Clients of one protocol and models of another: what both can say arrives, and what one of them cannot is named."""

import base64
from typing import Any

import msgspec
import pytest
from anthropic import Anthropic, APIStatusError
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock
from google import genai
from openai import OpenAI
from tests.journeys.conversations import HELLO, asked, spans_of, text_of

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    failure,
    message,
    message_failure,
    message_stream,
    response,
    response_stream,
    streamed,
)

LOST = "x-lasttenth-lost"
PIXEL = base64.b64encode(b"\x89PNG").decode()
CITY: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAIS_TOOL: Any = {"type": "function", "function": {"name": "weather", "description": "Says it.", "parameters": CITY}}
ANTHROPICS_TOOL: Any = {"name": "weather", "description": "Says it.", "input_schema": CITY}


def sent(upstream: Upstream, model: str) -> Any:
    return msgspec.json.decode(upstream.requests(model)[-1].body)


def replied(**message: Any) -> UpstreamAnswer:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return UpstreamAnswer(status=200, body=(msgspec.json.encode({**body, "usage": usage}),))


def test_openais_client_asks_a_model_of_anthropics_protocol(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("claude-haiku-4-5", message("From Claude."))

    raw = client.chat.completions.with_raw_response.create(
        model="anthropic/claude-haiku-4-5",
        messages=[{"role": "system", "content": "Be brief."}, *asked("Hello?")],
        max_completion_tokens=99,
        temperature=0.5,
        stop=["END"],
        user="ann",
    )

    reply = raw.parse()
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("From Claude.", "stop")
    assert reply.id == "msg_upstream"
    assert LOST not in raw.headers
    assert sent(upstream, "claude-haiku-4-5") == {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}],
        "temperature": 0.5,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "ann"},
    }
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert reply.usage is not None
    assert (span["usage"]["input_tokens"], span["usage"]["output_tokens"]) == (
        reply.usage.prompt_tokens,
        reply.usage.completion_tokens,
    )
    assert span["cost"]


def test_anthropics_client_asks_a_model_of_openais_protocol(
    server: RunningServer, claude: Anthropic, upstream: Upstream
) -> None:
    upstream.script("told", completion("From elsewhere."))

    raw = claude.messages.with_raw_response.create(
        model="up/told", max_tokens=99, system="Be brief.", messages=HELLO, stop_sequences=["END"]
    )

    reply = raw.parse()
    assert isinstance(reply.content[0], TextBlock)
    assert (reply.content[0].text, reply.stop_reason) == ("From elsewhere.", "end_turn")
    assert sent(upstream, "told") == {
        "model": "told",
        "max_tokens": 99,
        "messages": [{"role": "system", "content": "Be brief."}, *HELLO],
        "stop": ["END"],
    }
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert span["usage"]["output_tokens"] == reply.usage.output_tokens


def test_streams_are_translated_both_ways(client: OpenAI, claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("flow-a", message_stream("Bit ", "by ", "bit."))
    upstream.script("flow-b", streamed("Bit ", "by ", "bit."))

    chunks = list(
        client.chat.completions.create(
            model="anthropic/flow-a", messages=asked("Go."), stream=True, stream_options={"include_usage": True}
        )
    )
    with claude.messages.stream(model="up/flow-b", max_tokens=9, messages=HELLO) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Bit by bit."
    assert [chunk.usage is not None for chunk in chunks].count(True) == 1
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert texts == ["Bit ", "by ", "bit."]
    assert (final.stop_reason, final.usage.output_tokens > 0) == ("end_turn", True)


def test_tools_are_called_across(client: OpenAI, claude: Anthropic, upstream: Upstream) -> None:
    use: Any = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
    upstream.script("tools-a", message(use, stop_reason="tool_use"))
    call: Any = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}
    upstream.script("tools-b", replied(content=None, tool_calls=[call]))

    openais = client.chat.completions.create(
        model="anthropic/tools-a",
        messages=asked("Weather?"),
        tools=[OPENAIS_TOOL],
        tool_choice="required",
        parallel_tool_calls=False,
    )
    anthropics = claude.messages.create(
        model="up/tools-b",
        max_tokens=9,
        messages=HELLO,
        tools=[ANTHROPICS_TOOL],
        tool_choice={"type": "tool", "name": "weather"},
    )

    (called,) = openais.choices[0].message.tool_calls or []
    assert called.type == "function"
    assert (called.id, called.function.name, called.function.arguments) == ("toolu_1", "weather", '{"city":"Bern"}')
    assert openais.choices[0].finish_reason == "tool_calls"
    assert sent(upstream, "tools-a")["tools"] == [ANTHROPICS_TOOL]
    assert sent(upstream, "tools-a")["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    (block,) = anthropics.content
    assert isinstance(block, ToolUseBlock)
    assert (block.id, block.name, block.input, anthropics.stop_reason) == (
        "call_1",
        "weather",
        {"city": "Bern"},
        "tool_use",
    )
    assert sent(upstream, "tools-b")["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def test_what_tools_said_and_images_go_across(client: OpenAI, claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("turns-a", message("Sunny."))
    upstream.script("turns-b", completion("Sunny."))
    call: Any = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    picture: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    source: Any = {"type": "base64", "media_type": "image/png", "data": PIXEL}

    client.chat.completions.create(
        model="anthropic/turns-a",
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "22 degrees"},
        ],
    )
    claude.messages.create(
        model="up/turns-b",
        max_tokens=9,
        messages=[
            {
                "role": "user",
                "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "22 degrees"}]},
        ],
    )

    assert sent(upstream, "turns-a")["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "22 degrees"}]}
            ],
        },
    ]
    assert sent(upstream, "turns-b")["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "22 degrees"},
    ]


def test_thought_goes_across_and_back_with_its_signature(client: OpenAI, upstream: Upstream) -> None:
    thinking: Any = {"type": "thinking", "thinking": "Hm.", "signature": "sig=="}
    upstream.script("thought", message(thinking, {"type": "text", "text": "Yes."}))

    first = client.chat.completions.create(
        model="anthropic/thought", messages=asked("Is it?"), reasoning_effort="low", max_tokens=9000
    )
    said = first.choices[0].message
    back: Any = said.model_dump(exclude_none=True)
    client.chat.completions.create(model="anthropic/thought", messages=[*asked("Is it?"), back, *asked("Sure?")])

    assert getattr(said, "reasoning_content", "") == "Hm."
    assert msgspec.json.decode(upstream.requests("thought")[0].body)["thinking"] == {"type": "adaptive"}
    assert sent(upstream, "thought")["messages"][1]["content"] == [thinking, {"type": "text", "text": "Yes."}]


def test_thought_of_an_open_model_reaches_anthropics_client(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("open", replied(content="Yes.", reasoning_content="Hm."))

    reply = claude.messages.create(model="up/open", max_tokens=9, messages=HELLO)

    thought, text = reply.content
    assert isinstance(thought, ThinkingBlock)
    assert isinstance(text, TextBlock)
    assert (thought.thinking, text.text) == ("Hm.", "Yes.")


def test_structured_output_goes_across(client: OpenAI, claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("shape-a", message('{"city":"Bern"}'))
    upstream.script("shape-b", completion('{"city":"Bern"}'))

    client.chat.completions.create(
        model="anthropic/shape-a",
        messages=asked("Where?"),
        response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": CITY, "strict": True}},
    )
    claude.messages.create(
        model="up/shape-b",
        max_tokens=9,
        messages=HELLO,
        output_config={"format": {"type": "json_schema", "schema": CITY}},
    )

    assert sent(upstream, "shape-a")["output_config"] == {"format": {"type": "json_schema", "schema": CITY}}
    assert sent(upstream, "shape-b")["response_format"]["json_schema"]["schema"] == CITY


def test_what_is_not_carried_is_named_in_a_header_and_in_the_trace(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("losing", message("Yes."))

    raw = client.chat.completions.with_raw_response.create(
        model="anthropic/losing",
        messages=[{"role": "user", "content": "Hello?", "name": "ann"}],
        logit_bias={"1": 2},
        seed=4,
        n=2,
    )

    lost = ["messages.0.name", "logit_bias", "seed", "n"]
    assert raw.headers[LOST].split(", ") == lost
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert span["attributes"]["lost"] == lost


def test_error_of_a_provider_is_said_in_the_callers_protocol(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("refusing-a", message_failure(429, "rate_limit_error", "Slow down.", headers={"retry-after": "7"}))
    upstream.script("refusing-b", failure(429, "Slow down."))
    chat = msgspec.json.encode({"model": "anthropic/refusing-a", "messages": HELLO})
    ask = msgspec.json.encode({"model": "up/refusing-b", "max_tokens": 9, "messages": HELLO})

    openais = server.request("POST", "/v1/chat/completions", body=chat)
    anthropics = server.request("POST", "/v1/messages", body=ask)

    assert (openais.status, openais.headers["retry-after"]) == (429, "7")
    assert openais.json()["error"]["code"] == "upstream_error"
    assert "Slow down." in openais.json()["error"]["message"]
    assert (anthropics.status, anthropics.json()["error"]["type"]) == (429, "rate_limit_error")
    assert "Slow down." in anthropics.json()["error"]["message"]


def test_stream_that_breaks_says_so_in_the_callers_protocol(server: RunningServer, upstream: Upstream) -> None:
    whole = streamed("Bit ", "by ", "bit.")
    upstream.script("breaking", msgspec.structs.replace(whole, body=whole.body[:3]))
    body = msgspec.json.encode({"model": "up/breaking", "max_tokens": 9, "messages": HELLO, "stream": True})

    found = server.request("POST", "/v1/messages", body=body)

    assert b'"text_delta","text":"Bit "' in found.body
    assert found.body.split(b"\n\n")[-2].startswith(b"event: error")
    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    assert span["error"] == "upstream_error"


@pytest.mark.usefixtures("client")
def test_task_answers_anthropics_client(claude: Anthropic) -> None:
    reply = claude.messages.create(model="task/answer", max_tokens=99, messages=HELLO)

    assert reply.type == "message"
    with claude.messages.stream(model="task/answer", max_tokens=99, messages=HELLO) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"


def test_task_may_ask_a_model_of_anthropics_protocol(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("behind", message("From Claude."))

    reply = client.chat.completions.create(
        model="task/answer", messages=asked("Hello?"), metadata={"lasttenth_model": "anthropic/behind"}
    )

    assert reply.model == "task/answer"
    assert upstream.requests("behind")


@pytest.mark.parametrize("count", [1, 3])
def test_scripted_model_answers_in_anthropics_protocol(claude: Anthropic, count: int) -> None:
    reply = claude.messages.create(model="scripted/echo", max_tokens=9, messages=[*HELLO] * count)

    assert isinstance(reply.content[0], TextBlock)
    assert reply.content[0].text


def test_model_that_speaks_responses_alone_answers_openais_chat(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("alone", response("From there."), response_stream("Bit ", "by ", "bit."))

    raw = client.chat.completions.with_raw_response.create(
        model="newer/alone", messages=asked("Hello?"), max_completion_tokens=99, stop=["END"]
    )
    chunks = list(client.chat.completions.create(model="newer/alone", messages=asked("Go."), stream=True))

    reply = raw.parse()
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("From there.", "stop")
    assert text_of(chunks) == "Bit by bit."
    assert raw.headers[LOST] == "stop"
    assert upstream.requests("alone")[0].path == "/v1/responses"
    (span,) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert span["usage"]["output_tokens"] == 7


def test_thought_that_openai_sealed_goes_through_anthropics_client(claude: Anthropic, upstream: Upstream) -> None:
    sealed: Any = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "gAAA",
    }
    upstream.script("sealing", response({"id": "rs_1", **sealed}, "Yes."), response("Sure."))

    first = claude.messages.create(model="newer/sealing", max_tokens=99, messages=HELLO)
    back: Any = [*HELLO, {"role": "assistant", "content": [block.to_dict() for block in first.content]}, *HELLO]
    claude.messages.create(model="newer/sealing", max_tokens=99, messages=back)

    thought = first.content[0]
    assert isinstance(thought, ThinkingBlock)
    assert thought.thinking == "Hm."
    assert sent(upstream, "sealing")["input"][1] == sealed


def test_thought_that_openai_sealed_reaches_geminis_client(gemini: genai.Client, upstream: Upstream) -> None:
    summary = [{"type": "summary_text", "text": "Hm."}]
    sealed = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "gAAA-_A="}
    upstream.script("sealed", response(sealed, "Yes."))

    reply = gemini.models.generate_content(model="newer/sealed", contents="Hello?")

    assert reply.parts is not None
    assert [(part.text, part.thought) for part in reply.parts] == [("Hm.", True), ("Yes.", None)]


def test_thought_that_openai_sealed_is_not_shown_to_anthropic(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("stranger", message("Yes."))
    thought: Any = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}

    raw = client.responses.with_raw_response.create(
        model="anthropic/stranger", input=[*asked("Hello?"), thought, *asked("Well?")]
    )

    assert raw.headers[LOST] == "messages.1.thinking"
    assert [each["role"] for each in sent(upstream, "stranger")["messages"]] == ["user", "user"]


def test_answer_that_cannot_be_translated_has_its_cost_all_the_same(
    server: RunningServer, claude: Anthropic, upstream: Upstream
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "no JSON"}}
    upstream.script("strange", replied(tool_calls=[call]))

    with pytest.raises(APIStatusError) as caught:
        claude.messages.create(model="up/strange", max_tokens=9, messages=HELLO)

    (span,) = spans_of(server, caught.value.response.headers["x-lasttenth-trace"])
    assert (caught.value.status_code, span["status"]) == (502, "error")
    assert (span["usage"]["input_tokens"], span["usage"]["output_tokens"]) == (10, 5)
