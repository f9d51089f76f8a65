"""kill -9, again and again: what was acknowledged is there, once, and what was interrupted goes on."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

FILES = 300

# Each line of output is an acknowledgement: it is written after the store said that the span is durable.
INGEST = """
import asyncio, sys
from pathlib import Path
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.sqlite import SqliteStore

async def main(folder, first):
    store = await SqliteStore.open(Path(folder) / "store.db", clock=SystemClock(), randomness=system_randomness)
    traces = (await store.project("one")).traces
    async def send(number):
        body = Payload(media_type="text/plain", body=b"%d " % number * 200)
        span = Span(trace_id=f"{number:032x}", span_id="a" * 16, name="n", operation="chat", start=number, end=9, input=body)
        await traces.append([span])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
    number = first
    while True:
        await asyncio.gather(*(send(number + offset) for offset in range(20)))
        number += 20

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_no_acknowledged_span_is_lost_when_the_writer_is_killed(tmp_path: Path, rounds: int) -> None:
    acknowledged: set[int] = set()
    for turn in range(rounds):
        acknowledged |= _ingest_and_kill(
            tmp_path, first=1 + turn * 1_000_000, lines=random.Random(turn).randint(1, 400)
        )

    with sqlite3.connect(tmp_path / "store.db") as connection:
        stored = [int(row[0], 16) for row in connection.execute("SELECT trace_id FROM spans")]
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()

    assert integrity == "ok"
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


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


def _ingest_and_kill(folder: Path, *, first: int, lines: int) -> set[int]:
    command = [sys.executable, "-c", INGEST, str(folder), str(first)]
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
