"""SciFact through the product itself: index 5,183 abstracts, search them, and answer 1,000 claims with quotes.

Prints indexing, retrieval (nDCG@10 and recall@100 on the 300 validation claims, which are BEIR's test queries), and for
the answers how many quotes were shown and how many of them stand verbatim at their offsets.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.scifact.data import Claim, abstracts, claims, data_option
from benchmarks.scifact.retrieval import ndcg, recall
from lasttenth import Answer, App
from lasttenth.context.retrieval import Retriever
from lasttenth.storage.ports import Hit, Indexes

INDEX = "default"
ANSWERS = 1000
DEPTH = 300
"""Chunks that are looked at, so that a hundred documents are among them."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Retrieval figures of one way of searching."""

    way: str
    ndcg: float
    recall: float
    milliseconds: float


def main() -> None:
    """Run everything and print it."""
    parser = data_option("SciFact through the product")
    parser.add_argument("--folder", type=Path, help="where the index is kept between runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        documents = _written(options.data, Path(work) / "abstracts")
        asyncio.run(_measure(options.data, documents, options.folder or Path(work) / "data"))


def _written(data: Path, folder: Path) -> Path:
    folder.mkdir()
    for one in abstracts(data).values():
        (folder / f"{one.document}.md").write_text(f"# {one.title}\n\n{one.body}\n", encoding="utf-8")
    return folder


async def _measure(data: Path, documents: Path, folder: Path) -> None:
    async with App(folder) as app:
        began = time.process_time()
        report = await app.index([documents], base=documents)
        print(f"indexed {report.added} of {report.documents} documents, {report.chunks} chunks, embedder")
        print(f"  {report.embedder or 'none'}: {time.process_time() - began:.1f} CPU s")
        validation = [claim for claim in claims(data, "validation") if claim.cited]
        for figures in await _retrieval(app, validation):
            print(
                f"{figures.way:8} nDCG@10 {figures.ndcg:.4f}  recall@100 {figures.recall:.4f}  {figures.milliseconds:.1f} ms"
            )
        asked = [*validation, *(claim for claim in claims(data, "train") if claim.cited)][:ANSWERS]
        await _answers(app, asked)


async def _retrieval(app: App, asked: Sequence[Claim]) -> list[Figures]:
    indexes = (await app.installation.store.project(app.project)).indexes
    embedder = app.installation.embedder.get()
    ways = {"lexical": Retriever(indexes, None)}
    if embedder is not None:
        ways["hybrid"] = Retriever(indexes, embedder)
    found = []
    for way, retriever in ways.items():
        began = time.process_time()
        rankings = [_documents([p.document for p in await retriever.search(INDEX, c.text, limit=DEPTH)]) for c in asked]
        found.append(_figures(way, rankings, asked, time.process_time() - began))
    if embedder is not None:
        began = time.process_time()
        rankings = [await _dense(indexes, embedder.embed([claim.text])[0]) for claim in asked]
        found.insert(1, _figures("dense", rankings, asked, time.process_time() - began))
    return found


async def _dense(indexes: Indexes, vector: np.typing.NDArray[np.float32]) -> list[tuple[str, float]]:
    hits: list[Hit] = await indexes.search_vectors(INDEX, vector, limit=DEPTH)
    return _documents([chunk.document for chunk in await indexes.chunks(INDEX, [hit.chunk for hit in hits])])


def _documents(names: Sequence[str]) -> list[tuple[str, float]]:
    """Return the documents of a ranking of chunks, each where its best chunk stands."""
    return [(name.removesuffix(".md"), 0.0) for name in dict.fromkeys(names)]


def _figures(way: str, rankings: list[list[tuple[str, float]]], asked: Sequence[Claim], spent: float) -> Figures:
    pairs = list(zip(rankings, asked, strict=True))
    return Figures(
        way=way,
        ndcg=statistics.mean(ndcg(ranking, claim) for ranking, claim in pairs),
        recall=statistics.mean(recall(ranking, claim) for ranking, claim in pairs),
        milliseconds=spent / len(asked) * 1000,
    )


async def _answers(app: App, asked: Sequence[Claim]) -> None:
    indexes = (await app.installation.store.project(app.project)).indexes
    answers: list[Answer] = [await app.ask(claim.text) for claim in asked]
    shown = [citation for answer in answers for citation in answer.citations]
    texts = {name: await indexes.text(INDEX, name) for name in {citation.document for citation in shown}}
    verbatim = sum(texts[one.document][one.start : one.end] == one.quote for one in shown)
    lines = sum(texts[one.document].count("\n", 0, one.start) + 1 == one.line for one in shown)
    declined = sum(answer.declined for answer in answers)
    latency = sorted(answer.latency for answer in answers)
    print(f"{len(answers)} answers: {declined} declined, {len(shown)} quotes shown")
    print(f"  verbatim at their offsets: {verbatim}; on their line: {lines}")
    print(f"  latency: median {latency[len(latency) // 2] * 1000:.0f} ms, worst {latency[-1] * 1000:.0f} ms")


if __name__ == "__main__":
    main()
