"""One suite for every engine: indexes."""

import numpy as np
import pytest
from tests.conftest import Engine

from lasttenth.records.errors import ConflictError, IndexNotFoundError, NotFoundError
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.ports import IndexSettings, IndexSize, NewChunk, NewDocument, Store, StoredChunk

WORDS = IndexSettings(splitter="1")
VECTORS = IndexSettings(splitter="1", embedder="test/embedder", embedder_hash="h", dimension=2)


def document(name: str, text: str, *, vector: tuple[float, float] | None = None) -> NewDocument:
    """Return a document of one chunk."""
    body = b"" if vector is None else np.array(vector, dtype="<f4").tobytes()
    chunk = NewChunk(start=0, end=len(text), line=1, headings=("Policy",), vector=body)
    return NewDocument(name=name, hash=f"hash of {text}", media_type="text/markdown", text=text, chunks=(chunk,))


def test_chunk_is_found_by_its_words_in_any_form(engine: Engine) -> None:
    async def work(store: Store) -> list[StoredChunk]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("a.md", "Lamps are returned."), document("b.md", "Nothing here.")])
        hits = await indexes.search_words("docs", "who is returning a lamp?", limit=5)
        return await indexes.chunks("docs", [hit.chunk for hit in hits])

    found = engine.run(work)

    assert [(chunk.document, chunk.text, chunk.headings) for chunk in found] == [
        ("a.md", "Lamps are returned.", ("Policy",))
    ]


def test_words_of_a_query_are_never_read_as_syntax(engine: Engine) -> None:
    async def work(store: Store) -> int:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("a.md", "near and or not")])
        queries = ['"', "a AND", "NEAR(", "x*", "col:umn", "(((", "-", "", "\0", "' OR 1=1 --", "^near"]
        return sum([len(await indexes.search_words("docs", query, limit=5)) for query in queries])

    assert engine.run(work) >= 2


def test_nearest_chunks_come_first(engine: Engine) -> None:
    async def work(store: Store) -> list[str]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", VECTORS)
        await indexes.put("docs", [document("up", "u", vector=(0, 1)), document("right", "r", vector=(1, 0))])
        hits = await indexes.search_vectors("docs", np.array([0.8, 0.6], dtype=np.float32), limit=2)
        return [chunk.document for chunk in await indexes.chunks("docs", [hit.chunk for hit in hits])]

    assert engine.run(work) == ["right", "up"]


def test_search_sees_every_change(engine: Engine) -> None:
    async def work(store: Store) -> list[int]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", VECTORS)
        counts = []
        for step in range(3):
            await indexes.put("docs", [document(f"{step}", "same text", vector=(0, 1))])
            hits = await indexes.search_vectors("docs", np.array([0, 1], dtype=np.float32), limit=9)
            counts.append(len(hits))
        await indexes.remove("docs", ["0", "unknown"])
        counts.append(len(await indexes.search_vectors("docs", np.array([0, 1], dtype=np.float32), limit=9)))
        counts.append(len(await indexes.search_words("docs", "same", limit=9)))
        return counts

    assert engine.run(work) == [1, 2, 3, 2, 2]


def test_document_of_the_same_name_is_replaced(engine: Engine) -> None:
    async def work(store: Store) -> tuple[IndexSize, str, int, int]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("a.md", "Old words.")])
        await indexes.put("docs", [document("a.md", "New text.")])
        old, new = [len(await indexes.search_words("docs", word, limit=5)) for word in ("old", "new")]
        return await indexes.size("docs"), await indexes.text("docs", "a.md"), old, new

    assert engine.run(work) == ((1, 1), "New text.", 0, 1)


def test_index_with_other_settings_is_refused_with_the_command_that_mends_it(engine: Engine) -> None:
    async def work(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.create("docs", VECTORS)

    with pytest.raises(ConflictError, match=r"embedder none, now test/embedder.*--rebuild"):
        engine.run(work)


def test_vector_of_another_dimension_is_refused(engine: Engine) -> None:
    async def work(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", VECTORS)
        await indexes.search_vectors("docs", np.ones(3, dtype=np.float32), limit=1)

    with pytest.raises(ConflictError, match="vectors of 2 numbers"):
        engine.run(work)


def test_snapshot_says_what_the_index_holds_and_nothing_else(engine: Engine) -> None:
    async def work(store: Store) -> list[str]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        taken = [await indexes.snapshot("docs")]
        await indexes.put("docs", [document("a", "1")])
        taken.append(await indexes.snapshot("docs"))
        await indexes.put("docs", [document("a", "2")])
        taken.append(await indexes.snapshot("docs"))
        await indexes.put("docs", [document("a", "1")])
        taken.append(await indexes.snapshot("docs"))
        return taken

    empty, first, second, again = engine.run(work)

    assert len({empty, first, second}) == 3
    assert again == first


def test_dropped_index_is_gone_and_its_name_is_free(engine: Engine) -> None:
    async def work(store: Store) -> list[int]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("a.md", "Some words.")])
        await indexes.drop("docs")
        await indexes.create("docs", VECTORS)
        return [len(await indexes.search_words("docs", "words", limit=5)), (await indexes.size("docs")).documents]

    assert engine.run(work) == [0, 0]


def test_unknown_index_or_document_is_not_found(engine: Engine) -> None:
    async def search(store: Store) -> None:
        await (await store.project("one")).indexes.search_words("nope", "x", limit=1)

    async def read(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.text("docs", "nope.md")

    with pytest.raises(IndexNotFoundError, match="lasttenth index add"):
        engine.run(search)
    with pytest.raises(NotFoundError, match="no document"):
        engine.run(read)


def test_document_that_leaves_takes_no_equal_text_of_a_trace_with_it(engine: Engine) -> None:
    said = Payload(media_type="text/markdown", body=b"Lamps are returned.")
    asked = Span(trace_id="1" * 32, span_id="a" * 16, name="n", operation="chat", start=1, end=2, input=said)

    async def work(store: Store) -> Payload | None:
        project = await store.project("one")
        await project.traces.append([asked])
        await project.indexes.create("docs", WORDS)
        await project.indexes.put("docs", [document("a.md", said.body.decode())])
        await project.indexes.remove("docs", ["a.md"])
        return (await project.traces.get(asked.trace_id))[0].input

    assert engine.run(work) == said


def test_any_number_of_documents_is_removed_and_none_is_found_by_its_words(engine: Engine) -> None:
    names = [f"{number}.md" for number in range(1_000)]

    async def work(store: Store) -> tuple[int, IndexSize]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document(name, f"Lamp {name}.") for name in names])
        await indexes.remove("docs", [*names[1:], *(f"unknown {number}" for number in range(300_000))])
        return len(await indexes.search_words("docs", "lamp", limit=5)), await indexes.size("docs")

    assert engine.run(work) == (1, IndexSize(1, 1))


def test_names_and_texts_may_hold_any_character(engine: Engine) -> None:
    odd = ["\0", "a\nb", "é.md", "e\u0301.md", "%_'\"", "../x", "🙂"]

    async def work(store: Store) -> tuple[dict[str, str], IndexSize, int]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        for _ in range(2):
            await indexes.put("docs", [document(name, f"lamp\0{name}\0lamp") for name in odd])
        names = await indexes.documents("docs")
        size = await indexes.size("docs")
        await indexes.remove("docs", odd)
        return names, size, len(await indexes.search_words("docs", "lamp", limit=50))

    names, size, found = engine.run(work)

    assert set(names) == set(odd)
    assert (size, found) == (IndexSize(len(odd), len(odd)), 0)


def test_vectors_of_another_embedder_never_enter_an_index_that_was_made_anew_meanwhile(engine: Engine) -> None:
    async def work(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("a.md", "Text.", vector=(1.0, 0.0))])

    with pytest.raises(ConflictError, match="made anew"):
        engine.run(work)


def test_chunk_of_a_document_that_left_is_never_mistaken_for_another(engine: Engine) -> None:
    async def work(store: Store) -> list[StoredChunk]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [document("old.md", "Old words.")])
        hits = await indexes.search_words("docs", "words", limit=5)
        await indexes.put("docs", [document("old.md", "New words.")])
        return await indexes.chunks("docs", [hit.chunk for hit in hits])

    assert engine.run(work) == []


def test_revision_only_grows_even_when_the_index_is_made_anew_under_its_name(engine: Engine) -> None:
    async def work(store: Store) -> list[int]:
        indexes = (await store.project("one")).indexes
        seen = []
        for _ in range(3):
            seen.append((await indexes.create("docs", WORDS)).revision)
            await indexes.put("docs", [document("a.md", "Text.")])
            seen.append((await indexes.get("docs")).revision)
            await indexes.drop("docs")
        return seen

    revisions = engine.run(work)

    assert revisions == sorted(set(revisions))


def test_rare_word_weighs_more_than_words_that_stand_everywhere(engine: Engine) -> None:
    plenty = [document(f"{number}.md", f"The lamp of the house, number {number}.") for number in range(30)]
    rare = document("rare.md", "A warranty is given for three years, and the receipt is proof.")

    async def work(store: Store) -> tuple[list[str], list[float]]:
        indexes = (await store.project("one")).indexes
        await indexes.create("docs", WORDS)
        await indexes.put("docs", [*plenty, rare])
        hits = await indexes.search_words("docs", "the lamp of the warranty", limit=5)
        chunks = await indexes.chunks("docs", [hit.chunk for hit in hits])
        return [chunk.document for chunk in chunks], [hit.score for hit in hits]

    documents, scores = engine.run(work)

    assert documents[0] == "rare.md"
    assert scores == sorted(scores, reverse=True)


def test_index_takes_the_place_of_another(engine: Engine) -> None:
    async def work(store: Store) -> tuple[list[str], str, int]:
        indexes = (await store.project("one")).indexes
        for name, text in (("docs", "Old words."), ("beside", "New words.")):
            await indexes.create(name, WORDS)
            await indexes.put(name, [document("a.md", text)])
        await indexes.replace("docs", by="beside")
        await indexes.replace("docs", by="docs")
        hits = await indexes.search_words("docs", "words", limit=5)
        return [info.name for info in await indexes.overview()], await indexes.text("docs", "a.md"), len(hits)

    assert engine.run(work) == (["docs"], "New words.", 1)
