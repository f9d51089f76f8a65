"""Endless prose from a chain of word pairs: it compresses about as text does, and no passage of it comes back.

A compressor must not find long repeats that real traffic would not have, nor noise that it cannot compress at all.
Every word is followed by one of a few others, common words more often than rare ones.
"""

from collections.abc import Iterator

import numpy as np

WORDS = 6_000
FOLLOWERS = 48
CHAINS = 256
"""Walks that go on beside each other, because one array operation then moves all of them by a word."""

_STEPS = 512
_ONSETS = ("", "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pr", "ch", "sh")
_VOWELS = ("a", "e", "i", "o", "u", "ea", "ai", "ou")
_CODAS = ("", "", "n", "r", "s", "t", "l", "nd", "st", "ng")


class Prose:
    """A source of texts of any length; the same seed gives the same texts in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._words = np.array(_vocabulary(self._random))
        commonness = 1 / np.arange(40, WORDS + 40)
        self._followers = self._random.choice(WORDS, size=(WORDS, FOLLOWERS), p=commonness / commonness.sum())
        weights = 1 / np.arange(2, FOLLOWERS + 2)
        self._chances = np.cumsum(weights / weights.sum())
        self._passages = self._walk()
        self._rest = ""

    def text(self, length: int) -> str:
        """Return the next text of exactly this many characters."""
        while len(self._rest) < length:
            self._rest += next(self._passages)
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def _walk(self) -> Iterator[str]:
        places = self._random.integers(WORDS, size=CHAINS)
        while True:
            steps = np.searchsorted(self._chances, self._random.random((_STEPS, CHAINS)))
            walked = np.empty((_STEPS, CHAINS), dtype=np.int64)
            for number, step in enumerate(np.minimum(steps, FOLLOWERS - 1)):
                places = self._followers[places, step]
                walked[number] = places
            for chain in walked.T:
                yield " ".join(self._words[chain].tolist()) + ". "


def _vocabulary(random: np.random.Generator) -> list[str]:
    """Return distinct words, the common ones short."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        syllables = 1 + random.integers(2 if len(words) < WORDS // 8 else 4)
        parts = [str(random.choice(choice)) for _ in range(syllables) for choice in (_ONSETS, _VOWELS, _CODAS)]
        words["".join(parts)] = None
    return list(words)
