"""What the rollups say is what a recomputation from the spans says, in whatever portions and how often the spans came."""

import itertools
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Engine, FreshEngine

from lasttenth.records.totals import Total
from lasttenth.records.traces import Assignment, Span
from lasttenth.records.usage import Usage
from lasttenth.storage.ports import Store
from lasttenth.storage.sketches import ACCURACY

HOUR = 3600 * 10**9
ALL = 10**6 * HOUR
NUMBERS = itertools.count()
"""Each example has a project of its own, so that all of them share one database."""

usages = st.none() | st.builds(
    Usage, input_tokens=st.integers(0, 10**6), output_tokens=st.integers(0, 10**6), cache_read_tokens=st.integers(0, 9)
)
spans = st.builds(
    lambda number, **fields: Span(
        trace_id=f"{number:032x}",
        span_id="a" * 16,
        name="n",
        end=fields["start"] + fields.pop("duration"),
        assignment=Assignment(task=fields.pop("task"), release="r", environment="e"),
        **fields,
    ),
    number=st.integers(0, 30),
    start=st.integers(0, 5 * HOUR),
    duration=st.integers(0, 10**12),
    operation=st.sampled_from(["chat", "task"]),
    model=st.sampled_from(["a/b", "a/c"]),
    task=st.sampled_from(["", "answer", "translate"]),
    status=st.sampled_from(["ok", "error"]),
    usage=usages,
    cost=st.none() | st.integers(0, 10**12),
    first_token=st.none() | st.integers(1, 10**10),
    unit=st.sampled_from(["", "u1", "u2"]),
    unit_source=st.sampled_from(["user", "random"]),
)


@pytest.fixture(scope="module")
def filled(engines: FreshEngine) -> Iterator[Engine]:
    """Return each engine in turn, which keeps what earlier examples stored."""
    with engines() as engine:
        yield engine


@given(batches=st.lists(st.lists(spans, max_size=8), max_size=5))
@settings(max_examples=40, deadline=None)
def test_rollups_are_what_the_spans_come_to(filled: Engine, batches: list[list[Span]]) -> None:
    project = f"project-{next(NUMBERS)}"
    stored: dict[str, Span] = {}
    for span in (each for batch in batches for each in batch):
        stored.setdefault(span.trace_id, span)

    async def work(store: Store) -> list[Total]:
        traces = (await store.project(project)).traces
        for batch in batches:
            await traces.append(batch)
        return await traces.totals(after=0, before=ALL, by=("operation", "model", "task"), period="hour")

    totals = filled.run(work)

    groups: dict[tuple[int, tuple[str, ...]], list[Span]] = {}
    for span in stored.values():
        chosen = span.assignment
        task = chosen.task if chosen else ""
        groups.setdefault((span.start // HOUR * HOUR, (span.operation, span.model, task)), []).append(span)
    assert {(total.start, tuple(total.labels.values())) for total in totals} == set(groups)
    for total in totals:
        _check(total, groups[total.start, tuple(total.labels.values())])


@given(batches=st.lists(st.lists(spans, max_size=8), max_size=4))
@settings(max_examples=20, deadline=None)
def test_daily_sums_are_what_the_roots_come_to(filled: Engine, batches: list[list[Span]]) -> None:
    project = f"project-{next(NUMBERS)}"
    stored: dict[str, Span] = {}
    for span in (each for batch in batches for each in batch):
        stored.setdefault(span.trace_id, span)

    async def work(store: Store) -> dict[str, tuple[int, int]]:
        traces = (await store.project(project)).traces
        for batch in batches:
            await traces.append(batch)
        found = await traces.spending(by="unit", after=0, before=ALL)
        return {each.name: (each.spans, each.cost) for each in found}

    spending = filled.run(work)

    named = [span for span in stored.values() if span.unit and span.unit_source == "user"]
    for unit in {span.unit for span in named}:
        theirs = [span for span in named if span.unit == unit]
        assert spending.pop(unit) == (len(theirs), sum(span.cost or 0 for span in theirs))
    assert spending == {}


def _check(total: Total, group: list[Span]) -> None:
    used = [span.usage for span in group if span.usage is not None]
    expected = {
        "spans": len(group),
        "errors": sum(span.status == "error" for span in group),
        "input_tokens": sum(usage.input_tokens for usage in used),
        "output_tokens": sum(usage.output_tokens for usage in used),
        "cost": sum(span.cost or 0 for span in group),
        "unpriced": sum(span.usage is not None and span.cost is None for span in group),
    }
    assert {name: getattr(total, name) for name in expected} == expected
    durations = [max(1, span.end - span.start) for span in group]
    for name, estimate in msgspec.structs.asdict(total.duration).items():
        true = np.quantile(durations, int(name[1:]) / 100, method="lower")
        assert abs(estimate - true) <= ACCURACY * true + 1
    assert (total.first_token is None) == all(span.first_token is None for span in group)
