"""The official clients of all protocols, each with models of all of them: words, streams, tools, thought and errors."""

from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import msgspec
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from google.genai.errors import APIError
from openai import OpenAI
from tests.journeys.conversations import HELLO, asked

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    content,
    content_failure,
    content_stream,
    failure,
    message,
    message_failure,
    message_stream,
    response,
    response_stream,
    streamed,
)

CITY: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ARGUMENTS = {"city": "Bern"}
TEXT = "Bit by bit."


class Speaker(NamedTuple):
    """What a provider's model answers in its protocol."""

    provider: str
    whole: UpstreamAnswer
    stream: UpstreamAnswer
    tools: UpstreamAnswer
    crowded: UpstreamAnswer


def _tool_completion() -> UpstreamAnswer:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls"}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": None}
    return UpstreamAnswer(body=(msgspec.json.encode(body),))


SPEAKERS = {
    "openai": Speaker(
        "up", completion(TEXT), streamed("Bit ", "by ", "bit."), _tool_completion(), failure(429, "Slow down.")
    ),
    "responses": Speaker(
        "newer",
        response(TEXT),
        response_stream("Bit ", "by ", "bit."),
        response({"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Bern"}'}),
        failure(429, "Slow down."),
    ),
    "anthropic": Speaker(
        "anthropic",
        message(TEXT),
        message_stream("Bit ", "by ", "bit."),
        message({"type": "tool_use", "id": "c1", "name": "weather", "input": ARGUMENTS}, stop_reason="tool_use"),
        message_failure(429, "rate_limit_error", "Slow down."),
    ),
    "gemini": Speaker(
        "google",
        content(TEXT),
        content_stream("Bit ", "by ", "bit."),
        content({"functionCall": {"name": "weather", "args": ARGUMENTS}}),
        content_failure(429, "RESOURCE_EXHAUSTED", "Slow down."),
    ),
}


class Asking(NamedTuple):
    """How a client asks: each function takes a model and returns what came, in the client's own words."""

    text: Callable[[str], tuple[str, str]]
    """The text, and why it ended."""
    stream: Callable[[str], tuple[list[str], str]]
    tools: Callable[[str], tuple[str, Any, str]]
    """The tool, its arguments, and why it ended."""
    status: Callable[[str], int]
    ends: tuple[str, str]
    """What the client calls an end, and one with a call of a tool."""


def _openai(client: OpenAI) -> Asking:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": CITY}}

    def text(model: str) -> tuple[str, str]:
        (choice,) = client.chat.completions.create(model=model, messages=asked("Go."), max_tokens=99).choices
        return choice.message.content or "", choice.finish_reason

    def stream(model: str) -> tuple[list[str], str]:
        chunks = list(client.chat.completions.create(model=model, messages=asked("Go."), stream=True))
        choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
        return [each.delta.content for each in choices if each.delta.content], choices[-1].finish_reason or ""

    def tools(model: str) -> tuple[str, Any, str]:
        (choice,) = client.chat.completions.create(model=model, messages=asked("Go."), tools=[tool]).choices
        (call,) = choice.message.tool_calls or []
        assert call.type == "function"
        assert call.id
        return call.function.name, msgspec.json.decode(call.function.arguments), choice.finish_reason

    def status(model: str) -> int:
        with pytest.raises(openai.APIStatusError, match="Slow down") as caught:
            text(model)
        return caught.value.status_code

    return Asking(text, stream, tools, status, ("stop", "tool_calls"))


def _responses(client: OpenAI) -> Asking:
    tool: Any = {"type": "function", "name": "weather", "parameters": CITY, "strict": False}

    def text(model: str) -> tuple[str, str]:
        reply = client.responses.create(model=model, input="Go.")
        return reply.output_text, str(reply.status)

    def stream(model: str) -> tuple[list[str], str]:
        with client.responses.stream(model=model, input="Go.") as events:
            said = [event.delta for event in events if event.type == "response.output_text.delta"]
            return said, str(events.get_final_response().status)

    def tools(model: str) -> tuple[str, Any, str]:
        reply = client.responses.create(model=model, input="Go.", tools=[tool])
        (call,) = reply.output
        assert call.type == "function_call"
        assert call.call_id
        return call.name, msgspec.json.decode(call.arguments), str(reply.status)

    def status(model: str) -> int:
        with pytest.raises(openai.APIStatusError, match="Slow down") as caught:
            text(model)
        return caught.value.status_code

    return Asking(text, stream, tools, status, ("completed", "completed"))


def _anthropic(client: Anthropic) -> Asking:
    def text(model: str) -> tuple[str, str]:
        reply = client.messages.create(model=model, max_tokens=99, messages=HELLO)
        return "".join(block.text for block in reply.content if block.type == "text"), str(reply.stop_reason)

    def stream(model: str) -> tuple[list[str], str]:
        with client.messages.stream(model=model, max_tokens=99, messages=HELLO) as events:
            return list(events.text_stream), str(events.get_final_message().stop_reason)

    def tools(model: str) -> tuple[str, Any, str]:
        tool: Any = {"name": "weather", "input_schema": CITY}
        reply = client.messages.create(model=model, max_tokens=99, messages=HELLO, tools=[tool])
        (block,) = reply.content
        assert block.type == "tool_use"
        assert block.id
        return block.name, block.input, str(reply.stop_reason)

    def status(model: str) -> int:
        with pytest.raises(anthropic.APIStatusError, match="Slow down") as caught:
            text(model)
        return caught.value.status_code

    return Asking(text, stream, tools, status, ("end_turn", "tool_use"))


def _gemini(client: genai.Client) -> Asking:
    def reason(reply: types.GenerateContentResponse) -> str:
        assert reply.candidates
        return str(reply.candidates[0].finish_reason and reply.candidates[0].finish_reason.value)

    def text(model: str) -> tuple[str, str]:
        reply = client.models.generate_content(model=model, contents="Go.")
        return reply.text or "", reason(reply)

    def stream(model: str) -> tuple[list[str], str]:
        replies = list(client.models.generate_content_stream(model=model, contents="Go."))
        return [reply.text for reply in replies if reply.text], reason(replies[-1])

    def tools(model: str) -> tuple[str, Any, str]:
        declared: Any = {"function_declarations": [{"name": "weather", "parameters_json_schema": CITY}]}
        config = types.GenerateContentConfig(tools=[declared])
        reply = client.models.generate_content(model=model, contents="Go.", config=config)
        (call,) = reply.function_calls or []
        return str(call.name), call.args, reason(reply)

    def status(model: str) -> int:
        with pytest.raises(APIError, match="Slow down") as caught:
            text(model)
        return int(caught.value.code)

    return Asking(text, stream, tools, status, ("STOP", "STOP"))


@pytest.fixture(scope="module")
def askers(client: OpenAI, claude: Anthropic, gemini: genai.Client) -> dict[str, Asking]:
    openais = {"openai": _openai(client), "responses": _responses(client)}
    return {**openais, "anthropic": _anthropic(claude), "gemini": _gemini(gemini)}


MATRIX = [(asker, speaker) for asker in SPEAKERS for speaker in SPEAKERS]
IDS = [f"{asker} asks {speaker}" for asker, speaker in MATRIX]


@pytest.mark.parametrize(("asker", "speaker"), MATRIX, ids=IDS)
def test_words_go_across(upstream: Upstream, askers: dict[str, Asking], asker: str, speaker: str) -> None:
    upstream.script(f"words-{asker}", SPEAKERS[speaker].whole)

    found = askers[asker].text(f"{SPEAKERS[speaker].provider}/words-{asker}")

    assert found == (TEXT, askers[asker].ends[0])


@pytest.mark.parametrize(("asker", "speaker"), MATRIX, ids=IDS)
def test_streams_go_across(upstream: Upstream, askers: dict[str, Asking], asker: str, speaker: str) -> None:
    upstream.script(f"flow-{asker}", SPEAKERS[speaker].stream)

    found = askers[asker].stream(f"{SPEAKERS[speaker].provider}/flow-{asker}")

    assert found == (["Bit ", "by ", "bit."], askers[asker].ends[0])


@pytest.mark.parametrize(("asker", "speaker"), MATRIX, ids=IDS)
def test_calls_of_tools_go_across(upstream: Upstream, askers: dict[str, Asking], asker: str, speaker: str) -> None:
    upstream.script(f"tools-{asker}", SPEAKERS[speaker].tools)

    found = askers[asker].tools(f"{SPEAKERS[speaker].provider}/tools-{asker}")

    assert found == ("weather", ARGUMENTS, askers[asker].ends[1])


@pytest.mark.parametrize(("asker", "speaker"), MATRIX, ids=IDS)
def test_refusals_go_across(upstream: Upstream, askers: dict[str, Asking], asker: str, speaker: str) -> None:
    upstream.script(f"crowd-{asker}", SPEAKERS[speaker].crowded)

    assert askers[asker].status(f"{SPEAKERS[speaker].provider}/crowd-{asker}") == 429


@pytest.mark.parametrize("asker", list(SPEAKERS))
def test_models_of_this_process_and_tasks_answer_all(askers: dict[str, Asking], asker: str) -> None:
    assert askers[asker].text("scripted/echo")[1] == askers[asker].ends[0]
    assert askers[asker].text("task/answer")[1] == askers[asker].ends[0]
    assert askers[asker].stream("task/answer")[0]


def test_signature_of_a_call_comes_back_to_gemini_through_every_client(
    server: RunningServer, upstream: Upstream, claude: Anthropic, client: OpenAI
) -> None:
    call = {"functionCall": {"id": "c1", "name": "weather", "args": ARGUMENTS}, "thoughtSignature": "c2ln"}
    upstream.script("signed", content(call))
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": CITY}}

    first = client.chat.completions.create(model="google/signed", messages=asked("Go."), tools=[tool])
    said: Any = first.choices[0].message.model_dump(exclude_none=True)
    told: Any = {"role": "tool", "tool_call_id": "c1", "content": "Sunny."}
    client.chat.completions.create(model="google/signed", messages=[*asked("Go."), said, told], tools=[tool])
    by_openai = msgspec.json.decode(upstream.requests("signed")[-1].body)["contents"]
    reply = claude.messages.create(model="google/signed", max_tokens=9, messages=HELLO)
    result: Any = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "Sunny."}]}
    back: Any = {"role": "assistant", "content": [block.model_dump() for block in reply.content]}
    claude.messages.create(model="google/signed", max_tokens=9, messages=[*HELLO, back, result])
    by_anthropic = msgspec.json.decode(upstream.requests("signed")[-1].body)["contents"]
    items: Any = [item.to_dict() for item in client.responses.create(model="google/signed", input="Go.").output]
    output: Any = {"type": "function_call_output", "call_id": "c1", "output": "Sunny."}
    client.responses.create(model="google/signed", input=[*asked("Go."), *items, output])
    by_responses = msgspec.json.decode(upstream.requests("signed")[-1].body)["contents"]

    assert by_openai[1]["parts"] == by_anthropic[1]["parts"] == by_responses[1]["parts"] == [call]
    answered = {"id": "c1", "name": "weather", "response": {"output": "Sunny."}}
    assert (
        by_openai[2]["parts"]
        == by_anthropic[2]["parts"]
        == by_responses[2]["parts"]
        == [{"functionResponse": answered}]
    )
    assert server.log.count("Traceback") == 0
