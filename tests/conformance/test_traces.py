"""One suite for every engine: spans and traces."""

import msgspec
import pytest
from tests.conftest import Engine

from lasttenth.records.errors import NotFoundError
from lasttenth.records.traces import Assignment, Payload, Span, TraceSummary
from lasttenth.records.usage import Usage
from lasttenth.storage.ports import Store

FULL = Span(
    trace_id="1" * 32,
    span_id="a" * 16,
    name="chat task/answer",
    operation="task",
    start=1_000,
    end=5_000,
    status="error",
    error="upstream_error",
    model="openai/gpt-5-mini",
    unit="customer-7",
    unit_source="header",
    assignment=Assignment(task="answer", release="r" * 64, environment="e" * 64, pointer="canary", probability=0.1),
    usage=Usage(input_tokens=10, output_tokens=3, cache_read_tokens=4),
    cost=1_234,
    price_version="prices/1",
    first_token=700,
    stages={"admit": 1, "call": 2},
    attributes={"groundedness": 0.5, "declined": False, "nested": {"a": [1, None]}},
    input=Payload(media_type="application/json", body=b'{"model": "task/answer"}'),
    output=Payload(media_type="text/event-stream", body=b"data: {}\n\n" * 500),
)
PLAIN = Span(trace_id="2" * 32, span_id="b" * 16, name="chat", operation="chat", start=2_000, end=3_000)


def test_every_field_of_a_span_comes_back_after_a_restart(engine: Engine) -> None:
    child = msgspec.structs.replace(PLAIN, trace_id=FULL.trace_id, parent_id=FULL.span_id)

    async def append(store: Store) -> None:
        await (await store.project("one")).traces.append([child, FULL])

    async def get(store: Store) -> list[Span]:
        return await (await store.project("one")).traces.get(FULL.trace_id)

    engine.run(append)

    assert engine.run(get) == [FULL, child]


def test_span_that_is_sent_twice_is_stored_once(engine: Engine) -> None:
    async def work(store: Store) -> list[Span]:
        traces = (await store.project("one")).traces
        await traces.append([FULL])
        await traces.append([FULL, msgspec.structs.replace(FULL, name="another name")])
        return await traces.get(FULL.trace_id)

    assert engine.run(work) == [FULL]


def test_batches_that_overlap_are_stored_and_counted_once(engine: Engine) -> None:
    spans = [msgspec.structs.replace(PLAIN, trace_id=f"{n:032x}") for n in range(1, 501)]

    async def work(store: Store) -> tuple[int, int]:
        traces = (await store.project("one")).traces
        await traces.append(spans[:200])
        await traces.append(spans[150:450] + spans[400:])
        return len(await traces.latest(limit=1000)), (await traces.totals(after=0, before=10**13))[0].spans

    assert engine.run(work) == (500, 500)


def test_list_shows_roots_alone_newest_first_within_bounds(engine: Engine) -> None:
    roots = [msgspec.structs.replace(PLAIN, trace_id=f"{n:032x}", start=n, end=n + 10) for n in range(1, 8)]
    child = msgspec.structs.replace(PLAIN, trace_id=roots[3].trace_id, span_id="c" * 16, parent_id=PLAIN.span_id)

    async def work(store: Store) -> list[int]:
        traces = (await store.project("one")).traces
        await traces.append([*roots, child])
        return [each.start for each in await traces.latest(limit=3, before=7, after=2)]

    assert engine.run(work) == [6, 5, 4]


def test_summary_says_what_a_list_needs(engine: Engine) -> None:
    async def work(store: Store) -> TraceSummary:
        traces = (await store.project("one")).traces
        await traces.append([FULL])
        return (await traces.latest())[0]

    summary = msgspec.structs.asdict(engine.run(work))

    assert summary["duration"] == 4_000
    assert summary["task"] == "answer"
    assert summary["error"] == "upstream_error"
    assert summary["input_tokens"] == 10
    assert summary["cost"] == 1_234


def test_unknown_trace_is_not_found_and_the_error_says_what_to_do(engine: Engine) -> None:
    async def work(store: Store) -> None:
        await (await store.project("one")).traces.get("f" * 32)

    with pytest.raises(NotFoundError, match="lasttenth traces"):
        engine.run(work)
