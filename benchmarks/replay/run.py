"""CPU of replaying recorded cases, and of finding and rendering a release.

    python -m benchmarks.replay.run

Cases are questions to the built-in task, which searches, renders, calls a model and verifies its quotes. They are replayed
with every socket forbidden; the run fails where one of them is not the same. Medians of five rounds in one process.
"""

import asyncio
import gc
import platform
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from lasttenth import App
from lasttenth.app.outputs import GrowingValue
from lasttenth.context.indexing import TextDocument
from lasttenth.records.definitions import Message, Release
from lasttenth.releases.choosing import choose
from lasttenth.releases.rendering import render
from lasttenth.releases.schemas import schema_of, strict

CASES = 1_000
ROUNDS = 5
CALLS = 5_000
POLICY = "# Refunds\n\nYou can return any lamp within 30 days of delivery.\n"
ANSWER = msgspec.json.encode({"items": [{"name": f"lamp {number}", "count": number} for number in range(32)]}).decode()
SCHEMA = strict(
    {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 0}},
                },
            }
        },
    }
)
PROMPT = "You answer for {{ company }}, shortly and kindly. " * 40


def main() -> None:
    """Print the tables."""
    print(f"Python {platform.python_version()}, {platform.platform()}\n")
    seconds = asyncio.run(_replayed())
    print(f"{CASES:,} cases replayed: {_median(seconds, '.2f')} s of CPU\n")
    print(f"finding a release and rendering its prompt of 2 KB: {_median(asyncio.run(_found()), '.1f')} µs of CPU")
    print(f"the value of a stream of {len(ANSWER)} characters, a piece: {_median(_growing(), '.1f')} µs of CPU")
    for name, cost in _prompts().items():
        print(f"{name}: {_median(cost, '.1f')} µs of CPU")


async def _replayed() -> list[float]:
    with tempfile.TemporaryDirectory(prefix="lasttenth-") as folder:
        async with App(Path(folder)) as app:
            await app.add_texts([TextDocument(name="policy.md", text=POLICY)])
            for number in range(CASES):
                await app.ask(f"Within how many days can I return lamp number {number}?")
            traces = [trace.trace_id for trace in await app.traces(limit=CASES)]
            opened, socket.socket = socket.socket, _Forbidden  # type: ignore[misc]  # nothing may be asked for
            try:
                return [await _replay(app, traces) for _ in range(ROUNDS)]
            finally:
                socket.socket = opened  # type: ignore[misc]


async def _found() -> list[float]:
    """Return what stands between a call and its prompt: where the pointer stands, which release that is, and its text."""
    task = f"---\nname: t\nmodel: up/m\n---\n# System\n{PROMPT}\n# User\n{{{{ question }}}}"
    variables = {"company": "Lamps Ltd", "question": "Where is my lamp?"}
    found = []
    with tempfile.TemporaryDirectory(prefix="lasttenth-") as folder:
        async with App(Path(folder)) as app:
            await app.tasks.push(task)
            registry = await app.installation.registry(app.project)
            for _ in range(ROUNDS):
                gc.collect()
                began = time.process_time()
                for number in range(CALLS):
                    resolved = await registry.resolve("t", "production", unit=f"user-{number}")
                    render(resolved.release, variables)
                found.append((time.process_time() - began) / CALLS * 1e6)
    return found


async def _replay(app: App, traces: list[str]) -> float:
    began = time.process_time()
    replayed = await app.replay(traces)
    spent = time.process_time() - began
    different = [each for each in replayed if each.outcome != "same"]
    if different or len(replayed) != CASES:
        raise RuntimeError(f"{len(different)} of {len(replayed)} are not the same: {different[:1]}")
    return spent


class _Forbidden(socket.socket):
    def __init__(self, *_: object, **__: object) -> None:
        raise RuntimeError("A socket was opened.")


def _prompts() -> dict[str, list[float]]:
    release = Release(
        task="t",
        messages=(Message(role="system", text=PROMPT), Message(role="user", text="{{ question }}")),
        model="up/m",
    )
    variables = {"company": "Lamps Ltd", "question": "Where is my lamp?"}
    one, four = {"a" * 64: 1.0}, {digit * 64: 1.0 for digit in "abcd"}
    units = [f"user-{number}" for number in range(CALLS)]
    return {
        "rendering a prompt of 2 KB": _costs(lambda _: render(release, variables), units),
        "choosing among one release": _costs(lambda unit: choose(one, pointer="t@production", unit=unit), units),
        "choosing among four releases": _costs(lambda unit: choose(four, pointer="t@production", unit=unit), units),
        "checking a typed answer of 1 KB": _costs(lambda _: schema_of(SCHEMA).problems_of_json(ANSWER), units),
    }


def _growing() -> list[float]:
    """Return what showing the value costs for each piece of four characters."""
    pieces = [ANSWER[start : start + 4] for start in range(0, len(ANSWER), 4)]
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(50):
            growing = GrowingValue()
            for piece in pieces:
                growing.take(piece)
        found.append((time.process_time() - began) / 50 / len(pieces) * 1e6)
    return found


def _costs(work: Callable[[str], object], units: list[str]) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        for unit in units:
            work(unit)
        found.append((time.process_time() - began) / len(units) * 1e6)
    return found


def _median(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
