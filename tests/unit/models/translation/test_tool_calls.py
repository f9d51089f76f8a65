"""Calls of tools in translation: each keeps its id, its arguments and its answer, whatever its protocol leaves out."""

from typing import Any

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ProtocolName
from lasttenth.models.translation.codecs import CODECS
from lasttenth.models.translation.neutral import Lost
from lasttenth.net.events import EventCutter, data_of


def request(body: Any, *, of: ProtocolName, to: ProtocolName) -> Any:
    lost = Lost()
    asked = CODECS[of].read_request(fields_of(msgspec.json.encode({"model": "m", **body})), lost)
    return msgspec.json.decode(CODECS[to].write_request(asked, "m", stream=False, lost=lost))


def stream(*events: Any, of: ProtocolName, to: ProtocolName) -> list[Any]:
    reader, writer = CODECS[of].reader(Lost()), CODECS[to].writer(lost=Lost())
    sent = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
    written = b"".join(writer.write(said) for data in sent for said in reader.read(data))
    return [msgspec.json.decode(data) for e in EventCutter().feed(written) if (data := data_of(e)) != b"[DONE]"]


def chunk(**delta: Any) -> Any:
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta}]}


def piece(index: int, arguments: str, **call: Any) -> Any:
    return {"index": index, "function": {"arguments": arguments, **call.pop("function", {})}, **call}


def block(index: int, kind: str, *deltas: str, **fields: Any) -> list[Any]:
    begun = {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}}
    grown = [
        {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": each}}
        for each in deltas
    ]
    return [begun, *grown, {"type": "content_block_stop", "index": index}]


ENDED = [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]
TOOLS_END = {"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}


@pytest.mark.parametrize("known", ["", "call_x"], ids=["no ids at all", "the call alone has an id"])
def test_answer_that_names_its_function_is_that_of_the_call(known: str) -> None:
    call = {"name": "weather", "args": {}} | ({"id": known} if known else {})
    answer = {"functionResponse": {"name": "weather", "response": {"output": "Sunny."}}}
    contents = [{"role": "model", "parts": [{"functionCall": call}]}, {"role": "user", "parts": [answer]}]

    sent = request({"contents": contents}, of="gemini", to="openai")

    called, answered = sent["messages"]
    assert called["tool_calls"][0]["id"] == answered["tool_call_id"] == (known or "call-1")


def test_answers_of_one_function_belong_to_its_calls_in_their_order() -> None:
    calls = [{"functionCall": {"name": "weather", "args": {"city": city}}} for city in ("Bonn", "Köln")]
    answers = [{"functionResponse": {"name": "weather", "response": {"output": said}}} for said in ("Sun.", "Rain.")]
    contents = [{"role": "model", "parts": calls}, {"role": "user", "parts": answers}]

    sent = request({"contents": contents}, of="gemini", to="anthropic")

    uses, results = (message["content"] for message in sent["messages"])
    assert [each["id"] for each in uses] == [each["tool_use_id"] for each in results] == ["call-1", "call-2"]


@pytest.mark.parametrize("deltas", [(), ("",), ("{}",)], ids=["nothing", "an empty piece", "an empty object"])
@pytest.mark.parametrize("to", ["openai", "responses"])
def test_call_without_arguments_says_an_empty_object(to: ProtocolName, deltas: tuple[str, ...]) -> None:
    call = block(0, "tool_use", *deltas, id="t1", name="now", input={})

    said = stream({"type": "message_start", "message": {}}, *call, *ENDED, of="anthropic", to=to)

    pieces = [
        event.get("delta", "") if to == "responses" else each["function"]["arguments"]
        for event in said
        for each in ([event] if to == "responses" else event["choices"][0]["delta"].get("tool_calls", ()))
    ]
    assert "".join(pieces) == "{}"


def test_tool_that_the_provider_runs_itself_is_no_call_of_the_callers() -> None:
    searched = block(0, "server_tool_use", '{"query": "x"}', id="s1", name="web_search", input={})
    call = block(1, "tool_use", '{"a": 1}', id="t1", name="now", input={})

    said = stream({"type": "message_start", "message": {}}, *searched, *call, *ENDED, of="anthropic", to="openai")

    calls = [each for event in said for each in event["choices"][0]["delta"].get("tool_calls", ())]
    assert [each.get("id") for each in calls] == ["t1", None]
    assert calls[1]["function"]["arguments"] == '{"a": 1}'


def test_calls_without_ids_get_some() -> None:
    first = chunk(tool_calls=[piece(0, "{", function={"name": "f"}), piece(1, "{}", function={"name": "g"})])

    said = stream(first, chunk(tool_calls=[piece(0, "}")]), TOOLS_END, b"[DONE]", of="openai", to="anthropic")

    begun = [event["content_block"] for event in said if event["type"] == "content_block_start"]
    assert [(each["id"], each["name"]) for each in begun] == [("c1-0-0", "f"), ("c1-0-1", "g")]


def test_text_ends_before_calls_that_grow_beside_each_other() -> None:
    pieces = [piece(0, "", id="1", function={"name": "f"}), piece(1, "{}", id="2", function={"name": "g"})]

    said = stream(
        chunk(content="Well."),
        *(chunk(tool_calls=[each]) for each in (*pieces, piece(0, "{}"))),
        TOOLS_END,
        b"[DONE]",
        of="openai",
        to="anthropic",
    )

    order = [(event["type"].removeprefix("content_block_"), event.get("index")) for event in said]
    assert order[1:-2] == [
        *[("start", 0), ("delta", 0), ("stop", 0)],
        *[("start", 1), ("start", 2), ("delta", 2), ("delta", 1), ("stop", 1), ("stop", 2)],
    ]
