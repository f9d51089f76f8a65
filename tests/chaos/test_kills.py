"""kill -9, again and again: what was acknowledged is there, once, and what was interrupted goes on."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import with_store
from tests.servers import PostgresServer

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.traces import TraceFilter
from lasttenth.storage.opening import open_store
from lasttenth.storage.ports import Store

FILES = 300
MOST = 10**6

# Each line of output is an acknowledgement: it is written after the store said that the span is durable.
INGEST = """
import asyncio, sys
from pathlib import Path
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.opening import open_store

async def main(address, folder, first):
    store = await open_store(address, Path(folder) / "store.db", clock=SystemClock(), randomness=system_randomness)
    traces = (await store.project("one")).traces
    async def send(number):
        body = Payload(media_type="text/plain", body=b"%d " % number * 200)
        span = Span(trace_id=f"{number:032x}", span_id="a" * 16, name="n", operation="chat", start=number, end=9, input=body)
        await traces.append([span])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
    number = first
    while True:
        await asyncio.gather(*(send(number + offset) for offset in range(20)), store.index_spans())
        number += 20

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return where the store is: nowhere for the file in the folder, or a new database."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


def test_no_acknowledged_span_is_lost_or_counted_twice_when_the_writer_is_killed(
    tmp_path: Path, address: str, rounds: int
) -> None:
    acknowledged: set[int] = set()
    for turn in range(rounds):
        lines = random.Random(turn).randint(1, 400)
        acknowledged |= _ingest_and_kill([address, str(tmp_path)], first=1 + turn * 1_000_000, lines=lines)

    async def work(store: Store) -> tuple[list[int], int, int]:
        traces = (await store.project("one")).traces
        stored = [int(each.trace_id, 16) for each in await traces.latest(limit=MOST)]
        totals = await traces.totals(after=0, before=2**60)
        while (await store.index_spans()).spans:
            pass
        searchable = await traces.latest(limit=MOST, where=TraceFilter(words="n"))
        return stored, totals[0].spans, len(searchable)

    opening = open_store(address, tmp_path / "store.db", clock=SystemClock(), randomness=system_randomness)
    stored, counted, searchable = asyncio.run(with_store(opening, work))

    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored)) == counted == searchable
    assert address or _is_sound(tmp_path / "store.db")


def test_indexing_goes_on_where_it_was_killed(tmp_path: Path, rounds: int) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(FILES):
        (docs / f"{number:03}.md").write_text(f"# Page {number}\n\n" + f"Word {number} and more. " * 40)
    seen = [0]
    for turn in range(rounds):
        _index_and_kill(tmp_path, until=min(FILES - 40, seen[-1] + 32 + turn))
        seen.append(_documents(tmp_path))

    report = json.loads(_index(tmp_path).communicate()[0])

    assert seen == sorted(seen)
    assert report["unchanged"] == seen[-1]
    assert (report["documents"], report["added"] + report["unchanged"]) == (FILES, FILES)
    assert _documents(tmp_path) == FILES
    assert _words(tmp_path) == report["chunks"]


def _is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def _ingest_and_kill(place: list[str], *, first: int, lines: int) -> set[int]:
    command = [sys.executable, "-c", INGEST, *place, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        numbers = [int(process.stdout.readline()) for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split("\n")[:-1]
        return {*numbers, *(int(line) for line in rest)}


def _index_and_kill(folder: Path, *, until: int) -> None:
    """Kill `index add` once a number of documents is durable."""
    process = _index(folder)
    while process.poll() is None and _documents(folder) < until:
        os.sched_yield()
    process.kill()
    process.communicate()


def _index(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "lasttenth", "index", "add", "docs", "--folder", "data", "--json"]
    environment = {**os.environ, "LASTTENTH_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _documents(folder: Path) -> int:
    return _count(folder, "SELECT count(*) FROM documents")


def _words(folder: Path) -> int:
    return _count(folder, "SELECT count(*) FROM words_1_docsize")


def _count(folder: Path, query: str) -> int:
    path = folder / "data" / "lasttenth.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
