"""How well the right abstract is found: FTS5 alone, MiniLM alone, and both fused by reciprocal rank.

Measures nDCG@10 and recall@100 on BEIR's 300 SciFact test queries, which are the validation claims; the relevant
documents of a claim are the ones it cites. Constant and weight of the fusion are chosen on the train claims.
"""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.scifact.data import Abstract, Claim, abstracts, claims, data_option
from benchmarks.scifact.vectors import StoredVectors

CONSTANT = 5
WEIGHT = 0.5
"""The fusion that wins on the train claims: the constant, and the weight of the dense ranking."""

Ranking = list[tuple[str, float]]
"""Documents with their scores, best first."""


class Index:
    """The corpus twice: titles and bodies in SQLite's FTS5 as the product sets it up, and one MiniLM vector each."""

    def __init__(self, corpus: Mapping[str, Abstract], vectors: StoredVectors) -> None:
        self._documents = list(corpus)
        self._embed = vectors.embed
        self._matrix = vectors.embed([f"{one.title}. {one.body}" for one in corpus.values()])
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE pages USING fts5(title, body, tokenize='porter unicode61')")
        rows = [(number, one.title, one.body) for number, one in enumerate(corpus.values())]
        self._connection.executemany("INSERT INTO pages(rowid, title, body) VALUES (?, ?, ?)", rows)

    def lexical(self, text: str, *, limit: int = 100) -> Ranking:
        """Return documents that share a word with the text, by BM25, higher is better."""
        query = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", text.lower())))
        statement = "SELECT rowid, -bm25(pages) FROM pages WHERE pages MATCH ? ORDER BY bm25(pages), rowid LIMIT ?"
        found = self._connection.execute(statement, (query, limit))
        return [(self._documents[number], score) for number, score in found]

    def dense(self, text: str, *, limit: int = 100) -> Ranking:
        """Return the documents nearest to the text by cosine."""
        similarity = self._matrix @ self._embed([text])[0]
        order = np.argsort(-similarity, kind="stable")[:limit]
        return [(self._documents[index], float(similarity[index])) for index in order]

    def hybrid(self, text: str, *, limit: int = 100) -> Ranking:
        """Return the fusion of both, with the constant and the weight that the train claims chose."""
        both = [(self.lexical(text), 1 - WEIGHT), (self.dense(text), WEIGHT)]
        return fuse(both, constant=CONSTANT)[:limit]

    def close(self) -> None:
        """Close the in-memory database."""
        self._connection.close()


def fuse(rankings: Sequence[tuple[Ranking, float]], *, constant: float) -> Ranking:
    """Fuse weighted rankings by reciprocal rank: the sum of weight / (constant + rank), ranks from 1.

    Source: Cormack, Clarke and Büttcher, 2009, "Reciprocal Rank Fusion outperforms Condorcet".
    """
    scores: dict[str, float] = {}
    for ranking, weight in rankings:
        for rank, (document, _) in enumerate(ranking, start=1):
            scores[document] = scores.get(document, 0.0) + weight / (constant + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


def ndcg(ranking: Ranking, claim: Claim, *, depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain with binary relevance, 0 to 1."""
    gain = sum(1 / np.log2(rank + 2) for rank, (document, _) in enumerate(ranking[:depth]) if document in claim.cited)
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(depth, len(claim.cited))))
    return float(gain / ideal)


def recall(ranking: Ranking, claim: Claim, *, depth: int = 100) -> float:
    """Return the share of the cited documents among the first `depth`."""
    return sum(document in claim.cited for document, _ in ranking[:depth]) / len(claim.cited)


def main() -> None:
    """Choose the fusion on the train claims and print every figure."""
    options = data_option("Retrieval on SciFact").parse_args()
    corpus, vectors = abstracts(options.data), StoredVectors(options.vectors)
    found = {split: _both(corpus, claims(options.data, split), vectors) for split in ("train", "validation")}
    vectors.save()
    train = found["train"]
    grid = [(constant, weight) for constant in (5, 10, 20, 40, 60) for weight in (0.3, 0.4, 0.5, 0.6, 0.7)]
    constant, weight = max(grid, key=lambda choice: train.fused(*choice)[0])
    print(f"fusion chosen on the train claims: constant {constant}, weight of the dense ranking {weight}")
    for choice in grid:
        print(f"  train, constant {choice[0]}, weight {choice[1]}: nDCG@10 {train.fused(*choice)[0]:.4f}")
    for split, both in found.items():
        print(f"{split}: nDCG@10, recall@100 over {len(both.claims)} queries")
        for name, figures in both.figures(constant, weight).items():
            print(f"  {name:24} {figures[0]:.4f}  {figures[1]:.4f}")


class _Both(NamedTuple):
    claims: list[Claim]
    lexical: list[Ranking]
    dense: list[Ranking]

    def fused(self, constant: float, weight: float) -> tuple[float, float]:
        pairs = zip(self.lexical, self.dense, strict=True)
        return self.mean([fuse([(one, 1 - weight), (two, weight)], constant=constant) for one, two in pairs])

    def mean(self, rankings: Sequence[Ranking]) -> tuple[float, float]:
        pairs = list(zip(rankings, self.claims, strict=True))
        return (
            float(np.mean([ndcg(ranking, claim) for ranking, claim in pairs])),
            float(np.mean([recall(ranking, claim) for ranking, claim in pairs])),
        )

    def figures(self, constant: float, weight: float) -> dict[str, tuple[float, float]]:
        return {
            "lexical (FTS5, Porter)": self.mean(self.lexical),
            "dense (MiniLM)": self.mean(self.dense),
            f"hybrid ({constant}, {weight})": self.fused(constant, weight),
            "hybrid (60, 0.5)": self.fused(60, 0.5),
        }


def _both(corpus: Mapping[str, Abstract], asked: list[Claim], vectors: StoredVectors) -> _Both:
    index = Index(corpus, vectors)
    result = _Both(asked, [index.lexical(one.text) for one in asked], [index.dense(one.text) for one in asked])
    index.close()
    return result


if __name__ == "__main__":
    main()
