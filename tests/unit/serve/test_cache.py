"""The exact cache: what was asked before is answered from memory, in its scope, whole or as a stream, and only if wanted."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.unit.serve.test_pipeline import DONE, END, STREAM, TEXT, USAGE, Desk, Upstream, read, served, stream_of

from lasttenth.models.bodies import JSON
from lasttenth.serve.cache import CachedReply, MemoryCache
from lasttenth.serve.calls import GatewayReply
from lasttenth.testing import FixedClock

WANTED = {"lasttenth_cache": "exact"}
ANSWER = (
    b'{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"Hi."},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
)


class Asked(NamedTuple):
    """Two replies, how often the provider was asked for them, and the spans."""

    replies: list[tuple[GatewayReply, bytes]]
    bodies: list[bytes]
    spans: list[Any]


def twice(folder: Path, first: dict[str, Any], second: dict[str, Any], upstream: Upstream) -> Asked:
    """Send two requests, one after the other."""

    async def work(desk: Desk) -> Asked:
        replies = []
        for fields in (first, second):
            reply = await desk.ask(**fields)
            replies.append((reply, await read(reply)))
        return Asked(replies, upstream.bodies, desk.spans)

    return served(folder, work, lambda: upstream)


def whole() -> Upstream:
    return Upstream(ANSWER, media_type=JSON)


@pytest.mark.parametrize("model", ["up/m", "task/pass"])
def test_same_request_is_answered_from_memory_and_costs_nothing(tmp_path: Path, model: str) -> None:
    fields = {"model": model, "metadata": WANTED}

    asked = twice(tmp_path, fields, fields, whole())

    (first, body), (second, again) = asked.replies
    assert body == again
    assert len(asked.bodies) == 1
    assert [reply.headers["x-lasttenth-cache"] for reply in (first, second)] == ["miss", "hit"]
    assert second.headers["x-lasttenth-cost"] == "0.000000000"
    assert asked.spans[-1].cost == 0
    assert asked.spans[-1].attributes["cache"] == "hit"


def test_nothing_is_kept_for_those_who_do_not_ask_for_it(tmp_path: Path) -> None:
    asked = twice(tmp_path, {}, {"metadata": WANTED}, whole())

    assert len(asked.bodies) == 2
    assert "x-lasttenth-cache" not in asked.replies[0][0].headers


@pytest.mark.parametrize("change", [{"temperature": 0.5}, {"model": "up/n"}, {"tools": []}, {"seed": 1}])
def test_another_request_is_another_answer(tmp_path: Path, change: dict[str, Any]) -> None:
    asked = twice(tmp_path, {"metadata": WANTED}, {"metadata": WANTED, **change}, whole())

    assert len(asked.bodies) == 2


def test_who_asks_does_not_change_the_answer(tmp_path: Path) -> None:
    asked = twice(tmp_path, {"metadata": WANTED, "user": "a"}, {"metadata": WANTED, "user": "b"}, whole())

    assert len(asked.bodies) == 1


def test_projects_do_not_share(tmp_path: Path) -> None:
    upstream = whole()

    async def work(desk: Desk) -> int:
        await desk.ask(metadata=WANTED)
        await desk.ask(project="two", metadata=WANTED)
        return len(upstream.bodies)

    assert served(tmp_path, work, lambda: upstream) == 2


def test_whole_answer_is_replayed_as_a_stream(tmp_path: Path) -> None:
    stream = {"stream": True, "stream_options": {"include_usage": True}}

    asked = twice(tmp_path, {"metadata": WANTED}, {"metadata": WANTED, **stream}, whole())

    reply, body = asked.replies[1]
    events = [msgspec.json.decode(event.removeprefix(b"data: ")) for event in body.split(b"\n\n")[:-2]]
    assert reply.media_type == STREAM
    assert body.endswith(DONE)
    assert [event["choices"][0]["delta"] for event in events[:2]] == [{"role": "assistant", "content": "Hi."}, {}]
    assert events[1]["choices"][0]["finish_reason"] == "stop"
    assert events[2]["usage"]["prompt_tokens"] == 3


def test_stream_is_replayed_whole(tmp_path: Path) -> None:
    upstream = Upstream(TEXT, END, USAGE, DONE)

    asked = twice(tmp_path, {"metadata": WANTED, "stream": True}, {"metadata": WANTED}, upstream)

    reply, body = asked.replies[1]
    answer = msgspec.json.decode(body)
    assert (reply.media_type, len(asked.bodies)) == (JSON, 1)
    assert answer["choices"] == [{"index": 0, "message": {"content": "Hi."}, "finish_reason": "stop"}]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace(b'"stop"', b'"content_filter"'),
        ANSWER.replace(b'"content":"Hi."', b'"refusal":"I will not."'),
        b'{"error":{"message":"Too many requests."}}',
    ],
)
def test_refusal_and_error_are_not_kept(tmp_path: Path, answer: bytes) -> None:
    asked = twice(tmp_path, {"metadata": WANTED}, {"metadata": WANTED}, Upstream(answer, media_type=JSON))

    assert len(asked.bodies) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b'{"choices":[{"message":{},"finish_reason":"stop"}]}',
        b'{"choices":["Hi."]}',
        b'{"choices":{"0":"Hi."}}',
        ANSWER.replace(b'"content":"Hi."', b'"tool_calls":["none"]'),
        ANSWER.replace(b'"created":1', b'"created":1e400'),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_answer_in_another_shape_passes_and_is_not_kept(tmp_path: Path, answer: bytes, *, stream: bool) -> None:
    fields = {"metadata": WANTED, "stream": stream}
    events = (b"data: " + answer + b"\n\n", DONE)
    upstream = Upstream(*events) if stream else Upstream(answer, media_type=JSON)

    asked = twice(tmp_path, fields, fields, upstream)

    assert [reply.status for reply, _ in asked.replies] == [200, 200]
    assert len(asked.bodies) == 2


def test_stream_that_breaks_is_not_kept(tmp_path: Path) -> None:
    fields = {"metadata": WANTED, "stream": True}

    asked = twice(tmp_path, fields, fields, Upstream(TEXT, fails=True))

    assert len(asked.bodies) == 2


@pytest.mark.parametrize("events", [0, 1])
def test_stream_that_nobody_reads_to_its_end_is_not_kept_and_settled_once(tmp_path: Path, events: int) -> None:
    async def work(desk: Desk) -> list[str]:
        stream = stream_of(await desk.ask(stream=True, metadata=WANTED))
        for _ in range(events):
            await anext(stream)
        await stream.aclose()
        await read(await desk.ask(stream=True, metadata=WANTED))
        return [span.error for span in desk.spans]

    assert served(tmp_path, work, lambda: Upstream(TEXT, END, DONE)) == ["client_disconnected", ""]


def test_unknown_cache_is_the_callers_error(tmp_path: Path) -> None:
    asked = twice(tmp_path, {"metadata": {"lasttenth_cache": "semantic"}}, {}, whole())

    assert asked.replies[0][0].status == 400
    assert b"exact or off" in asked.replies[0][1]


def remembering(work: Callable[[MemoryCache, FixedClock], Coroutine[Any, Any, list[bool]]]) -> list[bool]:
    clock = FixedClock()
    return asyncio.run(work(MemoryCache(size=800, seconds=10, clock=clock), clock))


def kept(size: int) -> CachedReply:
    return CachedReply(body=b"x" * size, model="m", cost=None, attributes={})


def test_answer_grows_too_old() -> None:
    async def work(cache: MemoryCache, clock: FixedClock) -> list[bool]:
        await cache.put(b"a", kept(1))
        clock.advance(10**10 - 1)
        young = await cache.get(b"a")
        clock.advance(1)
        return [young is not None, await cache.get(b"a") is not None]

    assert remembering(work) == [True, False]


def test_what_was_not_asked_for_longest_makes_room() -> None:
    async def work(cache: MemoryCache, _clock: FixedClock) -> list[bool]:
        for number in range(8):
            await cache.put(bytes([number]), kept(100))
        await cache.get(b"\0")
        await cache.put(b"new", kept(100))
        return [await cache.get(key) is not None for key in (b"\0", b"\1", b"\2", b"new")]

    assert remembering(work) == [True, False, True, True]


def test_answer_that_would_take_most_of_the_room_is_not_kept() -> None:
    async def work(cache: MemoryCache, _clock: FixedClock) -> list[bool]:
        await cache.put(b"a", kept(101))
        return [await cache.get(b"a") is not None]

    assert remembering(work) == [False]
