"""One suite for every engine: files, whole and part by part."""

from typing import Any

import pytest
from tests.conftest import Engine

from lasttenth.records.errors import InvalidRequestError, NotFoundError
from lasttenth.storage.file_ports import FilePart, NewFile, StoredFile
from lasttenth.storage.ports import Store
from lasttenth.testing import FixedClock

LONG = bytes(range(256)) * 40


def file(number: int = 1, *, purpose: str = "batch", expires: int | None = None) -> NewFile:
    return NewFile(id=f"file-{number}", name="lines.jsonl", purpose=purpose, created=number, expires=expires)


def test_file_is_there_after_a_restart_as_it_was_stored(engine: Engine) -> None:
    parts = [FilePart(0, LONG), FilePart(1, b""), FilePart(7, b"end")]

    async def put(store: Store) -> None:
        await (await store.project("one")).files.put(file(), parts)

    async def get(store: Store) -> tuple[StoredFile, list[FilePart], list[int]]:
        files = (await store.project("one")).files
        return await files.get("file-1"), await files.parts("file-1"), await files.numbers("file-1")

    engine.run(put)

    stored, found, numbers = engine.run(get)
    assert (stored.name, stored.purpose, stored.created, stored.size, stored.parts) == (
        "lines.jsonl", "batch", 1, len(LONG) + 3, 3,
    )  # fmt: skip
    assert (found, numbers) == (parts, [0, 1, 7])


def test_part_that_is_there_stays_as_it_is(engine: Engine) -> None:
    async def work(store: Store) -> list[FilePart]:
        files = (await store.project("one")).files
        await files.put(file(), [FilePart(3, b"first")])
        await files.put(file(), [FilePart(3, b"again"), FilePart(2, b"before")])
        return await files.parts("file-1")

    assert engine.run(work) == [FilePart(2, b"before"), FilePart(3, b"first")]


def test_parts_come_page_by_page(engine: Engine) -> None:
    async def work(store: Store) -> list[list[int]]:
        files = (await store.project("one")).files
        await files.put(file(), [FilePart(number, b"x") for number in range(5)])
        return [[part.number for part in await files.parts("file-1", after=after, limit=2)] for after in (-1, 1, 3, 4)]

    assert engine.run(work) == [[0, 1], [2, 3], [4], []]


def test_files_are_listed_newest_first_by_purpose_and_page_by_page(engine: Engine) -> None:
    async def work(store: Store) -> list[list[str]]:
        files = (await store.project("one")).files
        for number in range(4):
            await files.put(file(number, purpose="batch" if number % 2 else "evals"), [])
        pages = (
            await files.latest(),
            await files.latest(purpose="batch"),
            await files.latest(limit=1, before="file-3"),
        )
        return [[each.id for each in page] for page in pages]

    assert engine.run(work) == [["file-3", "file-2", "file-1", "file-0"], ["file-3", "file-1"], ["file-2"]]


def test_removed_file_is_gone_and_so_are_its_parts(engine: Engine) -> None:
    async def work(store: Store) -> list[FilePart]:
        files = (await store.project("one")).files
        await files.put(file(), [FilePart(0, b"secret")])
        await files.remove("file-1")
        with pytest.raises(NotFoundError, match="no file file-1"):
            await files.remove("file-1")
        with pytest.raises(NotFoundError, match="no file file-1"):
            await files.get("file-1")
        await files.put(file(), [FilePart(1, b"new")])
        return await files.parts("file-1")

    assert engine.run(work) == [FilePart(1, b"new")]


def test_file_that_has_expired_is_gone(engine: Engine) -> None:
    clock = FixedClock()

    async def work(store: Store) -> list[int]:
        files = (await store.project("one")).files
        await files.put(file(1, expires=clock.now() + 1000), [FilePart(0, b"x")])
        there = len(await files.latest()) + len(await files.parts("file-1"))
        clock.advance(1000)
        gone = len(await files.latest()) + len(await files.parts("file-1")) + len(await files.numbers("file-1"))
        with pytest.raises(NotFoundError):
            await files.get("file-1")
        await files.put(file(2), [])
        with pytest.raises(NotFoundError):
            await files.remove("file-1")
        return [there, gone]

    assert engine.run(work, clock=clock) == [2, 0]


@pytest.mark.parametrize("wrong", [{"name": "x" * 401}, {"purpose": ""}, {"purpose": "x" * 41}], ids=str)
def test_name_and_purpose_are_bounded(engine: Engine, wrong: dict[str, Any]) -> None:
    async def work(store: Store) -> None:
        fields: dict[str, Any] = {"name": "a", "purpose": "batch", **wrong}
        await (await store.project("one")).files.put(NewFile(id="file-1", created=1, **fields), [])

    with pytest.raises(InvalidRequestError, match="at most 400 characters"):
        engine.run(work)
