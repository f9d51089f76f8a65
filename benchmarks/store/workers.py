"""Measure what handing writes over to another process costs, against writing in the same one.

    python -m benchmarks.store.workers

Every round is a fresh folder and fresh processes; the tables show medians. What is written are spans with 3 KB of
payload, one to a write (what a score or a definition costs) or a hundred (how traces are written under load).
"""

import asyncio
import itertools
import json
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from tests.servers import start_postgres

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.opening import open_remote_store, open_store
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import Writer
from lasttenth.storage.sqlite.engine import SqliteEngine

ROUNDS = 5
AT_ONCE = 16
"""Writes that each client has under way."""
LOADS = {"one span": (1000, 1), "100 spans": (50, 100)}
"""Writes of each client, and spans in each of them."""
CLIENTS = (1, 2, 4)
LOOKS = 500
FILE = "lasttenth.db"
RESULTS = Path(__file__).parent / "WORKERS.md"


def main() -> None:
    """Write the tables."""
    lines = ["| write | way | writes/s | CPU µs per write, all processes | of the writer alone | writes per commit |"]
    lines.append("|---|---|---|---|---|---|")
    for name, (writes, spans) in LOADS.items():
        for clients in CLIENTS:
            for way in ("in process", "over the socket"):
                figures = [_round(way, clients, writes, spans) for _ in range(ROUNDS)]
                median = {key: statistics.median(each[key] for each in figures) for key in figures[0]}
                cells = (
                    f"{median['rate']:,.0f} | {median['cpu']:,.0f} | {median['writer']:,.0f} | {median['group']:.1f}"
                )
                lines.append(f"| {name} | {way}, {clients} client{'s' * (clients > 1)} | {cells} |")
                print(lines[-1], flush=True)
    looks = [f"| {name} | {microseconds:,.0f} |" for name, microseconds in _looks().items()]
    watching = ["| look for commits | CPU µs of the process that looks |", "|---|---|", *looks]
    RESULTS.write_text(_page(lines, watching), encoding="utf-8")


def _round(way: str, clients: int, writes: int, spans: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        if way == "in process":
            done = [_result(_start("alone", folder, clients, writes, spans))]
            writer = done[0]["cpu"]
            commits = done[0]["commits"]
        else:
            serving = _start("writer", folder, 0, 0, 0)
            assert serving.stdout is not None
            serving.stdout.readline()
            began = [_start("client", folder, number, writes, spans) for number in range(clients)]
            done = [_result(each) for each in began]
            assert serving.stdin is not None
            serving.stdin.close()
            served = json.loads(serving.stdout.readline())
            serving.wait()
            writer, commits = served["cpu"], served["commits"]
    total = clients * writes
    cpu = sum(each["cpu"] for each in done) + (writer if way != "in process" else 0.0)
    return {
        "rate": total / max(each["wall"] for each in done),
        "cpu": cpu / total * 1e6,
        "writer": writer / total * 1e6,
        "group": total / commits,
    }


def _start(role: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.store.workers", role, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _result(process: "subprocess.Popen[str]") -> dict[str, float]:
    found: dict[str, float] = json.loads(process.communicate()[0])
    return found


async def _alone(folder: Path, clients: int, writes: int, spans: int) -> dict[str, float]:
    commits = _count_commits()
    store = await _opened(folder)
    figures = await _write([store] * clients, range(clients), writes, spans)
    await store.close()
    return {**figures, "commits": commits[0]}


async def _client(folder: Path, number: int, writes: int, spans: int) -> dict[str, float]:
    socket = folder / "writer.sock"
    store = open_remote_store(folder / FILE, socket, clock=SystemClock(), randomness=system_randomness)
    figures = await _write([store], [number], writes, spans)
    await store.close()
    return figures


async def _serve(folder: Path) -> dict[str, float]:
    commits = _count_commits()
    store = await _opened(folder)
    await store.project("one")
    writer = await Writer.open(store, folder)
    before, commits[0] = time.process_time(), 0
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    used = time.process_time() - before
    await writer.close()
    await store.close()
    return {"cpu": used, "commits": commits[0]}


async def _write(stores: Sequence[Store], numbers: Sequence[int], writes: int, spans: int) -> dict[str, float]:
    """Write what each client writes, and return the time and the processor time that it took."""
    traces = [(await store.project("one")).traces for store in stores]
    batches = [[_spans(client, number, spans) for number in range(writes)] for client in numbers]
    began, before = time.perf_counter(), time.process_time()
    work = []
    for port, mine in zip(traces, batches, strict=True):
        waiting = iter(mine)

        async def drain(port: Any = port, waiting: Any = waiting) -> None:
            for batch in waiting:
                await port.append(batch)

        work += [drain() for _ in range(AT_ONCE)]
    await asyncio.gather(*work)
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - before}


def _spans(client: int, number: int, count: int) -> list[Span]:
    words = random.Random(number)
    texts = (" ".join(f"{words.getrandbits(24):x}" for _ in range(210)).encode() for _ in itertools.count())
    return [
        Span(
            trace_id=f"{client + 1:08x}{number:012x}{each:012x}",
            span_id="a" * 16,
            name="chat up/model",
            operation="chat",
            start=number,
            end=number + 1,
            input=Payload(media_type="application/json", body=next(texts)),
            output=Payload(media_type="application/json", body=next(texts)),
        )
        for each in range(count)
    ]


async def _opened(folder: Path) -> Store:
    return await open_store("", folder / FILE, clock=SystemClock(), randomness=system_randomness)


def _count_commits() -> list[int]:
    count = [0]
    commit = SqliteEngine._commit  # noqa: SLF001 - no figure of the product's own tells it

    def counted(engine: SqliteEngine, group: Any) -> None:
        count[0] += 1
        commit(engine, group)

    SqliteEngine._commit = counted  # type: ignore[method-assign, assignment]  # noqa: SLF001 - see above
    return count


def _looks() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, start_postgres() as server, server.database() as address:
        return {
            "SQLite, `PRAGMA data_version`": asyncio.run(_look("", Path(folder))),
            "PostgreSQL, `pg_current_snapshot()`": asyncio.run(_look(address, Path(folder))),
        }


async def _look(address: str, folder: Path) -> float:
    store = await open_store(address, folder / FILE, clock=SystemClock(), randomness=system_randomness)
    rounds = []
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(LOOKS):
            await store.version()
        rounds.append((time.process_time() - before) / LOOKS * 1e6)
    await store.close()
    return statistics.median(rounds)


def _page(writing: Sequence[str], watching: Sequence[str]) -> str:
    writes, looks = "\n".join(writing), "\n".join(watching)
    return f"""# Writing through another process

{datetime.now(tz=UTC):%d %B %Y}, Python {platform.python_version()}, two cores, other work on the machine.

Medians of {ROUNDS} rounds. Each client has {AT_ONCE} writes under way. Every write is durable (`synchronous=FULL`) before it
is answered. Rates depend on what else the machine does; processor times less so.

{writes}

What a process does four times a second to notice commits of others:

{looks}

## Reproduction

```
python -m benchmarks.store.workers
```
"""


def _role(role: str, folder: Path, *numbers: int) -> dict[str, float]:
    if role == "alone":
        return uvloop.run(_alone(folder, *numbers))
    return uvloop.run(_client(folder, *numbers) if role == "client" else _serve(folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_role(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))), flush=True)
    else:
        main()
