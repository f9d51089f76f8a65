"""What a translation cannot carry is named, and what is no request or no reply is refused: never lost in silence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ProtocolName
from lasttenth.models.translation.codecs import CODECS
from lasttenth.models.translation.neutral import Lost
from lasttenth.models.translation.speech import Speech
from lasttenth.records.errors import InvalidRequestError, UpstreamError
from lasttenth.testing import FixedClock

HI = [{"role": "user", "content": "Hi."}]
HELLO = [{"parts": [{"text": "Hi."}]}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://host/a.png", "detail": "high", "zoom": 3}}
CITED = {"type": "char_location", "cited_text": "q", "document_index": 0, "start_char_index": 0, "end_char_index": 1}
BLOCKS = {"type": "document", "source": {"type": "content", "content": "Words."}}


def asked(body: Any, *, of: ProtocolName, to: ProtocolName, model: str = "m") -> tuple[Any, list[str]]:
    lost = Lost()
    read = CODECS[of].read_request(fields_of(msgspec.json.encode({"model": "m", **body})), lost)
    return msgspec.json.decode(CODECS[to].write_request(read, model, stream=False, lost=lost)), list(lost)


def speech(wanted: ProtocolName, spoken: ProtocolName) -> Speech:
    return Speech(wanted, spoken, FixedClock())


async def chunks(*data: Any) -> AsyncIterator[bytes]:
    for each in data:
        yield b"data: %s\n\n" % (each if isinstance(each, bytes) else msgspec.json.encode(each))


@pytest.mark.parametrize(
    ("of", "to", "body", "lost"),
    [
        ("gemini", "openai", {"contents": HELLO, "tools": [{"googleSearch": {}}]}, "tools.0.googleSearch"),
        ("openai", "anthropic", {"messages": HI, "web_search_options": {}}, "web_search_options"),
        ("openai", "anthropic", {"messages": HI, "response_format": {"type": "grammar"}}, "response_format"),
        ("openai", "anthropic", {"messages": [{"role": "user", "content": [IMAGE]}]}, "messages.0.detail"),
        ("openai", "gemini", {"messages": [{"role": "user", "content": [IMAGE]}]}, "messages.0.detail"),
        (
            "openai",
            "responses",
            {"messages": [{"role": "user", "content": [IMAGE]}]},
            "messages.0.content.0.image_url.zoom",
        ),
        (
            "gemini",
            "openai",
            {"contents": HELLO, "generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {}}},
            "generationConfig.responseMimeType",
        ),
        (
            "gemini",
            "openai",
            {"contents": HELLO, "generationConfig": {"thinkingConfig": {"thinkingLevel": "ENDLESS"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            "gemini",
            "openai",
            {"contents": HELLO, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["f"]}}},
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
        (
            "gemini",
            "openai",
            {
                "contents": HELLO,
                "systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "a"}}]},
            },
            "systemInstruction",
        ),
        (
            "anthropic",
            "gemini",
            {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "x", "citations": [CITED]}]}]},
            "messages.0.citations",
        ),
        ("anthropic", "openai", {"messages": [{"role": "user", "content": [BLOCKS]}]}, "messages.0.content.0.source"),
        ("openai", "anthropic", {"messages": HI, "reasoning_effort": "high", "max_tokens": 500}, "reasoning_effort"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_carried_is_named(of: ProtocolName, to: ProtocolName, body: Any, lost: str) -> None:
    _, named = asked(body, of=of, to=to, model="claude-sonnet-4-5")

    assert lost in named


def test_document_that_nobody_else_can_read_leaves_no_empty_file() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi."}, BLOCKS]}]}

    sent, _ = asked(body, of="anthropic", to="openai")

    assert sent["messages"] == HI


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "STRING", "enum": ["a"], "nullable": True},
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
        ),
        (
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
            {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "null"}]},
        ),
    ],
    ids=["a type", "an enumeration", "several types"],
)
def test_what_may_be_null_in_geminis_schemas_may_be_null_elsewhere(schema: Any, wanted: Any) -> None:
    declared = {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": schema}}}

    sent, _ = asked({"contents": HELLO, "tools": [{"functionDeclarations": [declared]}]}, of="gemini", to="openai")

    assert sent["tools"][0]["function"]["parameters"]["properties"] == {"a": wanted}


def test_image_in_an_answer_is_named() -> None:
    translated = speech("openai", "gemini")
    part = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}

    translated.whole(msgspec.json.encode({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}))

    assert translated.translation.lost == ["candidates.0.image"]


def test_thought_among_the_content_of_an_answer_is_thought() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Yes."},
    ]
    reply = {"choices": [{"index": 0, "message": {"content": content}, "finish_reason": "stop"}]}

    said = msgspec.json.decode(speech("anthropic", "openai").whole(msgspec.json.encode(reply)))

    assert [block.get("thinking") or block.get("text") for block in said["content"]] == ["Hm.", "Yes."]


@pytest.mark.parametrize("body", [{}, {"detail": "Not Found"}], ids=["nothing", "another server's words"])
@pytest.mark.parametrize("spoken", ["openai", "responses", "anthropic", "gemini"])
def test_what_says_nothing_is_no_answer(spoken: ProtocolName, body: Any) -> None:
    wanted: ProtocolName = "openai" if spoken == "anthropic" else "anthropic"

    with pytest.raises(UpstreamError):
        speech(wanted, spoken).whole(msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("spoken", "events"),
    [
        ("openai", [{"choices": [{"index": 0, "delta": {"content": "Half"}}]}, b"[DONE]"]),
        ("openai", [b"[DONE]"]),
        ("anthropic", [{"type": "message_start", "message": {}}, {"type": "message_stop"}]),
    ],
    ids=["words and no reason", "nothing at all", "no delta of the message"],
)
def test_stream_that_does_not_say_why_it_ends_is_an_error(spoken: ProtocolName, events: list[Any]) -> None:
    async def hear() -> None:
        async for _ in speech("gemini", spoken).stream(chunks(*events)):
            pass

    with pytest.raises(UpstreamError, match="does not say why"):
        asyncio.run(hear())


@pytest.mark.parametrize("depth", range(940, 1000, 3))
def test_depth_is_no_crash(depth: int) -> None:
    arguments = '{"a":' * depth + "1" + "}" * depth
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    fields = fields_of(msgspec.json.encode({"messages": [{"role": "assistant", "tool_calls": [call]}]}))

    with contextlib.suppress(InvalidRequestError):
        speech("openai", "gemini").request(fields, "m", stream=False)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": HI, "stop": [1]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "file", "file": {"file_data": "data:text/plain;base64,abc@@"}}]}
            ]
        },
    ],
    ids=["a number that ends an answer", "what is no base64"],
)
def test_what_cannot_be_said_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRequestError):
        asked(body, of="openai", to="anthropic")


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-6"])
@pytest.mark.parametrize("signature", ["", "c2ln"], ids=["unsigned", "signed"])
def test_calls_without_their_thought_are_gone_on_with_without_thought(model: str, signature: str) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    thought = [{"type": "reasoning.text", "text": "Hm.", "signature": signature}]
    said = {"role": "assistant", "tool_calls": [call], "reasoning_details": thought}
    turns = [*HI, said, {"role": "tool", "tool_call_id": "1", "content": "Yes."}]

    sent, lost = asked({"messages": turns, "reasoning_effort": "low"}, of="openai", to="anthropic", model=model)

    wants_thought = model == "claude-sonnet-4-5" and not signature
    assert ("thinking" in sent, "reasoning_effort" in lost) == (not wants_thought, wants_thought)
