"""The PostgreSQL store: opened by many at once, written by many at once, and never left half made."""

import asyncio

import pytest
from tests.conftest import open_postgres, with_store
from tests.servers import PostgresServer

from lasttenth.records.errors import ConfigurationError, StorageError
from lasttenth.records.events import Erasure
from lasttenth.records.traces import Payload
from lasttenth.storage.ports import IndexSettings, IndexSize, NewChunk, NewDocument, Store

WORDS = IndexSettings(splitter="1")


def document(name: str, text: str) -> NewDocument:
    """Return a document of one chunk."""
    chunk = NewChunk(start=0, end=len(text), line=1)
    return NewDocument(name=name, hash=name, media_type="text/plain", text=text, chunks=(chunk,))


def test_processes_that_start_together_make_the_schema_once(postgres: PostgresServer) -> None:
    async def work(url: str) -> list[list[str]]:
        stores = await asyncio.gather(*(open_postgres(url) for _ in range(4)))
        await asyncio.gather(*(store.project("default") for store in stores))
        names = [await store.projects() for store in stores]
        await asyncio.gather(*(store.close() for store in stores))
        return names

    with postgres.database() as url:
        assert asyncio.run(work(url)) == [["default"]] * 4


def test_schema_is_made_whole_or_not_at_all(postgres: PostgresServer) -> None:
    async def work(store: Store) -> list[str]:
        return await store.projects()

    with postgres.database() as url:
        name = url.partition("?")[0].rpartition("/")[2]
        postgres.execute("CREATE TABLE chunks (n int)", name)
        with pytest.raises(StorageError):
            asyncio.run(with_store(open_postgres(url), work))
        postgres.execute("DROP TABLE chunks", name)

        assert asyncio.run(with_store(open_postgres(url), work)) == []


def test_user_who_may_not_make_the_schema_is_told(postgres: PostgresServer) -> None:
    async def work(store: Store) -> list[str]:
        return await store.projects()

    postgres.execute("CREATE ROLE guest LOGIN")
    try:
        with postgres.database() as url, pytest.raises(StorageError, match="owner of the database"):
            asyncio.run(with_store(open_postgres(url.replace("postgres@", "guest@")), work))
    finally:
        postgres.execute("DROP ROLE guest")


def test_writers_on_one_index_take_turns_and_lose_nothing(postgres: PostgresServer) -> None:
    async def work(url: str) -> tuple[IndexSize, int]:
        stores = await asyncio.gather(*(open_postgres(url) for _ in range(2)))
        indexes = [(await store.project("one")).indexes for store in stores]
        # Equal texts are one payload, which comes and goes with whichever document is there.
        await asyncio.gather(*(each.create("docs", WORDS) for each in indexes * 4))
        await asyncio.gather(*(indexes[n % 2].put("docs", [document(f"{n}", "same words")]) for n in range(20)))
        await asyncio.gather(*(indexes[n % 2].remove("docs", [f"{n}"]) for n in range(0, 20, 2)))
        size = await indexes[0].size("docs")
        found = len(await indexes[1].search_words("docs", "words", limit=50))
        await asyncio.gather(*(store.close() for store in stores))
        return size, found

    with postgres.database() as url:
        assert asyncio.run(work(url)) == (IndexSize(10, 10), 10)


def test_documents_of_two_indexes_share_a_text_that_comes_and_goes(postgres: PostgresServer) -> None:
    async def churn(store: Store, name: str) -> str:
        indexes = (await store.project("one")).indexes
        await indexes.create(name, WORDS)
        for _ in range(15):
            await indexes.put(name, [document("a", "the same text")])
            await indexes.remove(name, ["a"])
        await indexes.put(name, [document("a", "the same text")])
        return await indexes.text(name, "a")

    async def work(store: Store) -> list[str]:
        return await asyncio.gather(*(churn(store, f"index {number}") for number in range(4)))

    with postgres.database() as url:
        assert asyncio.run(with_store(open_postgres(url), work)) == ["the same text"] * 4


def test_erased_payload_is_told_apart_from_one_that_arrives_meanwhile(postgres: PostgresServer) -> None:
    payload = Payload(media_type="text/plain", body=b"said by many")

    async def work(store: Store) -> int:
        project = await store.project("one")
        name = await project.payloads.put(payload)
        erasures = (project.payloads.erase(Erasure(id=f"{n}", at=1, payload=name, actor="a")) for n in range(10))
        await asyncio.gather(*erasures, *(project.payloads.put(payload) for _ in range(10)))
        return len(await project.events.latest(Erasure))

    with postgres.database() as url:
        assert asyncio.run(with_store(open_postgres(url), work)) == 10


def test_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as raised:
        asyncio.run(open_postgres("postgresql://me:secret@host:port/app"))

    assert "secret" not in str(raised.value)
