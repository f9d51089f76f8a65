"""The Responses protocol, read and written: what only its own servers and clients say."""

from typing import Any

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.translation.neutral import (
    SEALED,
    Asked,
    Begun,
    Citation,
    Consumed,
    Event,
    Lost,
    Media,
    Over,
    Piece,
    Refusal,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Turn,
    Wishes,
)
from lasttenth.models.translation.responses.reading import StreamReader, read_reply, read_request
from lasttenth.models.translation.responses.writing import StreamWriter, write_reply, write_request
from lasttenth.net.events import data_of
from lasttenth.records.errors import InvalidRequestError, UpstreamError
from lasttenth.records.usage import Usage
from lasttenth.testing import response_event

BEGUN = Begun(id="1", model="m", created=1)
IMAGE = Media(kind="image", url="https://host/a.png")


def asked(**body: Any) -> tuple[Asked, list[str]]:
    lost = Lost()
    return read_request(fields_of(msgspec.json.encode({"model": "m", **body})), lost), list(lost)


def written(request: Asked) -> tuple[Any, list[str]]:
    lost = Lost()
    return msgspec.json.decode(write_request(request, "m", stream=True, lost=lost)), list(lost)


def read(*events: bytes) -> list[Event]:
    reader = StreamReader(Lost())
    return [found for event in events for found in reader.read(data_of(event))]


def said(*parts: Any, reason: Any = "stop") -> list[Event]:
    pieces = [Piece(number=number, part=part) for number, part in enumerate(parts)]
    return [BEGUN, *pieces, Stopped(reason=reason), Over()]


def test_items_of_one_side_are_one_turn() -> None:
    found, lost = asked(
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "I look.", "annotations": [], "logprobs": []}],
            },
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": "{}"},
            {
                "type": "function_call_output",
                "call_id": "c1",
                "output": [
                    {"type": "input_text", "text": "See."},
                    {"type": "input_image", "image_url": "https://host/a.png", "detail": "auto"},
                ],
            },
            {"role": "user", "content": "So?"},
        ]
    )

    assert lost == []
    assert found.turns == (
        Turn(role="user", parts=(Text(text="Weather?"),)),
        Turn(
            role="assistant",
            parts=(Thinking(text="Hm."), Text(text="I look."), ToolUse(id="c1", name="weather", arguments="{}")),
        ),
        Turn(role="user", parts=(ToolResult(id="c1", parts=(Text(text="See."), IMAGE)), Text(text="So?"))),
    )


@pytest.mark.parametrize("kind", ["item_reference", "compaction"])
def test_item_that_its_provider_alone_can_read_is_refused(kind: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"input\.0 stands for what another provider keeps"):
        asked(input=[{"type": kind, "id": "rs_1", "encrypted_content": "gAAA"}])


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"role": "tool", "content": "x"}, "tool cannot be translated"),
        ({"type": "function_call", "name": "x"}, "call_id is missing"),
        ("x", "must be an object"),
    ],
)
def test_item_that_is_none_is_refused(item: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        asked(input=[item])


def test_what_an_answer_rested_on_is_not_taken_back() -> None:
    note = {"type": "url_citation", "url": "https://host", "title": "Host", "start_index": 0, "end_index": 1}
    content = [{"type": "output_text", "text": "Yes.", "annotations": [note]}]

    found, lost = asked(input=[{"role": "assistant", "content": content}])

    assert found.turns == (Turn(role="assistant", parts=(Text(text="Yes."),)),)
    assert lost == ["input.0.annotations"]


def test_what_openai_sealed_goes_back_to_openai_alone() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    found, _ = asked(input=[item])

    body, lost = written(found)

    assert found.turns[0].parts == (Thinking(hidden=SEALED + "gAAA"),)
    assert (body["input"], lost) == ([{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}], [])


def test_thought_of_others_is_not_sent_to_openai() -> None:
    thoughts = (Thinking(text="Hm.", signature="s"), Thinking(hidden="h"), Thinking(text="Hm."))
    use = ToolUse(id="c1", name="f", arguments="{}", signature="s")

    body, lost = written(Asked(turns=(Turn(role="assistant", parts=(*thoughts, use)),)))

    assert body["input"] == [{"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}]
    assert lost == ["input.0.thinking", "input.0.signature"]


def test_request_keeps_nothing_and_names_what_has_no_words() -> None:
    body, lost = written(
        Asked(
            system=(Text(text="Be brief."), Text(text="Really.", cache={"type": "ephemeral"})),
            turns=(Turn(role="user", parts=(Text(text="Hello?"),)),),
            tools=(Tool(name="f", schema={"type": "object"}),),
            wishes=Wishes(stop=("END",), seed=4, top_k=2, answers=2, thinking_tokens=4000),
        )
    )

    assert body == {
        "model": "m",
        "stream": True,
        "store": False,
        "instructions": "Be brief.\n\nReally.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello?"}]}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}],
        "reasoning": {"effort": "medium"},
    }
    assert lost == ["instructions.cache_control", "top_k", "seed", "stop", "n"]


def test_signature_of_a_call_survives_the_client() -> None:
    use = ToolUse(id="c1", name="f", arguments="{}", signature="sig")
    body = msgspec.json.decode(write_reply(said(use, reason="tool_use"), lost=Lost()))

    found, lost = asked(input=body["output"])
    writer = StreamWriter(lost=Lost())
    streamed = [event for each in said(use) for event in writer.write(each).split(b"\n\n") if event]
    pieces = [each.part for each in read(*streamed) if isinstance(each, Piece)]

    assert found.turns == (Turn(role="assistant", parts=(use,)),)
    assert lost == []
    assert pieces[0] == ToolUse(id="c1", name="f", signature="sig")


def test_terse_server_says_all_in_whole_items() -> None:
    message = {
        "type": "message",
        "content": [{"type": "output_text", "text": "Yes."}, {"type": "refusal", "refusal": "No."}],
    }
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}

    found = read(
        response_event("response.created", response={"id": "r", "model": "m", "created_at": 1.0}),
        response_event("response.output_item.done", output_index=0, item=message),
        response_event("response.output_item.done", output_index=1, item=call),
        response_event("response.completed", response={"status": "completed"}),
        b"data: [DONE]\n\n",
    )

    assert found == [
        Begun(id="r", model="m", created=1),
        Piece(number=0, part=Text(text="Yes.")),
        Piece(number=1, part=Refusal(text="No.")),
        Piece(number=2, part=ToolUse(id="c1", name="f", arguments="{}")),
        Stopped(reason="tool_use"),
        Over(),
    ]


def test_parts_of_a_summary_are_kept_apart() -> None:
    whole = [{"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "Ah."}]
    item = {"type": "reasoning", "id": "rs_1", "summary": whole, "encrypted_content": "gAAA"}

    found = read(
        response_event("response.reasoning_summary_part.added", output_index=0, summary_index=0),
        response_event("response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta="Hm."),
        response_event("response.reasoning_summary_part.added", output_index=0, summary_index=1),
        response_event("response.reasoning_summary_text.delta", output_index=0, summary_index=1, delta="Ah."),
        response_event("response.output_item.done", output_index=0, item=item),
    )
    (_, piece, *_) = read_reply(msgspec.json.encode({"output": [item]}), Lost())

    assert "".join(each.part.text for each in found if isinstance(each, Piece)) == "Hm.\n\nAh."  # type: ignore[union-attr]
    assert found[-1] == Piece(number=0, part=Thinking(signature=SEALED + "gAAA"))
    assert piece == Piece(number=0, part=Thinking(text="Hm.\n\nAh.", signature=SEALED + "gAAA"))


@pytest.mark.parametrize(
    "event",
    [
        response_event("response.failed", response={"error": {"code": "server_error", "message": "No."}}),
        response_event("error", code="server_error", message="No."),
        response_event("error", error={"message": "No."}),
    ],
)
def test_failure_of_a_stream_is_raised(event: bytes) -> None:
    with pytest.raises(UpstreamError, match=r"The model failed: No\."):
        read(event)


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("refused", "incomplete", {"reason": "content_filter"}),
        ("paused", "completed", None),
    ],
)
def test_response_says_why_it_is_incomplete(reason: Any, status: str, details: Any) -> None:
    body = msgspec.json.decode(write_reply(said(Text(text="So"), reason=reason), lost=Lost()))

    assert (body["status"], body["incomplete_details"], body["output"][0]["status"]) == (status, details, status)


def test_words_stand_together_and_calls_alone() -> None:
    parts = [
        Text(text="Yes."),
        Refusal(text="No."),
        ToolUse(id="a", name="f"),
        ToolUse(id="b", name="f"),
        Text(text="So."),
    ]

    body = msgspec.json.decode(write_reply(said(*parts), lost=Lost()))

    assert [item["type"] for item in body["output"]] == ["message", "function_call", "function_call", "message"]
    assert [part["type"] for part in body["output"][0]["content"]] == ["output_text", "refusal"]


def test_citations_have_the_shape_of_the_protocol_and_are_read_again() -> None:
    page = Citation(url="https://host", title="Host", at=4)
    passage = Citation(document="policy.md", quote="thirty days", start=3, end=14, at=4)
    body = write_reply(said(Text(text="Yes.", citations=(page, passage))), lost=Lost())

    (_, piece, *_) = read_reply(body, Lost())

    assert msgspec.json.decode(body)["output"][0]["content"][0]["annotations"] == [
        {"type": "url_citation", "start_index": 4, "end_index": 4, "url": "https://host", "title": "Host"},
        {
            "type": "file_citation",
            "file_id": "policy.md",
            "filename": "policy.md",
            "index": 4,
            "start": 3,
            "end": 14,
            "quote": "thirty days",
        },
    ]
    assert piece == Piece(number=0, part=Text(text="Yes.", citations=(page, passage)))


def test_several_answers_are_one_here() -> None:
    lost = Lost()
    second = Piece(number=0, part=Text(text="No."), answer=1)

    body = msgspec.json.decode(write_reply([*said(Text(text="Yes.")), second], lost=lost))

    assert len(body["output"]) == 1
    assert list(lost) == ["choices"]


def test_usage_is_whole() -> None:
    usage = Usage(input_tokens=9, output_tokens=4, cache_read_tokens=3, reasoning_tokens=2)

    body = msgspec.json.decode(write_reply([BEGUN, Consumed(usage=usage), Over()], lost=Lost()))

    assert body["usage"]["input_tokens_details"]["cached_tokens"] == 3
    assert body["usage"]["output_tokens_details"]["reasoning_tokens"] == 2
    assert body["usage"]["total_tokens"] == 13


def test_stream_of_words_is_read_as_it_was_written() -> None:
    cited = Text(text="Yes.", citations=(Citation(document="policy.md", quote="thirty days", start=3, end=14, at=4),))
    writer = StreamWriter(lost=Lost())

    stream = b"".join(map(writer.write, said(cited, Refusal(text="But no."), reason="refused")))
    found = read(*(event for event in stream.split(b"\n\n") if event))

    parts = [each.part for each in found if isinstance(each, Piece)]
    assert parts == [Text(text="Yes."), Text(text="", citations=cited.citations), Refusal(text="But no.")]
    assert found[-2:] == [Stopped(reason="refused"), Over()]
