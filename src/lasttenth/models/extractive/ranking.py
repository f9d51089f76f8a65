"""Which sentences of the passages answer a question best: a few features of each and one logistic model over them.

Every feature lies between 0 and 1 and can be explained to a reader; there is no other state than the coefficients.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from lasttenth.models.extractive.pieces import pieces
from lasttenth.models.extractive.shapes import Passage
from lasttenth.models.extractive.terms import asked_terms, is_question, likeness, rarity, terms, wants_quantity
from lasttenth.records.sentences import numbers

Matrix = NDArray[np.float32]


NAMES = ("coverage", "headings", "neighbours", "pairs", "density", "numbers", "quantity", "rank", "length")
"""The lexical features, in the order of `features`."""

LEXICAL: Mapping[str, float] = {
    "bias": -4.0,
    "coverage": 5.0,
    "headings": 1.0,
    "neighbours": 1.0,
    "pairs": 1.0,
    "density": 1.0,
    "numbers": 0.5,
    "quantity": 0.7,
    "rank": 0.7,
    "length": 0.3,
}
HYBRID: Mapping[str, float] = {**LEXICAL, "bias": -6.0, "cosine": 5.0}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question or a claim as the model reads it."""

    terms: tuple[str, ...]
    """Stems of the content words, without repeats, in order."""
    numbers: frozenset[str]
    asks: bool
    wants_quantity: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a passage that could be quoted."""

    passage: int
    order: int
    """Its place among the pieces of its passage, from 0."""
    start: int
    end: int
    text: str
    terms: tuple[str, ...]


class Match(NamedTuple):
    """How candidates meet a question: `met` is (candidate, asked term), `weights` how much each term counts."""

    met: Matrix
    context: Matrix
    """The same for the title and headings above each candidate."""
    weights: NDArray[np.float32]

    @property
    def coverage(self) -> NDArray[np.float32]:
        """The weighted share of the question that each candidate meets by itself."""
        return share(self.met, self.weights)


def read_question(text: str) -> Question:
    """Return what the model needs of a question's text."""
    return Question(
        terms=tuple(asked_terms(text)),
        numbers=frozenset(numbers(text)),
        asks=is_question(text),
        wants_quantity=wants_quantity(text),
    )


def candidates(passages: Sequence[Passage]) -> list[Candidate]:
    """Return every quotable piece of the passages that holds at least one content word."""
    found = []
    for index, passage in enumerate(passages):
        for order, (start, end) in enumerate(pieces(passage.text)):
            text = passage.text[start:end]
            if stems := tuple(terms(text)):
                found.append(Candidate(passage=index, order=order, start=start, end=end, text=text, terms=stems))
    return found


def match(question: Question, pool: Sequence[Candidate], passages: Sequence[Passage]) -> Match:
    """Compare the question's terms with those of every candidate and of the headings above it."""
    headings = [terms(" ".join(passage.headings)) for passage in passages]
    vocabulary = list(dict.fromkeys(term for source in (*headings, *(one.terms for one in pool)) for term in source))
    alike = likeness(question.terms, vocabulary)
    place = {term: index for index, term in enumerate(vocabulary)}
    above = [_best(alike, [place[term] for term in heading]) for heading in headings]
    return Match(
        met=np.array([_best(alike, [place[term] for term in one.terms]) for one in pool], dtype=np.float32),
        context=np.array([above[one.passage] for one in pool], dtype=np.float32),
        weights=rarity(question.terms, [one.terms for one in pool]),
    )


def share(met: Matrix, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weighted share of the asked terms that each row meets; 0 where nothing is asked."""
    total = float(weights.sum())
    return (met @ weights / total).astype(np.float32) if total else np.zeros(len(met), dtype=np.float32)


def features(question: Question, pool: Sequence[Candidate], found: Match) -> Matrix:
    """Return the lexical features as (candidate, feature), in the order of `NAMES`."""
    coverage = found.coverage
    around = share(np.maximum(found.met, found.context), found.weights) - coverage
    nearby = share(np.maximum(found.met, _neighbours(pool, found.met)), found.weights) - coverage
    length = np.array([len(one.terms) for one in pool], dtype=np.float32)
    columns = (
        coverage,
        around,
        nearby,
        np.array([_pairs(question, one) for one in pool]),
        found.met.sum(axis=1) / np.maximum(length, len(question.terms) or 1),
        np.array([_number_share(question, one) for one in pool]),
        np.array([question.wants_quantity and bool(numbers(one.text)) for one in pool]),
        1.0 / (1.0 + np.array([one.passage for one in pool])),
        np.minimum(length / 20.0, 1.0),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def scores(lexical: Matrix, cosines: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Return the probability of each candidate to be evidence, with or without its cosine to the question."""
    if cosines is None:
        total = lexical @ _vector(LEXICAL) + LEXICAL["bias"]
    else:
        total = lexical @ _vector(HYBRID) + HYBRID["bias"] + HYBRID["cosine"] * cosines
    return np.asarray(1.0 / (1.0 + np.exp(-total)), dtype=np.float32)


def _vector(weights: Mapping[str, float]) -> NDArray[np.float32]:
    return np.array([weights[name] for name in NAMES], dtype=np.float32)


def _best(alike: Matrix, places: Sequence[int]) -> NDArray[np.float32]:
    if not places:
        return np.zeros(len(alike), dtype=np.float32)
    return np.asarray(alike[:, places].max(axis=1), dtype=np.float32)


def _neighbours(pool: Sequence[Candidate], met: Matrix) -> Matrix:
    """Return what the pieces right before and after each candidate meet, within its passage."""
    passage = np.array([one.passage for one in pool])
    result = np.zeros_like(met)
    same = (passage[1:] == passage[:-1])[:, None]
    result[1:] = np.where(same, met[:-1], 0.0)
    result[:-1] = np.maximum(result[:-1], np.where(same, met[1:], 0.0))
    return result


def _pairs(question: Question, candidate: Candidate) -> float:
    """Return the share of neighbouring question terms that stand at most three words apart in the candidate."""
    asked = list(zip(question.terms, question.terms[1:], strict=False))
    if not asked:
        return 0.0
    where: dict[str, list[int]] = {}
    for index, term in enumerate(candidate.terms):
        where.setdefault(term, []).append(index)
    close = [any(abs(i - j) <= 3 for i in where.get(one, ()) for j in where.get(two, ())) for one, two in asked]
    return sum(close) / len(asked)


def _number_share(question: Question, candidate: Candidate) -> float:
    """Return the share of the question's numbers that the candidate repeats; a half where there is none to repeat."""
    if not question.numbers:
        return 0.5
    return len(question.numbers.intersection(numbers(candidate.text))) / len(question.numbers)
