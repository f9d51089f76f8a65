"""One suite for every engine: long payloads come back whole, share what they begin with, and leave nothing behind."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Engine, FreshEngine, open_postgres, open_remote, open_sqlite, with_store
from tests.servers import PostgresServer

from lasttenth.records.errors import StorageError
from lasttenth.records.events import Erasure
from lasttenth.records.hashing import keyed_hash
from lasttenth.records.totals import DAY
from lasttenth.records.traces import Payload, Span, TraceFilter
from lasttenth.storage.ports import ProjectStore, Store
from lasttenth.storage.traces.blocks import LARGE, SIZE
from lasttenth.storage.traces.bodies import Packer, body_of

NOON = 1_763_683_200 * 10**9 + DAY // 2
TEXT = random.Random(1).randbytes(3 * LARGE)
TABLES = ("blocks", "block_uses")

borders = st.sampled_from([0, SIZE, 2 * SIZE, LARGE, LARGE + SIZE, 2 * LARGE, 2 * LARGE + 3 * SIZE])
lengths = st.builds(lambda border, beside: max(0, border + beside), borders, st.integers(-2, 2))


def trace(number: int) -> str:
    """Return the id of a trace."""
    return f"{number + 1:032x}"


def span(number: int, said: bytes, answered: bytes | None = None, *, start: int = NOON) -> Span:
    """Return a span of a trace of its own."""
    return Span(
        trace_id=trace(number),
        span_id="a" * 16,
        name="chat",
        operation="chat",
        start=start,
        end=start + 1,
        input=Payload(media_type="text/plain", body=said),
        output=None if answered is None else Payload(media_type="text/plain", body=answered),
    )


class Files:
    """A store of some engine, and how many rows its tables have."""

    def __init__(self, opened: Any, query: Any, literal: str) -> None:
        self._opened = opened
        self._query = query
        self.literal = literal
        """How bytes stand in SQL, with a place for their hexadecimal digits."""

    def run(self, work: Any) -> Any:
        """Open the store for the time of some work."""
        return asyncio.run(with_store(self._opened(), work))

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement of SQL."""
        found: list[tuple[Any, ...]] = self._query(statement)
        return found

    def blocks(self) -> int:
        """Return how many blocks there are; each is used, or there are none and no uses either."""
        blocks, uses = (self.execute(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES)
        assert bool(blocks) == bool(uses)
        return int(blocks)


@pytest.fixture(params=["sqlite", "workers", "postgres"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    """Return a store of each engine in turn, with nothing in it."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database() as url:
            yield Files(
                lambda: open_postgres(url), lambda statement: _asked_postgres(url, statement), "decode('{}', 'hex')"
            )
    else:
        opened = {"sqlite": open_sqlite, "workers": open_remote}[request.param]
        yield Files(
            lambda: opened(tmp_path), lambda statement: _asked_sqlite(tmp_path / "store.db", statement), "X'{}'"
        )


def _asked_sqlite(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement).fetchall()


def _asked_postgres(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@given(payloads=st.lists(st.tuples(lengths, st.none() | lengths), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_payload_of_any_length_comes_back_as_it_was(
    engines: FreshEngine, payloads: list[tuple[int, int | None]]
) -> None:
    spans = [
        span(number, TEXT[:said], None if answered is None else TEXT[:answered], start=NOON + number * DAY // 2)
        for number, (said, answered) in enumerate(payloads)
    ]

    async def work(store: Store) -> list[list[Span]]:
        traces = (await store.project("one")).traces
        await traces.append(spans)
        await traces.append(spans)
        return [await traces.get(each.trace_id) for each in spans]

    with engines() as engine:
        assert engine.run(work) == [[each] for each in spans]


def test_what_payloads_begin_with_is_stored_once(files: Files) -> None:
    turns = [span(number, TEXT[: 2 * LARGE + number * 1000]) for number in range(20)]

    async def work(store: Store) -> list[list[Span]]:
        traces = (await store.project("one")).traces
        for turn in turns:
            await traces.append([turn])
        return [await traces.get(turn.trace_id) for turn in turns]

    assert files.run(work) == [[turn] for turn in turns]
    assert files.blocks() == 2 + 19_000 // SIZE


@pytest.mark.parametrize("expiring", [False, True], ids=["erased", "expired"])
def test_block_stays_for_who_uses_it_and_is_gone_with_the_last(files: Files, expiring: bool) -> None:
    first = span(0, TEXT[: 2 * LARGE], TEXT[: 2 * LARGE])
    longer = span(1, TEXT[: 2 * LARGE + 3 * SIZE + 5], start=NOON + 1)
    other = span(2, TEXT[SIZE : LARGE + 2 * SIZE], start=NOON + 2)
    spans = [first, longer, other]
    left: list[int] = []

    async def without(project: ProjectStore, number: int) -> None:
        if expiring:
            await project.traces.expire(NOON + number + 1)
        else:
            await project.traces.erase(trace(number), Erasure(id=f"e{number}", at=1, payload="p", actor="a"))

    def leaving(number: int) -> Any:
        async def work(store: Store) -> list[list[Span]]:
            project = await store.project("one")
            await without(project, number)
            return [await project.traces.get(each.trace_id) for each in spans[number + 1 :]]

        return work

    async def stored(store: Store) -> None:
        await (await store.project("one")).traces.append(spans)
        await (await store.project("two")).traces.append([span(9, b"of the same day")])

    files.run(stored)
    left.append(files.blocks())
    for number in range(3):
        assert files.run(leaving(number)) == [[each] for each in spans[number + 1 :]]
        left.append(files.blocks())

    assert left == [2 + 3 + 2, 2 + 3 + 2, 2, 0]


def test_days_that_leave_whole_take_their_blocks_along(files: Files) -> None:
    today, yesterday = span(0, TEXT), span(1, TEXT, start=NOON - DAY)

    async def work(store: Store) -> tuple[int, list[Span]]:
        traces = (await store.project("one")).traces
        await traces.append([today, yesterday])
        return await traces.expire(NOON - DAY // 2), await traces.get(today.trace_id)

    assert files.run(work) == (1, [today])
    assert files.blocks() == 3


def test_spans_that_came_long_ago_share_their_blocks_too(files: Files) -> None:
    spans = [span(number, TEXT, start=number) for number in range(3)]

    async def work(store: Store) -> list[list[Span]]:
        traces = (await store.project("one")).traces
        await traces.append(spans)
        return [await traces.get(each.trace_id) for each in spans]

    assert files.run(work) == [[each] for each in spans]
    assert files.blocks() == 3


def test_block_that_nobody_uses_is_gone_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    async def stored(store: Store) -> None:
        await (await store.project("one")).traces.append([span(0, TEXT), span(1, TEXT[:LARGE])])

    async def erased(store: Store) -> None:
        project = await store.project("one")
        await project.traces.erase(trace(0), Erasure(id="e", at=1, payload="p", actor="a"))

    asyncio.run(with_store(open_sqlite(tmp_path), stored))
    # Random bytes cannot be packed, so they stand in the file as they are: the end of each block on a page of its own.
    ends = [TEXT[place - 1000 : place] for place in (LARGE, 2 * LARGE, 3 * LARGE)]
    before = [end in file.read_bytes() for end in ends]
    asyncio.run(with_store(open_sqlite(tmp_path), erased))

    assert before == [True, True, True]
    assert [end in file.read_bytes() for end in ends] == [True, False, False]


def test_stream_stays_whole_in_its_span(files: Files) -> None:
    told = msgspec.structs.replace(span(0, b""), output=Payload(media_type="text/event-stream", body=TEXT))

    async def work(store: Store) -> list[Span]:
        traces = (await store.project("one")).traces
        await traces.append([told])
        return await traces.get(told.trace_id)

    assert files.run(work) == [told]
    assert files.blocks() == 0


def test_two_projects_never_share(files: Files) -> None:
    async def work(store: Store) -> list[list[Span]]:
        projects = [await store.project(name) for name in ("one", "two")]
        for project in projects:
            await project.traces.append([span(0, TEXT)])
        await projects[0].traces.erase(trace(0), Erasure(id="e", at=1, payload="p", actor="a"))
        return [await projects[1].traces.get(trace(0))]

    assert files.run(work) == [[span(0, TEXT)]]
    assert files.blocks() == 3
    assert files.execute("SELECT DISTINCT project FROM blocks") == [("two",)]


def test_names_of_blocks_tell_nobody_who_lacks_the_key_what_they_hold(files: Files) -> None:
    async def work(store: Store) -> None:
        for name in ("one", "two"):
            await (await store.project(name)).traces.append([span(0, TEXT)])

    files.run(work)

    names = {bytes(name) for (name,) in files.execute("SELECT hash FROM blocks")}
    assert len(names) == 6


def test_hash_of_what_was_erased_is_that_of_the_whole_payloads(files: Files) -> None:
    told = span(0, TEXT, TEXT[:LARGE])

    async def work(store: Store) -> list[Span]:
        traces = (await store.project("one")).traces
        await traces.append([told])
        await traces.erase(told.trace_id, Erasure(id="e", at=1, payload="p", actor="a"))
        return await traces.get(told.trace_id)

    (found,) = files.run(work)

    key = bytes(files.execute("SELECT payload_key FROM projects")[0][0])
    assert found.erased == keyed_hash(key, msgspec.msgpack.encode((told.input, told.output, told.attributes)))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM blocks WHERE parent IS NULL", "is missing"),
        ("UPDATE blocks SET body = substr(body, 1, 900)", "is damaged"),
    ],
)
def test_block_that_is_missing_or_damaged_is_told_with_what_to_do(files: Files, statement: str, said: str) -> None:
    async def stored(store: Store) -> None:
        await (await store.project("one")).traces.append([span(0, TEXT)])

    async def read(store: Store) -> list[Span]:
        return await (await store.project("one")).traces.get(trace(0))

    files.run(stored)
    files.execute(statement)

    with pytest.raises(StorageError, match=said) as raised:
        files.run(read)
    assert "backup" in raised.value.hint


def test_block_that_went_missing_comes_back_with_the_next_span_that_has_it(files: Files) -> None:
    async def stored(store: Store) -> None:
        await (await store.project("one")).traces.append([span(0, TEXT)])

    async def again(store: Store) -> list[Span]:
        traces = (await store.project("one")).traces
        await traces.append([span(1, TEXT)])
        return [*await traces.get(trace(0)), *await traces.get(trace(1))]

    files.run(stored)
    files.execute("DELETE FROM blocks WHERE parent IS NULL")

    assert files.run(again) == [span(0, TEXT), span(1, TEXT)]


WORDS = " ".join(f"w{number}x" for number in range(40_000)).encode()
FOUND = {"w1x": True, "w20000x": False, "w39999x": True, "role": False, "dörte": True}
SAID = {
    "text/plain": "dörte ".encode() + WORDS,
    "application/json": msgspec.json.encode(
        {"first": "D\u00f6rte", "messages": [{"role": "r", "content": WORDS.decode()}, {"role": "r", "content": ""}]}
    ),
    "application/json; escaped": b'{"first": "D\\u00f6rte\\nw1x", "messages": [{"role": "r", "content": "'
    + WORDS
    + b'"}]}',
}


@pytest.mark.parametrize("media_type", SAID)
def test_long_payload_is_found_by_its_beginning_and_its_end(engine: Engine, media_type: str) -> None:
    told = msgspec.structs.replace(span(0, b""), input=Payload(media_type=media_type, body=SAID[media_type]))

    async def work(store: Store) -> list[dict[str, bool]]:
        project = await store.project("one")
        await project.traces.append([told])
        await store.index_spans()
        before = {word: await _finds(project, word) for word in FOUND}
        await project.traces.erase(told.trace_id, Erasure(id="e", at=1, payload="p", actor="a"))
        return [before, {word: await _finds(project, word) for word in FOUND}]

    assert engine.run(work) == [FOUND, dict.fromkeys(FOUND, False)]


def test_long_stream_is_found_by_the_ends_of_its_text(engine: Engine) -> None:
    events = b"".join(b'data: {"id": "i", "delta": "%s "}\n\n' % word for word in WORDS.split()[:8_000])
    told = msgspec.structs.replace(span(0, b""), output=Payload(media_type="text/event-stream", body=events))

    async def work(store: Store) -> list[bool]:
        project = await store.project("one")
        await project.traces.append([told])
        await store.index_spans()
        return [await _finds(project, word) for word in ("w1x", "w4000x", "w7999x", "delta")]

    assert engine.run(work) == [True, False, True, False]


def test_long_payload_of_before_is_found_by_all_of_its_words_and_leaves_with_them(files: Files) -> None:
    told = span(0, WORDS[:100_000])
    fields = msgspec.to_builtins(body_of(told), builtin_types=(bytes,))
    packed = Packer().compress(msgspec.msgpack.encode(fields[:12]))

    async def stored(store: Store) -> None:
        await (await store.project("one")).traces.append([span(0, b"")])

    async def searched(store: Store) -> tuple[list[Span], list[bool]]:
        project = await store.project("one")
        await store.index_spans()
        found = [await _finds(project, "w9000x")]
        spans = await project.traces.get(told.trace_id)
        await project.traces.erase(told.trace_id, Erasure(id="e", at=1, payload="p", actor="a"))
        return spans, [*found, await _finds(project, "w9000x")]

    files.run(stored)
    files.execute(f"UPDATE spans SET payload = {files.literal.format(packed.hex())}")

    assert files.run(searched) == ([told], [True, False])


async def _finds(project: ProjectStore, word: str) -> bool:
    return bool(await project.traces.latest(where=TraceFilter(words=word)))
