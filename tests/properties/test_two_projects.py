"""Nothing done in one project is seen in another, whatever is done: every method of every port, with two projects."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Engine, FreshEngine

from lasttenth.records.definitions import Task
from lasttenth.records.errors import LasttenthError
from lasttenth.records.events import Erasure, Score
from lasttenth.records.jobs import Job, NewJob, QueueLimits, Schedule
from lasttenth.records.traces import Payload, Span, TraceFilter
from lasttenth.storage import file_ports, job_ports, ports
from lasttenth.storage.file_ports import FilePart, NewFile
from lasttenth.storage.ports import IndexSettings, NewChunk, NewDocument, ProjectStore, Store

SETTINGS = IndexSettings(splitter="1", embedder="e", embedder_hash="h", dimension=2)
VECTOR = np.array([1.0, 0.0], dtype=np.float32)

FILTERS = (TraceFilter(), TraceFilter(failed=True), TraceFilter(model="a/b", unit="u"), TraceFilter(words="said"))

Action = Callable[[ProjectStore, int], Awaitable[Any]]


def _trace(number: int) -> str:
    return f"{number + 1:032x}"


def _document(number: int) -> NewDocument:
    text = f"shared words {number}"
    chunk = NewChunk(start=0, end=len(text), line=1, vector=VECTOR.astype("<f4").tobytes())
    return NewDocument(name=f"d{number}", hash=str(number), media_type="text/plain", text=text, chunks=(chunk,))


def _span(number: int) -> Span:
    return Span(
        trace_id=_trace(number),
        span_id="a" * 16,
        name="n",
        operation="chat",
        start=number,
        end=9,
        status="error" if number % 2 else "ok",
        model="a/b",
        unit="u",
        unit_source="user",
        input=Payload(media_type="text/plain", body=b"said %d" % number),
        output=Payload(media_type="text/plain", body=b"begins alike" * 3_000 * number),
    )


def _file(number: int) -> NewFile:
    return NewFile(id=f"f{number}", name="lines.jsonl", purpose="batch", created=1)


def _score(number: int) -> Score:
    return Score(id=str(number), at=1, of="trace", of_id="t", metric="m", value=number, source="user")


async def _payload_id(store: ProjectStore, number: int) -> str:
    return await store.payloads.put(Payload(media_type="text/plain", body=b"%d" % number))


async def _erase_trace(store: ProjectStore, number: int) -> None:
    await store.traces.erase(_trace(number), Erasure(id=f"t{number}", at=1, payload=_trace(number), actor="a"))


async def _erase(store: ProjectStore, number: int) -> None:
    name = await _payload_id(store, number)
    await store.payloads.erase(Erasure(id=f"e{number}", at=1, payload=name, actor="a"))


async def _with_job(store: ProjectStore, number: int, work: Callable[[str], Awaitable[Job]]) -> Job:
    """Do something with the job of a number, as its project sees it."""
    jobs = [job.id for job in await store.jobs.latest() if job.payload == number]
    return await work(jobs[0] if jobs else "nowhere")


async def _overdue(store: ProjectStore, _number: int) -> list[str]:
    return [each.subject for each in await store.schedules.overdue()]


ACTIONS: dict[str, Action] = {
    "Definitions.put": lambda s, n: s.definitions.put(Task(name=f"t{n}"), derived_from=(f"{n}",)),
    "Events.append": lambda s, n: s.events.append([_score(n)]),
    "Payloads.put": _payload_id,
    "Payloads.erase": _erase,
    "Files.put": lambda s, n: s.files.put(_file(n), [FilePart(n, b"%d" % n)]),
    "Files.remove": lambda s, n: s.files.remove(f"f{n}"),
    "Traces.append": lambda s, n: s.traces.append([_span(n)]),
    "Traces.erase": _erase_trace,
    "Traces.expire": lambda s, n: s.traces.expire(n),
    "Traces.learn": lambda s, _: s.traces.learn(),
    "Indexes.create": lambda s, n: s.indexes.create(f"i{n % 2}", SETTINGS),
    "Indexes.put": lambda s, n: s.indexes.put(f"i{n % 2}", [_document(n)]),
    "Indexes.remove": lambda s, n: s.indexes.remove(f"i{n % 2}", [f"d{n}"]),
    "Indexes.replace": lambda s, n: s.indexes.replace(f"i{n % 2}", by=f"i{(n + 1) % 2}"),
    "Indexes.drop": lambda s, n: s.indexes.drop(f"i{n % 2}"),
    "Jobs.enqueue": lambda s, n: s.jobs.enqueue([NewJob(kind="k", payload=n, idempotency_key=f"{n}")]),
    "Jobs.cancel": lambda s, n: _with_job(s, n, s.jobs.cancel),
    "Jobs.retry": lambda s, n: _with_job(s, n, s.jobs.retry),
    "Jobs.limit": lambda s, n: s.jobs.limit(f"q{n}", QueueLimits(running=n)),
    "Schedules.put": lambda s, n: s.schedules.put(Schedule(name=f"s{n}", kind="k", expect_every=1), next_due=n),
    "Schedules.remove": lambda s, n: s.schedules.remove(f"s{n}"),
    "Schedules.pause": lambda s, n: s.schedules.pause(f"s{n}"),
    "Schedules.resume": lambda s, n: s.schedules.resume(f"s{n}", next_due=n),
    "Schedules.expect": lambda s, n: s.schedules.expect(f"k{n}", n or None),
}

OBSERVATIONS: dict[str, Action] = {
    "Definitions.get": lambda s, n: s.definitions.get(Task, Task(name=f"t{n}").hash),
    "Definitions.latest": lambda s, _: s.definitions.latest(Task),
    "Definitions.ancestors": lambda s, n: s.definitions.ancestors(Task(name=f"t{n}").hash),
    "Events.get": lambda s, n: s.events.get(Score, f"{n}"),
    "Events.latest": lambda s, _: s.events.latest(Score),
    "Events.latest_of_each": lambda s, _: s.events.latest_of_each(Score),
    "Payloads.get": lambda s, n: s.payloads.get(f"{n:064x}"),
    "Files.get": lambda s, n: s.files.get(f"f{n}"),
    "Files.latest": lambda s, _: s.files.latest(),
    "Files.numbers": lambda s, n: s.files.numbers(f"f{n}"),
    "Files.parts": lambda s, n: s.files.parts(f"f{n}"),
    "Traces.get": lambda s, n: s.traces.get(_trace(n)),
    "Traces.latest": lambda s, n: s.traces.latest(where=FILTERS[n]),
    "Traces.totals": lambda s, _: s.traces.totals(after=0, before=2**60, by=("model",), period="hour"),
    "Traces.spending": lambda s, _: s.traces.spending(by="unit", after=0, before=2**60),
    "Indexes.get": lambda s, n: s.indexes.get(f"i{n % 2}"),
    "Indexes.overview": lambda s, _: s.indexes.overview(),
    "Indexes.size": lambda s, n: s.indexes.size(f"i{n % 2}"),
    "Indexes.documents": lambda s, n: s.indexes.documents(f"i{n % 2}"),
    "Indexes.text": lambda s, n: s.indexes.text(f"i{n % 2}", f"d{n}"),
    "Indexes.search_words": lambda s, n: s.indexes.search_words(f"i{n % 2}", "shared words", limit=50),
    "Indexes.search_vectors": lambda s, n: s.indexes.search_vectors(f"i{n % 2}", VECTOR, limit=50),
    "Indexes.chunks": lambda s, n: s.indexes.chunks(f"i{n % 2}", range(60)),
    "Indexes.snapshot": lambda s, n: s.indexes.snapshot(f"i{n % 2}"),
    "Jobs.get": lambda s, n: _with_job(s, n, s.jobs.get),
    "Jobs.latest": lambda s, _: s.jobs.latest(),
    "Jobs.limits": lambda s, _: s.jobs.limits(),
    "Schedules.get": lambda s, n: s.schedules.get(f"s{n}"),
    "Schedules.overview": lambda s, _: s.schedules.overview(),
    "Schedules.overdue": _overdue,
}

steps = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 3)), max_size=12)


@given(mine=steps, theirs=steps)
@settings(max_examples=25, deadline=None)
def test_whatever_one_project_does_another_sees_nothing_of_it(
    engines: FreshEngine, mine: list[tuple[str, int]], theirs: list[tuple[str, int]]
) -> None:
    async def work(store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
        me, them = await store.project("me"), await store.project("them")
        await _perform(me, mine)
        await store.index_spans()
        before = await _observe(me)
        await _perform(them, theirs)
        await store.index_spans()
        return before, await _observe(me)

    with engines() as engine:
        before, after = engine.run(work)

    assert after == before


def test_every_method_of_every_port_takes_part() -> None:
    kinds = (
        ports.Definitions, ports.Events, ports.Payloads, ports.Traces, ports.Indexes,
        file_ports.Files, job_ports.Jobs, job_ports.Schedules,
    )  # fmt: skip
    methods = {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }

    assert methods == set(ACTIONS) | set(OBSERVATIONS)


def test_equal_payloads_of_two_projects_have_different_ids(engine: Engine) -> None:
    async def work(store: Store) -> list[str]:
        return [await _payload_id(await store.project(name), 1) for name in ("me", "them")]

    mine, theirs = engine.run(work)

    assert mine != theirs


async def _perform(store: ProjectStore, actions: list[tuple[str, int]]) -> None:
    for name, number in actions:
        await _outcome(ACTIONS[name], store, number)


async def _observe(store: ProjectStore) -> dict[str, Any]:
    return {
        f"{name} {number}": await _outcome(observe, store, number)
        for name, observe in OBSERVATIONS.items()
        for number in range(4)
    }


async def _outcome(action: Action, store: ProjectStore, number: int) -> Any:
    try:
        return await action(store, number)
    except LasttenthError as error:
        return error.code
