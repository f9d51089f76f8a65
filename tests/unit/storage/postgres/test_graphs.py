"""Graphs over the vectors of large indexes in PostgreSQL: made, used, made again, and gone with their index."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
import psycopg
import pytest
from tests.conftest import open_postgres, with_store
from tests.servers import PostgresServer

from lasttenth.storage.ports import IndexSettings, NewChunk, NewDocument, Store

T = TypeVar("T")
FEW = 100
SETTINGS = IndexSettings(splitter="1", embedder="e", embedder_hash="h", dimension=32)
GRAPHS = "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'chunk_graph%'"


def run(url: str, work: Callable[[Store], Awaitable[T]]) -> T:
    return asyncio.run(with_store(open_postgres(url, one_by_one=FEW), work))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def document(name: str, count: int) -> NewDocument:
    vectors = np.random.default_rng(len(name)).normal(size=(count, 32)).astype("<f4")
    chunks = tuple(
        NewChunk(start=place, end=place + 1, line=1, vector=row.tobytes()) for place, row in enumerate(vectors)
    )
    return NewDocument(name=name, hash="h", media_type="text/plain", text="x" * count, chunks=chunks)


def put(name: str, count: int, *, index: str = "docs") -> Callable[[Store], Awaitable[None]]:
    async def work(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await indexes.create(index, SETTINGS)
        await indexes.put(index, [document(name, count)])

    return work


async def search(store: Store) -> int:
    indexes = (await store.project("one")).indexes
    return len(await indexes.search_vectors("docs", np.ones(32, dtype=np.float32), limit=5))


def test_graph_is_made_when_an_index_grows_and_searches_use_it(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        run(url, put("a", FEW))
        small = rows(url, GRAPHS)
        run(url, put("bb", 5_000))
        grown = rows(url, GRAPHS)
        rows(url, "VACUUM ANALYZE chunks")
        found = run(url, search)
        used = rows(url, "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname LIKE 'chunk_graph%'")

    assert small == []
    assert grown == [("chunk_graph_1", True)]
    assert found == 5
    assert used[0][0] > 0


def test_graph_that_was_left_half_made_is_made_again(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        run(url, put("a", 2 * FEW))
        rows(url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'chunk_graph_1'::regclass")
        searched = run(url, search)
        run(url, put("bb", 1))
        made = rows(url, GRAPHS)

    assert searched == 5
    assert made == [("chunk_graph_1", True)]


def test_graph_leaves_with_its_index(postgres: PostgresServer) -> None:
    async def drop(store: Store) -> None:
        await (await store.project("one")).indexes.drop("docs")

    with postgres.database() as url:
        run(url, put("a", 2 * FEW))
        run(url, put("a", 2 * FEW, index="stays"))
        run(url, drop)
        left = rows(url, GRAPHS)

    assert left == [("chunk_graph_2", True)]


def test_documents_are_stored_while_another_process_makes_a_graph(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        run(url, put("a", 1))
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(b"SELECT pg_advisory_lock(%s)", (0x1A577E48,))
            run(url, put("bb", 2 * FEW))
            meanwhile, found = rows(url, GRAPHS), run(url, search)
        run(url, put("ccc", 1))
        after = rows(url, GRAPHS)

    assert (meanwhile, found) == ([], 5)
    assert after == [("chunk_graph_1", True)]


def test_documents_are_stored_when_their_graph_fails(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres.database() as url:
        run(url, put("a", 1))
        rows(url, f"ALTER DATABASE {url.split('/')[3].split('?')[0]} SET lock_timeout = '200ms'")
        with psycopg.connect(url) as other, caplog.at_level(logging.WARNING, "lasttenth.storage"):
            other.execute(b"LOCK TABLE chunks IN SHARE UPDATE EXCLUSIVE MODE")
            run(url, put("bb", 2 * FEW))
            found = run(url, search)

    assert found == 5
    assert "compared one by one" in caplog.text
