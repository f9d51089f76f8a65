"""Which of a few texts are nearest to another one: by meaning where there is an embedder, else by the words they share.

A word counts for how rare it is among the texts: the cosine of sets of words, each weighing ln(1 + n / texts with it).
"""

import asyncio
import math
from collections import Counter, OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasttenth.context.embedding import Embedder
from lasttenth.records.sentences import words

REMEMBERED = 64
"""Lists of texts whose vectors are kept."""


class Nearness:
    """Compare texts; the vectors of lists that come again are remembered.

    Args:
        embedder: None compares by words.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._rows: OrderedDict[tuple[str, ...], NDArray[np.float32]] = OrderedDict()

    @property
    def artefacts(self) -> dict[str, str]:
        """Return what decides which texts are near: the embedder and its hash."""
        return {} if self._embedder is None else {self._embedder.id: self._embedder.hash}

    async def nearest(self, texts: Sequence[str], asked: str, *, limit: int) -> list[int]:
        """Return the places of the nearest texts, nearest first; of equal ones the first."""
        embedder = self._embedder
        likeness = _by_words(texts, asked) if embedder is None else await self._by_meaning(embedder, texts, asked)
        return sorted(range(len(texts)), key=lambda place: (-likeness[place], place))[:limit]

    async def _by_meaning(self, embedder: Embedder, texts: Sequence[str], asked: str) -> list[float]:
        key = tuple(texts)
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = await asyncio.to_thread(embedder.embed, texts)
            if len(self._rows) > REMEMBERED:
                self._rows.popitem(last=False)
        (row,) = await asyncio.to_thread(embedder.embed, [asked])
        found: list[float] = (rows @ row).tolist()
        return found


def _by_words(texts: Sequence[str], asked: str) -> list[float]:
    known = [set(words(text)) for text in texts]
    counts = Counter(word for each in known for word in each)
    wanted = set(words(asked))

    def weight(found: set[str]) -> float:
        return sum(math.log1p(len(texts) / (counts[word] or 1)) ** 2 for word in found)

    return [weight(each & wanted) / math.sqrt((weight(each) * weight(wanted)) or 1.0) for each in known]
