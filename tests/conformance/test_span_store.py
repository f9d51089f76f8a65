"""One suite for every engine: filters, full text, totals, erasure and retention of spans."""

import msgspec
import pytest
from tests.conftest import Engine

from lasttenth.records.errors import NotFoundError
from lasttenth.records.events import Erasure
from lasttenth.records.totals import SearchLag, Spending, Total
from lasttenth.records.traces import Assignment, Payload, Span, TraceFilter, TraceSummary
from lasttenth.records.usage import Usage
from lasttenth.storage.ports import ProjectStore, Store

HOUR = 3600 * 10**9
NOW = 1_763_683_200 * 10**9
"""A day that has a partition of its own, at its beginning."""

ROOT = Span(
    trace_id="1" * 32,
    span_id="a" * 16,
    name="agent",
    operation="task",
    start=NOW,
    end=NOW + 5_000_000,
    unit="customer-7",
    unit_source="user",
    key="k1",
    assignment=Assignment(task="answer", release="r" * 64, environment="e" * 64, pointer="production"),
    usage=Usage(input_tokens=100, output_tokens=10),
    cost=7_000,
)
CHILD = Span(
    trace_id="1" * 32,
    span_id="b" * 16,
    parent_id="a" * 16,
    name="chat",
    operation="chat",
    start=NOW + 1_000_000,
    end=NOW + 3_000_000,
    status="error",
    error="upstream_error",
    model="openai/gpt-5-mini",
    usage=Usage(input_tokens=100, output_tokens=10),
    cost=7_000,
    first_token=1_000_000,
    attributes={"groundedness": 0.5},
    input=Payload(
        media_type="application/json", body=b'{"messages": [{"role": "user", "content": "Where is my refund?"}]}'
    ),
    output=Payload(
        media_type="text/event-stream",
        body=b'data: {"choices": [{"delta": {"content": "On its wa"}}]}\n\n'
        b'data: {"choices": [{"delta": {"content": "y, D\xc3\xb6rte."}}]}\n\ndata: [DONE]\n\n',
    ),
)
OTHER = msgspec.structs.replace(
    ROOT, trace_id="2" * 32, start=NOW + HOUR, end=NOW + HOUR + 1, unit="customer-8", cost=None, name="other"
)
ERASURE = Erasure(id="e1", at=1, payload=ROOT.trace_id, actor="ada")

FOUND = {
    "nothing asked": (TraceFilter(), [OTHER, ROOT]),
    "failed span": (TraceFilter(failed=True), [ROOT]),
    "model of a child": (TraceFilter(model="openai/gpt-5-mini"), [ROOT]),
    "unknown model": (TraceFilter(model="openai/none"), []),
    "task": (TraceFilter(task="answer"), [OTHER, ROOT]),
    "task and pointer": (TraceFilter(task="answer", pointer="canary"), []),
    "release": (TraceFilter(release="r" * 64), [OTHER, ROOT]),
    "operation": (TraceFilter(operation="chat"), [ROOT]),
    "unit": (TraceFilter(unit="customer-8"), [OTHER]),
    "unit and failed": (TraceFilter(unit="customer-8", failed=True), []),
    "word of an input": (TraceFilter(words="REFUND"), [ROOT]),
    "word in another form": (TraceFilter(words="refunds"), [ROOT]),
    "word that two events share": (TraceFilter(words="way"), [ROOT]),
    "word without its accent": (TraceFilter(words="dorte"), [ROOT]),
    "words of input and output": (TraceFilter(words="refund way"), [ROOT]),
    "words of two spans": (TraceFilter(words="refund other"), []),
    "name of a field": (TraceFilter(words="messages"), []),
    "word and failure": (TraceFilter(words="refund", failed=True), [ROOT]),
    "word and model": (TraceFilter(words="refund", model="openai/gpt-5-mini"), [ROOT]),
    "word and another model": (TraceFilter(words="refund", model="openai/none"), []),
    "word and unit": (TraceFilter(words="refund", unit="customer-8"), []),
    "word of a name": (TraceFilter(words="other"), [OTHER]),
    "signs alone": (TraceFilter(words='"* -('), []),
    "word that is too long": (TraceFilter(words="a" * 5000), []),
}


@pytest.mark.parametrize(("where", "expected"), FOUND.values(), ids=FOUND.keys())
def test_filter_finds_traces_by_any_of_their_spans(engine: Engine, where: TraceFilter, expected: list[Span]) -> None:
    async def work(store: Store) -> list[str]:
        traces = (await _filled(store)).traces
        return [each.trace_id for each in await traces.latest(where=where)]

    assert engine.run(work) == [span.trace_id for span in expected]


def test_filtered_lists_are_read_page_by_page_without_gaps(engine: Engine) -> None:
    roots = [
        msgspec.structs.replace(OTHER, trace_id=f"{n:032x}", start=NOW + n // 3, end=NOW + 9) for n in range(1, 60)
    ]
    children = [
        msgspec.structs.replace(CHILD, trace_id=root.trace_id, start=root.start + (n * 7) % 5)
        for n, root in enumerate(roots)
        if n % 2
    ]

    async def work(store: Store) -> list[int]:
        traces = (await store.project("one")).traces
        await traces.append([*roots, *children])
        found: list[int] = []
        before = None
        while page := await traces.latest(limit=7, before=before, where=TraceFilter(failed=True)):
            found += [each.start for each in page]
            before = page[-1].start
        return found

    starts = engine.run(work)

    assert starts == sorted(starts, reverse=True)
    assert set(starts) == {root.start for n, root in enumerate(roots) if n % 2}


def test_common_words_are_read_page_by_page_without_gaps_however_long_a_call_took(engine: Engine) -> None:
    second = 10**9
    spans = [
        msgspec.structs.replace(OTHER, trace_id=f"{n:032x}", start=NOW + n * second, end=NOW + (n + 1) * second)
        for n in range(1, 1101)
    ]
    spans[700] = msgspec.structs.replace(spans[700], trace_id="f" * 32, start=NOW, end=spans[700].end)

    async def work(store: Store) -> set[str]:
        traces = (await store.project("one")).traces
        await traces.append(spans)
        while (await store.index_spans()).spans:
            pass
        found: set[str] = set()
        before = None
        while page := await traces.latest(limit=100, before=before, where=TraceFilter(words="other")):
            found |= {each.trace_id for each in page}
            before = page[-1].start
        return found

    assert engine.run(work) == {span.trace_id for span in spans}


def test_span_that_waits_for_full_text_is_counted_as_lag(engine: Engine) -> None:
    async def work(store: Store) -> list[SearchLag]:
        traces = (await store.project("one")).traces
        await traces.append([ROOT, CHILD])
        return [await store.search_lag(), await store.index_spans(limit=1), await store.index_spans()]

    assert [lag.spans for lag in engine.run(work)] == [2, 1, 0]


def test_totals_are_by_hour_and_label(engine: Engine) -> None:
    async def work(store: Store) -> list[Total]:
        traces = (await _filled(store)).traces
        await traces.append([CHILD])
        return await traces.totals(after=NOW, before=NOW + 2 * HOUR, by=("operation", "model"), period="hour")

    first, second, third = engine.run(work)

    assert (first.start, first.labels) == (NOW, {"operation": "chat", "model": "openai/gpt-5-mini"})
    assert (first.spans, first.errors, first.input_tokens, first.output_tokens, first.cost) == (1, 1, 100, 10, 7_000)
    assert abs(first.duration.p50 - 2_000_000) <= 20_000
    assert first.first_token is not None
    assert abs(first.first_token.p99 - 1_000_000) <= 10_000
    assert (second.start, second.labels["operation"], second.first_token) == (NOW, "task", None)
    assert (third.start, third.spans, third.cost, third.unpriced) == (NOW + HOUR, 1, 0, 1)


def test_totals_of_a_range_and_a_label_leave_out_the_rest(engine: Engine) -> None:
    async def work(store: Store) -> list[list[Total]]:
        traces = (await _filled(store)).traces
        return [
            await traces.totals(after=0, before=NOW + 9 * HOUR),
            await traces.totals(after=0, before=NOW + HOUR),
            await traces.totals(after=NOW + HOUR, before=NOW + 9 * HOUR, by=("task",)),
            await traces.totals(
                after=0, before=NOW + 9 * HOUR, by=("model",), where={"operation": "task"}, period="day"
            ),
            await traces.totals(after=0, before=NOW),
        ]

    counts = [[(each.start, each.labels, each.spans) for each in totals] for totals in engine.run(work)]

    assert counts == [[(0, {}, 3)], [(0, {}, 2)], [(0, {"task": "answer"}, 1)], [(NOW, {"model": ""}, 2)], []]


def test_spending_is_by_day_of_whom_roots_were_for(engine: Engine) -> None:
    async def work(store: Store) -> list[list[Spending]]:
        traces = (await _filled(store)).traces
        day = {"after": NOW, "before": NOW + 24 * HOUR}
        return [
            await traces.spending(by="unit", **day),
            await traces.spending(by="key", **day),
            await traces.spending(by="key", after=NOW + 24 * HOUR, before=NOW + 48 * HOUR),
        ]

    units, keys, tomorrow = engine.run(work)

    assert [(each.name, each.spans, each.cost) for each in units] == [("customer-7", 1, 7_000), ("customer-8", 1, 0)]
    assert [(each.name, each.spans, each.input_tokens) for each in keys] == [("k1", 2, 200)]
    assert tomorrow == []


def test_whatever_a_provider_claims_the_sums_stay_within_bounds(engine: Engine) -> None:
    greedy = [
        msgspec.structs.replace(
            ROOT, trace_id=f"{n:032x}", usage=Usage(input_tokens=2**63 - 1, output_tokens=2**62), cost=2**62
        )
        for n in range(1, 5)
    ]

    async def work(store: Store) -> Total:
        traces = (await store.project("one")).traces
        await traces.append(greedy)
        return (await traces.totals(after=0, before=NOW + HOUR))[0]

    assert engine.run(work).spans == 4


def test_erased_trace_keeps_its_numbers_and_nothing_that_was_said(engine: Engine) -> None:
    async def work(store: Store) -> tuple[list[Span], list[list[str]], list[Erasure]]:
        project = await _filled(store)
        await project.traces.erase(ROOT.trace_id, ERASURE)
        found = [await project.traces.latest(where=TraceFilter(words=words)) for words in ("refund", "way", "other")]
        ids = [[each.trace_id for each in each_found] for each_found in found]
        return await project.traces.get(ROOT.trace_id), ids, await project.events.latest(Erasure)

    (root, child), found, erasures = engine.run(work)

    assert (child.input, child.output, child.attributes) == (None, None, {})
    assert len(child.erased) == 64
    assert (child.usage, child.cost, child.first_token) == (CHILD.usage, CHILD.cost, CHILD.first_token)
    assert root.assignment == ROOT.assignment
    assert found == [[], [], [OTHER.trace_id]]
    assert erasures == [ERASURE]


def test_trace_may_be_erased_before_it_is_searchable_and_twice(engine: Engine) -> None:
    async def work(store: Store) -> tuple[list[TraceSummary], list[Span], list[Span]]:
        project = await store.project("one")
        await project.traces.append([ROOT, CHILD, OTHER])
        await project.traces.erase(ROOT.trace_id, ERASURE)
        once = await project.traces.get(ROOT.trace_id)
        await project.traces.erase(ROOT.trace_id, msgspec.structs.replace(ERASURE, id="e2"))
        await store.index_spans()
        return (
            await project.traces.latest(where=TraceFilter(words="refund")),
            once,
            await project.traces.get(ROOT.trace_id),
        )

    found, once, twice = engine.run(work)

    assert found == []
    assert once == twice
    assert all(span.erased for span in once)


def test_trace_that_is_not_there_cannot_be_erased(engine: Engine) -> None:
    async def work(store: Store) -> None:
        await (await _filled(store)).traces.erase("f" * 32, ERASURE)

    with pytest.raises(NotFoundError, match="There is no trace"):
        engine.run(work)


def test_expired_spans_leave_with_their_words_and_the_totals_stay(engine: Engine) -> None:
    day = 24 * HOUR
    old = [msgspec.structs.replace(each, start=each.start - 2 * day, end=each.end - 2 * day) for each in (ROOT, CHILD)]

    async def work(store: Store) -> tuple[int, list[str], list[str], int, int]:
        project = await store.project("one")
        theirs = await store.project("two")
        await project.traces.append([*old, OTHER])
        await theirs.traces.append([OTHER])
        await store.index_spans()
        removed = await project.traces.expire(NOW)
        left = [each.trace_id for each in await project.traces.latest()]
        words = [each.trace_id for each in await project.traces.latest(where=TraceFilter(words="refund"))]
        totals = await project.traces.totals(after=0, before=NOW + day)
        return removed, left, words, sum(each.spans for each in totals), len(await theirs.traces.latest())

    assert engine.run(work) == (2, [OTHER.trace_id], [], 3, 1)


@pytest.mark.parametrize("indexed_first", [True, False])
def test_trace_that_was_erased_expires_and_search_goes_on(engine: Engine, indexed_first: bool) -> None:
    async def work(store: Store) -> tuple[int, list[int], int]:
        project = await store.project("one")
        await (await store.project("two")).traces.append([OTHER])
        await project.traces.append([ROOT, CHILD])
        if indexed_first:
            await store.index_spans()
        await project.traces.erase(ROOT.trace_id, ERASURE)
        await store.index_spans()
        removed = await project.traces.expire(NOW + HOUR)
        await project.traces.append([OTHER])
        await store.index_spans()
        found = [len(await project.traces.latest(where=TraceFilter(words=words))) for words in ("other", "agent")]
        return removed, found, await project.traces.expire(NOW + 2 * HOUR)

    assert engine.run(work) == (2, [1, 0], 1)


def test_day_that_two_projects_share_expires_for_one_alone(engine: Engine) -> None:
    async def work(store: Store) -> tuple[int, int, int]:
        mine, theirs = await store.project("one"), await store.project("two")
        await mine.traces.append([ROOT, CHILD])
        await theirs.traces.append([ROOT])
        await store.index_spans()
        removed = await mine.traces.expire(NOW + 48 * HOUR)
        return (
            removed,
            len(await mine.traces.latest()),
            len(await theirs.traces.latest(where=TraceFilter(words="agent"))),
        )

    assert engine.run(work) == (2, 0, 1)


def test_span_that_comes_again_with_another_start_is_the_same_span(engine: Engine) -> None:
    async def work(store: Store) -> tuple[list[Span], int]:
        traces = (await store.project("one")).traces
        await traces.append([ROOT])
        await traces.append([msgspec.structs.replace(ROOT, start=NOW + 30 * HOUR, end=NOW + 31 * HOUR)])
        totals = await traces.totals(after=0, before=NOW + 48 * HOUR)
        return await traces.get(ROOT.trace_id), totals[0].spans

    assert engine.run(work) == ([ROOT], 1)


async def _filled(store: Store) -> ProjectStore:
    project = await store.project("one")
    await project.traces.append([ROOT, CHILD])
    await project.traces.append([OTHER])
    while (await store.index_spans()).spans:
        pass
    return project
