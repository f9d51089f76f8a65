"""Which texts are near: by words where there is no embedder, else by meaning, each list embedded once."""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasttenth.context.nearness import Nearness

TEXTS = ["The lamp is broken.", "Where is the parcel?", "The lamp is too dark.", "Thanks!"]


class Letters:
    """An embedder that knows letters alone, and counts the texts that it was given."""

    id, hash, dimension = "letters", "0" * 64, 26

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        rows = np.array([[text.lower().count(chr(97 + place)) for place in range(26)] for text in texts], np.float32)
        norms: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (rows / np.maximum(norms, 1e-9)).astype(np.float32)
        return unit


def nearest(nearness: Nearness, asked: str, limit: int = 2) -> list[int]:
    return asyncio.run(nearness.nearest(TEXTS, asked, limit=limit))


def test_words_that_are_rare_among_the_texts_count_most() -> None:
    nearness = Nearness(None)

    assert nearest(nearness, "My lamp is dark") == [2, 0]
    assert nearest(nearness, "the parcel", limit=1) == [1]
    assert nearness.artefacts == {}


def test_of_texts_that_are_equally_far_the_first_come_first() -> None:
    assert nearest(Nearness(None), "") == [0, 1]
    assert nearest(Nearness(None), "äöü", limit=9) == [0, 1, 2, 3]


def test_meaning_is_compared_where_there_is_an_embedder_and_texts_are_embedded_once() -> None:
    embedder = Letters()
    nearness = Nearness(embedder)

    assert nearest(nearness, "thank", limit=1) == [3]
    assert nearest(nearness, "parcels", limit=1) == [1]
    assert embedder.embedded == len(TEXTS) + 2
    assert nearness.artefacts == {"letters": "0" * 64}
