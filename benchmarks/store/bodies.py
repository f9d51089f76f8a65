"""What long payloads cost: CPU from spans to COMMIT and to searchable, and bytes on disk, for bodies of several lengths.

A body is new each time, or a conversation of this length that is sent again with each of twenty turns, a kilobyte longer
than before:
`python -m benchmarks.store.bodies sqlite postgres`.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks.store.engines import Measured, opened
from lasttenth.records.traces import Payload, Span
from lasttenth.records.usage import Usage

LENGTHS = (1_000, 20_000, 400_000)
TURN = 1_000
"""Characters by which a conversation grows."""
TURNS = 20
BEGIN = 1_763_683_200 * 10**9
WORDS = 20_000
BYTES = 24_000_000
"""Of bodies in one round, at most."""
SPANS = 2_048
"""Spans in one round, at most."""
AT_ONCE = 3_200_000
"""Bytes for each commit, at most: what arrives while the one before is written."""
MOST_AT_ONCE = 256
ROUNDS = 5

_encode = msgspec.json.Encoder().encode


class Cost(NamedTuple):
    """CPU microseconds for each span, of this process and of the database's own, and bytes on disk for each."""

    commit: float
    commit_server: float
    searchable: float
    searchable_server: float
    bytes: float
    bytes_with_words: float


class Zipf:
    """A source of prose: the n-th most common of its words comes with a weight of 1/n."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        letters = np.array(list("etaoinshrdlucmfwypvbgk"))
        lengths = 2 + self._random.poisson(3.5, WORDS)
        self._words = np.array(["".join(self._random.choice(letters, length)) for length in lengths])
        weights = 1 / np.arange(1, WORDS + 1)
        self._chances = np.cumsum(weights / weights.sum())

    def text(self, length: int) -> str:
        """Return the next text of exactly this many characters."""
        drawn = np.searchsorted(self._chances, self._random.random(length // 3 + 1))
        return " ".join(self._words[np.minimum(drawn, WORDS - 1)].tolist())[:length]


def new_bodies(prose: Zipf, length: int) -> Iterator[bytes]:
    """Yield requests that have nothing in common."""
    while True:
        said = [{"role": "user", "content": prose.text(TURN)} for _ in range(length // TURN)]
        yield _encode({"model": "openai/gpt-5", "messages": said})


def conversations(prose: Zipf, length: int, count: int) -> Iterator[bytes]:
    """Yield the requests of some conversations in turns: of each the first one, then of each the second."""
    begun = [[prose.text(TURN) for _ in range(length // TURN)] for _ in range(count)]
    while True:
        for said in begun:
            messages = [{"role": "user", "content": text} for text in said]
            yield _encode({"model": "openai/gpt-5", "messages": messages})
            said.append(prose.text(TURN))


def span_of(body: bytes, number: int, answer: str) -> Span:
    """Return a request as the gateway records it."""
    start = BEGIN + number * 10**6
    return Span(
        trace_id=f"{number + 1:032x}",
        span_id=f"{number + 1:016x}",
        name="chat",
        operation="chat",
        start=start,
        end=start + 10**9,
        model="openai/gpt-5",
        unit="user-1",
        unit_source="user",
        key="k" * 16,
        usage=Usage(input_tokens=len(body) // 4, output_tokens=100),
        cost=1_000,
        stages={"admit": 100, "route": 100, "call": 10**9},
        input=Payload(media_type="application/json", body=body),
        output=Payload(media_type="application/json", body=_encode({"choices": [{"message": {"content": answer}}]})),
    )


async def measure(engine: str, kind: str, length: int, seed: int) -> Cost:
    """Return what one round cost: what comes first, with which conversations begin, is not counted."""
    prose = Zipf(seed)
    count = min(SPANS, BYTES // length)
    at_once = max(1, min(MOST_AT_ONCE, AT_ONCE // length))
    first = count // TURNS
    bodies = new_bodies(prose, length) if kind == "new" else conversations(prose, length, first)
    spans = [span_of(body, n, prose.text(400)) for n, body in enumerate(itertools.islice(bodies, first + count))]
    async with opened(engine) as place:
        traces = (await place.store.project("default")).traces
        await traces.append(spans[:first])
        await _index(place)
        before, begin = place.sizes(), place.cpu()
        for at in range(first, len(spans), at_once):
            await traces.append(spans[at : at + at_once])
        stored = place.cpu()
        await _index(place)
        indexed = place.cpu()
        sizes = [(size - before[name]) / count for name, size in place.sizes().items()]
    moments = (*begin, *stored, *indexed)
    spent = [(after - earlier) * 1e6 / count for earlier, after in zip(moments[:-2], moments[2:], strict=True)]
    return Cost(*spent, *sizes)


async def _index(place: Measured) -> None:
    while (await place.store.index_spans()).spans:
        pass


def main() -> None:
    """Measure in turns, print the medians, and write what was measured where it is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engines", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"{platform.python_version()}, {os.cpu_count()} processors, {options.rounds} rounds", file=sys.stderr)
    kinds = [*itertools.product(("new",), LENGTHS), *itertools.product(("conversation",), LENGTHS[1:])]
    cases = [(engine, kind, length) for engine in options.engines for kind, length in kinds]
    found: dict[Any, list[Cost]] = {case: [] for case in cases}
    for seed in range(options.rounds):
        for case in cases:
            found[case].append(asyncio.run(measure(*case, seed)))
    medians = {
        " ".join(map(str, case)): dict(zip(Cost._fields, map(statistics.median, zip(*costs, strict=True)), strict=True))
        for case, costs in found.items()
    }
    for name, cost in medians.items():
        print(f"{name}: " + ", ".join(f"{part} {value:,.0f}" for part, value in cost.items()))
    if options.json:
        options.json.write_text(json.dumps(medians, indent=1))


if __name__ == "__main__":
    main()
