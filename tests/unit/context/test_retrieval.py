"""Fusion by reciprocal rank, and embedders that must not be mixed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import with_sqlite

from lasttenth.context.indexing import Indexer, IndexReport, TextDocument
from lasttenth.context.retrieval import Passage, Retriever, fuse
from lasttenth.records.errors import ConflictError, DocumentError, EmbedderMismatchError
from lasttenth.storage.ports import Hit, Store


class LetterEmbedder:
    """Count letters: enough meaning for a test, and nothing to install."""

    dimension = 26

    def __init__(self, name: str = "test/letters") -> None:
        self.id = name
        self.hash = f"hash of {name}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text."""
        rows = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], dtype=np.float32)
        rows[:, 0] += 1e-3
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def test_fusion_adds_reciprocal_ranks_and_breaks_ties_by_chunk() -> None:
    fused = fuse([[Hit(1, 9.0), Hit(2, 8.0)], [Hit(2, 0.9), Hit(3, 0.8)], []], offset=60)

    assert [each.chunk for each in fused] == [2, 1, 3]
    assert fused[0].score == pytest.approx(1 / 62 + 1 / 61)


def test_folder_is_indexed_resumed_and_kept_in_step_with_the_files(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(5):
        (docs / f"{number}.md").write_text(f"# Page {number}\n\nText number {number}.\n")
    (docs / "broken.md").write_bytes(b"\0\1\2\xff")

    async def work(store: Store) -> list[IndexReport]:
        indexer = Indexer((await store.project("one")).indexes, None)
        reports = [await indexer.add("docs", [docs], base=tmp_path)]
        (docs / "1.md").unlink()
        (docs / "2.md").write_text("# Page 2\n\nOther text.\n")
        return [*reports, await indexer.add("docs", [docs], base=tmp_path)]

    first, second = asyncio.run(with_sqlite(tmp_path, work))

    assert (first.added, first.unchanged, first.removed, len(first.skipped)) == (5, 0, 0, 1)
    assert first.skipped[0].document == "docs/broken.md"
    assert (second.added, second.unchanged, second.removed, second.documents) == (1, 3, 1, 4)


def test_missing_path_is_an_error(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        indexer = Indexer((await store.project("one")).indexes, None)
        await indexer.add("docs", [tmp_path / "nope"], base=tmp_path)

    with pytest.raises(DocumentError, match="nope"):
        asyncio.run(with_sqlite(tmp_path, work))


def test_passage_tells_where_it_stands(tmp_path: Path) -> None:
    text = "# Refunds\n\nFirst line.\n\n## Times\n\nRefunds take 30 days.\n"

    async def work(store: Store) -> list[Passage]:
        indexes = (await store.project("one")).indexes
        await Indexer(indexes, LetterEmbedder()).add_texts("docs", [TextDocument(name="r.md", text=text)])
        return await Retriever(indexes, LetterEmbedder()).search("docs", "30 days", limit=1)

    (passage,) = asyncio.run(with_sqlite(tmp_path, work))

    assert text[passage.start : passage.start + len(passage.text)] == passage.text
    assert passage.section == "Refunds > Times"
    assert text.splitlines()[passage.line - 1] in passage.text
    assert passage.similarity is not None


def test_index_of_another_embedder_is_refused(tmp_path: Path) -> None:
    async def search(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await Indexer(indexes, LetterEmbedder()).add_texts("docs", [TextDocument(name="r.md", text="Text.")])
        await Retriever(indexes, LetterEmbedder("test/others")).search("docs", "text", limit=1)

    async def add(store: Store) -> None:
        indexes = (await store.project("one")).indexes
        await Indexer(indexes, None).add_texts("docs", [TextDocument(name="s.md", text="Text.")])

    with pytest.raises(EmbedderMismatchError, match="--rebuild"):
        asyncio.run(with_sqlite(tmp_path, search))
    with pytest.raises(ConflictError, match="--rebuild"):
        asyncio.run(with_sqlite(tmp_path, add))


def test_index_with_vectors_is_searched_by_words_where_no_embedder_is_installed(tmp_path: Path) -> None:
    async def work(store: Store) -> list[Passage]:
        indexes = (await store.project("one")).indexes
        await Indexer(indexes, LetterEmbedder()).add_texts("docs", [TextDocument(name="r.md", text="Some text.")])
        return await Retriever(indexes, None).search("docs", "text", limit=1)

    (passage,) = asyncio.run(with_sqlite(tmp_path, work))

    assert passage.similarity is None


def test_snapshot_names_the_embedder_only_where_it_is_searched_with(tmp_path: Path) -> None:
    async def work(store: Store) -> list[dict[str, str]]:
        indexes, letters = (await store.project("one")).indexes, LetterEmbedder()
        await Indexer(indexes, letters).add_texts("docs", [TextDocument(name="a.md", text="Tea.")])
        return [(await Retriever(indexes, embedder).snapshot("docs")).artefacts for embedder in (letters, None)]

    with_it, without = asyncio.run(with_sqlite(tmp_path, work))

    assert with_it == {"test/letters": "hash of test/letters"}
    assert without == {}
