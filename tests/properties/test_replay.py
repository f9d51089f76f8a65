"""Replaying: an answer that is streamed and put together again is the same answer, however it is cut."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models import openai
from lasttenth.serve.replay import is_answer, stream_of, whole_of

names = st.text("abcxyz_", min_size=1, max_size=8).map(lambda name: f"own_{name}")
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
calls = st.builds(
    lambda name, arguments: {
        "id": f"call_{name}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    st.text("abc", min_size=1, max_size=5),
    st.text(max_size=20),
)
messages = st.builds(
    lambda content, extra, tools: {"role": "assistant", "content": content, **extra, **tools},
    st.none() | st.text(max_size=30),
    st.dictionaries(names, scalars, max_size=3),
    st.just({}) | st.builds(lambda each: {"tool_calls": each}, st.lists(calls, min_size=1, max_size=3)),
)
replies = st.builds(
    lambda said, reason, extra: {
        "id": "a",
        "created": 1,
        **extra,
        "object": "chat.completion",
        "choices": [{"index": at, "message": each, "finish_reason": reason} for at, each in enumerate(said)],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    },
    st.lists(messages, min_size=1, max_size=3),
    st.sampled_from(["stop", "tool_calls", "length"]),
    st.dictionaries(names, scalars.filter(lambda value: value is not None), max_size=3),
)


@given(replies)
def test_reply_survives_being_streamed(reply: dict[str, Any]) -> None:
    assert whole_of(b"".join(stream_of(reply, include_usage=True))) == reply
    assert is_answer(reply)


@given(st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=8), st.lists(st.text(max_size=5), max_size=8))
def test_pieces_grow_together(texts: list[str], arguments: list[str]) -> None:
    head = {"id": "a", "object": "chat.completion.chunk"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": text} for text in texts]
    deltas += [{"tool_calls": [{"index": 0, "id": "c", "function": {"arguments": piece}}]} for piece in arguments]
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})

    whole = whole_of(b"".join(openai.event(event) for event in events) + openai.DONE)

    assert whole is not None
    message = whole["choices"][0]["message"]
    assert message["content"] == "".join(texts)
    assert message["role"] == "assistant"
    if arguments:
        assert message["tool_calls"] == [{"id": "c", "function": {"arguments": "".join(arguments)}}]


@given(replies)
def test_stream_that_was_cut_is_no_answer(reply: dict[str, Any]) -> None:
    events = list(stream_of(reply, include_usage=False))

    whole = whole_of(b"".join(events[: len(reply["choices"])]))
    assert whole is None or not is_answer(whole)


field = st.sampled_from(["index", "delta", "message", "finish_reason", "content", "tool_calls", "refusal", "own"])
odd = st.recursive(
    scalars | st.sampled_from(["stop", 0, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field, inner, max_size=5),
    max_leaves=10,
)
odd_events = st.builds(lambda choices: {"choices": choices}, st.lists(st.dictionaries(field, odd), max_size=3) | odd)


@given(st.lists(odd_events, max_size=5))
def test_whatever_a_provider_sends_is_an_answer_that_can_be_streamed_or_none(events: list[dict[str, Any]]) -> None:
    for whole in (*events, whole_of(b"".join(openai.event(event) for event in events))):
        if whole is not None and is_answer(whole):
            assert list(stream_of(whole, include_usage=True))


@given(st.binary(max_size=40) | st.sampled_from([b"1e400", b"[" * 5000]))
def test_what_is_no_json_is_no_answer(data: bytes) -> None:
    event = b'data: {"choices":[' + data + b"\n\n"

    assert whole_of(event) is None
