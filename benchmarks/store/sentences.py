"""Vectors as they come: of sentences, of two sentences that follow each other, of titles and of questions, by MiniLM.

About 100,000 texts of SciFact and Banking77; the queries are SciFact's claims. Embedding them takes some ten minutes of one
core, so they are kept in a file. More than there are texts for are mixes of two of them, and are called so.
"""

import csv
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact.data import abstracts, claims
from lasttenth.models.embeddings import default_cache, open_minilm

KEPT = Path(tempfile.gettempdir()) / "lasttenth-store-vectors.npz"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

_BLOCK = 2_048
_MIXED_AT_ONCE = 50_000
_SHORTEST = 20


class Vectors(NamedTuple):
    """Unit rows to be searched, and unit rows to search with."""

    rows: NDArray[np.float32]
    queries: NDArray[np.float32]


def vectors(data: Path = DATA, kept: Path = KEPT) -> Vectors:
    """Return all real vectors in an order that mixes their sources."""
    if not kept.exists():
        searched, asked = texts(data)
        np.random.default_rng(1).shuffle(searched)
        made = Vectors(_embedded(searched), _embedded(asked))
        np.savez(kept, rows=made.rows, queries=made.queries)
    with np.load(kept) as stored:
        return Vectors(stored["rows"], stored["queries"])


def texts(data: Path) -> tuple[list[str], list[str]]:
    """Return the texts to be searched and those to search with, each once."""
    found = list(abstracts(data / "scifact").values())
    single = [sentence for each in found for sentence in each.sentences if len(sentence) > _SHORTEST]
    pairs = [
        f"{first} {second}" for each in found for first, second in zip(each.sentences, each.sentences[1:], strict=False)
    ]
    titles = [each.title for each in found]
    questions = [row["text"] for part in ("train", "test") for row in _rows(data / "banking77" / f"{part}.csv")]
    asked = [claim.text for claim in (*claims(data / "scifact", "train"), *claims(data / "scifact", "validation"))]
    return list(dict.fromkeys([*single, *pairs, *titles, *questions])), list(dict.fromkeys(asked))


def mixed(real: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the real rows and, up to this count, unit sums of one row and a fifth to three fifths of another."""
    random = np.random.default_rng(2)
    parts = [real[:count]]
    missing = count - len(real)
    for start in range(0, missing, _MIXED_AT_ONCE):
        size = min(_MIXED_AT_ONCE, missing - start)
        one, other = (real[random.integers(len(real), size=size)] for _ in range(2))
        row = one + other * random.uniform(0.2, 0.6, size=(size, 1)).astype(np.float32)
        parts.append(row / np.linalg.norm(row, axis=1, keepdims=True))
    return np.concatenate(parts)


def _embedded(found: list[str]) -> NDArray[np.float32]:
    embedder = open_minilm(default_cache(os.environ), threads=os.cpu_count() or 1)
    parts = []
    for start in range(0, len(found), _BLOCK):
        parts.append(embedder.embed(found[start : start + _BLOCK]))
        print(f"embedded {min(start + _BLOCK, len(found))} of {len(found)} texts", flush=True)
    embedder.close()
    return np.concatenate(parts)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
