"""How well the right abstract is found: FTS5 alone, MiniLM alone, and both fused by reciprocal rank.

Measures nDCG@10 and recall@100 on BEIR's 300 SciFact test queries, which are the validation claims; the relevant
documents of a claim are the ones it cites. Constant and weight of the fusion are chosen on the train claims.
"""

import re
import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact.data import Abstract, Claim

Ranking = list[tuple[str, float]]
"""Documents with their scores, best first."""


class LexicalIndex:
    """Title and body of every abstract in SQLite's FTS5 with Porter's stemmer, ranked by BM25."""

    def __init__(self, corpus: Mapping[str, Abstract]) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE pages USING fts5(document UNINDEXED, text, tokenize='porter')")
        rows = [(one.document, f"{one.title}\n{one.body}") for one in corpus.values()]
        self._connection.executemany("INSERT INTO pages VALUES (?, ?)", rows)

    def search(self, text: str, *, limit: int = 100) -> Ranking:
        """Return documents that share a word with the text, by BM25, higher is better."""
        words = dict.fromkeys(re.findall(r"\w+", text.lower()))
        query = " OR ".join(f'"{word}"' for word in words)
        statement = "SELECT document, -bm25(pages) FROM pages WHERE pages MATCH ? ORDER BY bm25(pages), rowid LIMIT ?"
        return list(self._connection.execute(statement, (query, limit)))

    def close(self) -> None:
        """Close the in-memory database."""
        self._connection.close()


def dense_search(
    documents: Sequence[str], vectors: NDArray[np.float32], query: NDArray[np.float32], *, limit: int = 100
) -> Ranking:
    """Return the documents nearest to a query by cosine, over unit vectors."""
    similarity = vectors @ query
    order = np.argsort(-similarity, kind="stable")[:limit]
    return [(documents[index], float(similarity[index])) for index in order]


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
