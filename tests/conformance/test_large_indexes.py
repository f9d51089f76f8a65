"""One suite for every engine: indexes with more chunks than are compared one by one. Here that is a handful."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import Engine, open_postgres, open_sqlite
from tests.servers import PostgresServer

from lasttenth.storage.ports import Hit, Indexes, IndexSettings, NewChunk, NewDocument, Store

FEW = 20
DIMENSION = 24
SETTINGS = IndexSettings(splitter="1", embedder="test/embedder", embedder_hash="h", dimension=DIMENSION)
Vectors = NDArray[np.float32]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return an engine with nothing in it that compares the vectors of few chunks one by one."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield Engine(lambda clock: open_sqlite(Path(folder), clock, one_by_one=FEW))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield Engine(lambda clock: open_postgres(url, clock, one_by_one=FEW))


def made(count: int, *, seed: int = 1) -> Vectors:
    """Return unit vectors that lie in loose clusters away from the origin, as those of texts do."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, DIMENSION)) + 0.3
    rows = centres[random.integers(12, size=count)] + random.normal(size=(count, DIMENSION)) * 0.8
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def document(name: str, vectors: Vectors) -> NewDocument:
    """Return a document with a chunk for each vector."""
    text = "x" * len(vectors)
    chunks = tuple(
        NewChunk(start=place, end=place + 1, line=1, vector=vector.astype("<f4").tobytes())
        for place, vector in enumerate(vectors)
    )
    return NewDocument(name=name, hash="h", media_type="text/plain", text=text, chunks=chunks)


async def filled(
    store: Store, documents: Sequence[NewDocument], *, project: str = "one", name: str = "docs"
) -> Indexes:
    """Return the indexes of a project, of which one holds the documents."""
    indexes = (await store.project(project)).indexes
    await indexes.create(name, SETTINGS)
    await indexes.put(name, documents)
    return indexes


async def places(indexes: Indexes, vector: Vectors, *, limit: int = 5, name: str = "docs") -> list[tuple[str, int]]:
    """Return where the nearest chunks stand: their document and their place in it."""
    hits = await indexes.search_vectors(name, vector, limit=limit)
    return [(chunk.document, chunk.start) for chunk in await indexes.chunks(name, [hit.chunk for hit in hits])]


def test_nearest_chunks_of_a_large_index_are_found_as_by_comparing_all(engine: Engine) -> None:
    vectors, queries = made(1_500), made(40, seed=2)

    async def work(store: Store) -> list[list[tuple[str, int]]]:
        indexes = await filled(store, [document("a", vectors)])
        return [await places(indexes, query, limit=10) for query in queries]

    found = engine.run(work)

    right = [{("a", int(place)) for place in np.argsort(-(vectors @ query))[:10]} for query in queries]
    shares = [len(set(one) & other) / 10 for one, other in zip(found, right, strict=True)]
    assert sum(shares) / len(shares) >= 0.99


def test_scores_are_cosines_and_fall(engine: Engine) -> None:
    vectors, query = made(300), made(1, seed=2)[0]

    async def work(store: Store) -> list[Hit]:
        indexes = await filled(store, [document("a", vectors)])
        return await indexes.search_vectors("docs", query, limit=20)

    scores = [hit.score for hit in engine.run(work)]

    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(float(np.max(vectors @ query)), abs=1e-5)


def test_index_is_searched_rightly_while_it_grows_and_after_a_restart(engine: Engine) -> None:
    vectors = made(12 * 30)
    parts = [document(str(number), vectors[30 * number : 30 * (number + 1)]) for number in range(12)]

    async def grow(store: Store) -> list[tuple[str, int]]:
        indexes = await filled(store, [])
        first = []
        for part in parts:
            await indexes.put("docs", [part])
            asked = np.frombuffer(part.chunks[7].vector, dtype="<f4")
            first += await places(indexes, cast("Vectors", asked), limit=1)
        return first

    async def again(store: Store) -> list[tuple[str, int]]:
        indexes = (await store.project("one")).indexes
        return [(await places(indexes, vectors[30 * number + 7], limit=1))[0] for number in range(12)]

    grown, reopened = engine.run(grow), engine.run(again)

    assert grown == reopened == [(str(number), 7) for number in range(12)]


def test_what_was_removed_or_replaced_is_never_found_again(engine: Engine) -> None:
    vectors, others = made(300), made(100, seed=3)

    async def work(store: Store) -> tuple[list[set[str]], list[tuple[str, int]]]:
        parts = [document(str(number), vectors[100 * number : 100 * (number + 1)]) for number in range(3)]
        indexes = await filled(store, parts)
        seen = [{name for name, _ in await places(indexes, vectors[0], limit=300)}]
        await indexes.remove("docs", ["1"])
        seen.append({name for name, _ in await places(indexes, vectors[150], limit=300)})
        await indexes.put("docs", [document("0", others)])
        seen.append({name for name, _ in await places(indexes, vectors[0], limit=300)})
        return seen, await places(indexes, others[5], limit=1)

    (everything, without, replaced), found = engine.run(work)

    assert everything == {"0", "1", "2"}
    assert without == replaced == {"0", "2"}
    assert found == [("0", 5)]


def test_few_chunks_that_stayed_of_many_are_all_found(engine: Engine) -> None:
    vectors = made(600)

    async def work(store: Store) -> list[tuple[str, int]]:
        indexes = await filled(store, [document("stays", vectors[:3]), document("leaves", vectors[3:])])
        await places(indexes, vectors[0])
        await indexes.remove("docs", ["leaves"])
        return await places(indexes, vectors[400], limit=10)

    assert set(engine.run(work)) == {("stays", 0), ("stays", 1), ("stays", 2)}


def test_indexes_and_projects_never_see_each_others_chunks(engine: Engine) -> None:
    vectors = made(200)

    async def work(store: Store) -> list[set[str]]:
        seen = []
        for project, name in (("one", "docs"), ("one", "others"), ("two", "docs")):
            await filled(store, [document(f"{project} {name}", vectors)], project=project, name=name)
        for project, name in (("one", "docs"), ("one", "others"), ("two", "docs")):
            indexes = (await store.project(project)).indexes
            seen.append({found for found, _ in await places(indexes, vectors[0], limit=500, name=name)})
        return seen

    assert engine.run(work) == [{"one docs"}, {"one others"}, {"two docs"}]


def test_chunks_that_are_equally_near_stand_in_their_order(engine: Engine) -> None:
    same = np.repeat(made(1), 150, axis=0)

    async def work(store: Store) -> list[int]:
        indexes = await filled(store, [document("far", -made(100, seed=3)), document("same", same)])
        return [place for _, place in await places(indexes, same[0], limit=150)]

    assert engine.run(work) == list(range(150))


def test_large_index_that_is_dropped_leaves_its_name_free(engine: Engine) -> None:
    vectors = made(200)

    async def work(store: Store) -> list[tuple[str, int]]:
        indexes = await filled(store, [document("old", vectors)])
        await places(indexes, vectors[0])
        await indexes.drop("docs")
        await filled(store, [document("new", vectors[:50])])
        return await places(indexes, vectors[60], limit=50)

    assert {name for name, _ in engine.run(work)} == {"new"}


def test_large_index_takes_the_place_of_another(engine: Engine) -> None:
    vectors = made(200)

    async def work(store: Store) -> list[tuple[str, int]]:
        indexes = await filled(store, [document("old", vectors)])
        await filled(store, [document("new", vectors)], name="beside")
        await indexes.replace("docs", by="beside")
        return await places(indexes, vectors[60], limit=1)

    assert engine.run(work) == [("new", 60)]
