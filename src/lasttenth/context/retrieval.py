"""Retrieval: the passages that share words with a question and those that are near to it in meaning, fused by rank.

Fusion is reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009): a passage scores the sum of weight / (k + rank)
over the lists it stands in.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lasttenth.context.embedding import Embedder, check_embedder
from lasttenth.context.nearness import Nearness
from lasttenth.storage.ports import Hit, Indexes, StoredChunk

RANK_OFFSET = 20
"""Chosen on the train claims of SciFact, where 5 to 60 differ by less than 0.005 nDCG@10."""
CANDIDATES = 100
"""How many passages each list contributes."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that was found: `text` is `[start, start + len(text))` of the document, `line` counts from 1."""

    document: str
    section: str
    """The headings above it, joined by ` > `."""
    text: str
    start: int
    line: int
    score: float
    similarity: float | None = None
    """Cosine to the question; None where the index has no vectors, or it was not among the nearest."""


class Snapshot(NamedTuple):
    """What a retriever searches: the hash of an index's content, and of the artefacts that it is searched with."""

    hash: str
    artefacts: dict[str, str]


class Retriever:
    """Search the indexes of one project.

    Args:
        indexes: the project's indexes.
        embedder: what the dense part is made with; None searches by words alone.
    """

    def __init__(self, indexes: Indexes, embedder: Embedder | None) -> None:
        self._indexes = indexes
        self._embedder = embedder
        self._snapshots: dict[str, tuple[int, str]] = {}
        self.nearness = Nearness(embedder)

    async def snapshot(self, index: str) -> Snapshot:
        """Return what an index holds now. Raises IndexNotFoundError."""
        info = await self._indexes.get(index)
        revision, content = self._snapshots.get(index, (-1, ""))
        if revision != info.revision:
            content = await self._indexes.snapshot(index)
            self._snapshots[index] = info.revision, content
        settings = info.settings
        by_meaning = settings.embedder and self._embedder is not None
        return Snapshot(content, {settings.embedder: settings.embedder_hash} if by_meaning else {})

    async def search(self, index: str, question: str, *, limit: int) -> list[Passage]:
        """Return the best passages, best first. Raises IndexNotFoundError, EmbedderMismatchError."""
        info = await self._indexes.get(index)
        lexical = await self._indexes.search_words(index, question, limit=CANDIDATES)
        dense: list[Hit] = []
        if info.settings.embedder and self._embedder is not None:
            check_embedder(info, self._embedder)
            rows = await asyncio.to_thread(self._embedder.embed, [question])
            dense = await self._indexes.search_vectors(index, rows[0], limit=CANDIDATES)
        best = fuse([lexical, dense])[:limit]
        chunks = {chunk.id: chunk for chunk in await self._indexes.chunks(index, [each.chunk for each in best])}
        cosines = {hit.chunk: hit.score for hit in dense}
        return [
            _passage(chunks[each.chunk], score=each.score, similarity=cosines.get(each.chunk))
            for each in best
            if each.chunk in chunks
        ]


def fuse(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Return the chunks of several rankings by reciprocal rank, best first; ties keep the order of the chunks."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, 1):
            scores[hit.chunk] = scores.get(hit.chunk, 0.0) + 1.0 / (RANK_OFFSET + rank)
    return sorted((Hit(chunk, score) for chunk, score in scores.items()), key=lambda each: (-each.score, each.chunk))


def _passage(chunk: StoredChunk, *, score: float, similarity: float | None) -> Passage:
    return Passage(
        document=chunk.document,
        section=" > ".join(chunk.headings),
        text=chunk.text,
        start=chunk.start,
        line=chunk.line,
        score=score,
        similarity=similarity,
    )
