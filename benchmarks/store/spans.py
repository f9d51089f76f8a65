"""What a span costs: CPU from bytes to COMMIT and to searchable, bytes on disk, and how long questions take.

Run it with the number of spans and the engines: `python -m benchmarks.store.spans --spans 100000 sqlite postgres`.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.store import load
from benchmarks.store.engines import Measured, opened
from lasttenth.records.totals import DAY, HOUR
from lasttenth.records.traces import Assignment, Operation, Payload, Span, TraceFilter
from lasttenth.records.usage import Usage
from lasttenth.storage.ports import Traces
from lasttenth.storage.traces.texts import words_in

TRACES_AT_ONCE = 32
"""256 spans for each commit, as the recorder writes them under load."""
CHUNK = 4 * TRACES_AT_ONCE
FRESH = 12_500
"""Traces whose prose is new; later ones repeat it with other ids, at later times."""
REPEATS = 9

_OPERATIONS: dict[str, Operation] = {"EMBEDDING": "embeddings", "RETRIEVER": "retrieval", "LLM": "chat"}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Span]).decode


class Ingested(NamedTuple):
    """CPU microseconds for each span: of this process, and of the database's own ones."""

    commit: float
    commit_server: float
    searchable: float
    searchable_server: float
    learning: float
    learning_server: float


def span_of(loaded: load.Span) -> Span:
    """Return a span of the load as the product stores it."""
    is_root = not loaded["parent_id"]
    model = f"{loaded['provider']}/{loaded['model']}" if loaded["model"] else ""
    usage = Usage(input_tokens=loaded["input_tokens"], output_tokens=loaded["output_tokens"]) if model else None
    return Span(
        trace_id=loaded["trace_id"],
        span_id=loaded["span_id"],
        parent_id=loaded["parent_id"],
        name=loaded["name"],
        operation=_OPERATIONS.get(loaded["kind"], "task"),
        start=loaded["start"],
        end=loaded["end"],
        status=loaded["status"],
        error="upstream_error" if loaded["status"] == "error" else "",
        model=model,
        unit=loaded["user"],
        unit_source="user",
        assignment=Assignment(task="answer", release="r" * 64, environment="e" * 64) if is_root else None,
        usage=usage,
        cost=loaded["cost"] if model else None,
        attributes=loaded["attributes"],
        input=Payload(media_type="application/json", body=loaded["input"].encode()),
        output=Payload(media_type="text/plain", body=loaded["output"].encode()),
    )


def batches(traces: int, seed: int) -> Iterator[list[bytes]]:
    """Yield chunks of encoded batches, as they arrive from a worker or from the spill file."""
    fresh = [[span_of(span) for span in trace] for trace in load.traces(min(traces, FRESH), seed)]
    for start in range(0, traces, CHUNK):
        chunk = [_again(fresh[number % FRESH], number // FRESH) for number in range(start, min(start + CHUNK, traces))]
        yield [
            _encode(list(chain.from_iterable(chunk[at : at + TRACES_AT_ONCE])))
            for at in range(0, len(chunk), TRACES_AT_ONCE)
        ]


def _again(trace: list[Span], turn: int) -> list[Span]:
    if not turn:
        return trace
    trace_id = f"{turn:04x}{trace[0].trace_id[4:]}"
    shift = turn * FRESH * load.BETWEEN_TRACES
    return [
        msgspec.structs.replace(span, trace_id=trace_id, start=span.start + shift, end=span.end + shift)
        for span in trace
    ]


async def ingest(place: Measured, traces: int, *, seed: int = 1) -> Ingested:
    """Store the load, chunk by chunk; what makes the load is not counted."""
    project = await place.store.project("default")
    spent = [0.0] * 6
    for chunk in batches(traces, seed):
        begin = place.cpu()
        for batch in chunk:
            await project.traces.append(_decode(batch))
        stored = place.cpu()
        while (await place.store.index_spans()).spans:
            pass
        indexed = place.cpu()
        await project.traces.learn()
        moments = (*begin, *stored, *indexed, *place.cpu())
        for at, (before, after) in enumerate(zip(moments[:-2], moments[2:], strict=True)):
            spent[at] += after - before
    return Ingested(*(each * 1e6 / traces / load.SPANS for each in spent))


def questions(traces: Traces, spans: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return what is asked, over a load of so many spans."""
    begin = load.BEGIN
    end = begin + (spans // load.SPANS + 1) * load.BETWEEN_TRACES
    rare, common = words_of_the_load()
    middle = begin + (end - begin) // 2
    last_day = max(begin, end - DAY)

    async def tree() -> None:
        found = await traces.latest(limit=1, before=middle)
        assert len(await traces.get(found[0].trace_id)) == load.SPANS

    def listed(limit: int = 50, before: int | None = None, **where: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: traces.latest(limit=limit, before=before, where=TraceFilter(**where))

    hourly: dict[str, Any] = {"by": ("model",), "period": "hour", "where": {"operation": "chat"}}
    return {
        "latest 50 traces": listed(),
        "50 traces from the middle": listed(before=middle),
        "latest 50 with a failed span": listed(failed=True),
        "latest 50 that called one model": listed(model="openai/gpt-5"),
        "latest 50 of one user": listed(unit="user-7"),
        "failed spans of one model": listed(model="openai/gpt-5", failed=True),
        "one trace with its payloads": tree,
        "search: a rare word": listed(words=rare),
        "search: a common word": listed(words=common[0]),
        "search: three words": listed(words=" ".join(common)),
        "p95 and cost per model and hour, one day": lambda: traces.totals(after=last_day, before=end + HOUR, **hourly),
        "p95 and cost per model and hour, all": lambda: traces.totals(after=0, before=end + HOUR, **hourly),
        "spending of 100 users, 30 days": lambda: traces.spending(by="unit", after=0, before=end + DAY),
    }


def words_of_the_load() -> tuple[str, list[str]]:
    """Return a word that few spans hold, and the three that most spans hold."""
    counts = Counter(
        word
        for trace in load.traces(500, 1)
        for span in trace
        for word in set(words_in(f"{span['input']} {span['output']}"))
    )
    ranked = [word for word, _ in counts.most_common() if word.isalpha() and len(word) > 2]
    return ranked[-1], [word for word in ranked if word not in {"role", "content", "user", "system"}][:3]


async def ask(place: Measured, spans: int) -> dict[str, tuple[float, float]]:
    """Return for each question the median of its milliseconds, and of the CPU milliseconds of all processes."""
    asked = questions((await place.store.project("default")).traces, spans)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for _ in range(REPEATS):
        for name, question in asked.items():
            began, before = time.perf_counter(), sum(place.cpu())
            await question()
            spent[name].append((1e3 * (time.perf_counter() - began), 1e3 * (sum(place.cpu()) - before)))
    return {
        name: (statistics.median(wall for wall, _ in each), statistics.median(cpu for _, cpu in each))
        for name, each in spent.items()
    }


async def measure(engine: str, spans: int) -> dict[str, Any]:
    """Return all figures of one engine."""
    async with opened(engine) as place:
        cost = await ingest(place, spans // load.SPANS)
        sizes = {name: size / spans for name, size in place.sizes().items()}
        return {"engine": engine, "spans": spans, "cost": cost._asdict(), "bytes": sizes, "ms": await ask(place, spans)}


def main() -> None:
    """Measure and print, and write what was measured where it is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engines", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"{platform.python_version()}, {os.cpu_count()} processors, {options.spans:,} spans", file=sys.stderr)
    found = [asyncio.run(measure(engine, options.spans)) for engine in options.engines]
    for result in found:
        print(f"\n{result['engine']}, {result['spans']:,} spans")
        for name, value in result["cost"].items():
            print(f"  CPU µs a span, {name}: {value:.1f}")
        for name, value in result["bytes"].items():
            print(f"  bytes a span, {name}: {value:.0f}")
        for name, (wall, cpu) in result["ms"].items():
            print(f"  {name}: {wall:.1f} ms, {cpu:.1f} ms CPU")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
