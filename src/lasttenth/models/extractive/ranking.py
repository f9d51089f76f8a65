"""Which pieces of the passages answer a question best: a few features of each and one logistic model over them.

Every feature lies between 0 and 1 and can be explained to a reader; there is no other state than the coefficients.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from lasttenth.models.extractive.pieces import pieces
from lasttenth.models.extractive.shapes import Passage
from lasttenth.models.extractive.terms import asked_terms, is_claim, likeness, rarity, terms, wants_quantity
from lasttenth.records.sentences import numbers

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]

LEXICAL: Mapping[str, float] = {
    "bias": -7.0,
    "coverage": 3.7,
    "headings": 1.7,
    "density": 3.7,
    "numbers": 0.5,
    "quantity": 0.7,
    "rank": 3.4,
    "length": 2.5,
    "late": 2.2,
}
"""Coefficients where sentences are compared by their words alone, as `benchmarks/scifact/fit.py` prints them."""

HYBRID: Mapping[str, float] = {**LEXICAL, "cosine": 2.5}
"""The same with the cosine of sentence and question as one more feature."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question or a claim as the model reads it."""

    terms: tuple[str, ...]
    """Stems of the content words, without repeats, in order."""
    weights: Vector
    """How much each term counts."""
    numbers: frozenset[str]
    wants_quantity: bool
    is_claim: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a passage that could be quoted."""

    passage: int
    place: float
    """Where it stands in its passage: 0 is the first piece, 1 the last."""
    start: int
    end: int
    text: str
    terms: tuple[str, ...]


class Match(NamedTuple):
    """How far each term of the question is met, 0 to 1: a row per candidate, a column per term."""

    inside: Matrix
    above: Matrix
    """By the title and the headings above the candidate."""

    @property
    def together(self) -> Matrix:
        """By the candidate or by what stands above it."""
        return np.maximum(self.inside, self.above)


def read_question(text: str) -> Question:
    """Return what the model needs of a question's text."""
    asked = tuple(asked_terms(text))
    return Question(
        terms=asked,
        weights=rarity(asked),
        numbers=frozenset(numbers(text)),
        wants_quantity=wants_quantity(text),
        is_claim=is_claim(text),
    )


def candidates(passages: Sequence[Passage]) -> list[Candidate]:
    """Return every quotable piece of the passages that holds at least one content word."""
    return [one for index, passage in enumerate(passages) for one in _candidates(index, passage.text)]


def match(question: Question, pool: Sequence[Candidate], passages: Sequence[Passage]) -> Match:
    """Compare the question's terms with those of every candidate and of the headings above it."""
    headings = [terms(" ".join(passage.headings)) for passage in passages]
    vocabulary = dict.fromkeys(term for source in (*headings, *(one.terms for one in pool)) for term in source)
    alike = likeness(question.terms, list(vocabulary))
    place = {term: index for index, term in enumerate(vocabulary)}
    above = [_best(alike, [place[term] for term in heading]) for heading in headings]
    return Match(
        inside=np.array([_best(alike, [place[term] for term in one.terms]) for one in pool], dtype=np.float32),
        above=np.array([above[one.passage] for one in pool], dtype=np.float32),
    )


def share(met: Matrix, weights: Vector) -> Vector:
    """Return the weighted share of the asked terms that each row meets."""
    return np.asarray(met @ weights / weights.sum(), dtype=np.float32)


def features(question: Question, pool: Sequence[Candidate], met: Match) -> dict[str, Vector]:
    """Return the lexical features by name, a value per candidate.

    `coverage`: the share of the question met by the piece. `headings`: what the headings add to it. `density`: the
    share of the piece that meets the question. `numbers`: the share of the question's numbers repeated, a half where
    it has none. `quantity`: the question asks for a number and the piece has one. `rank`: 1, 1/2, 1/3 … by passage.
    `length`: content words, 20 or more are 1. `late`: the place in the passage where the question is a claim, since
    prose that argues ends in its findings.
    """
    coverage = share(met.inside, question.weights)
    length = np.array([len(one.terms) for one in pool])
    columns = {
        "coverage": coverage,
        "headings": share(met.together, question.weights) - coverage,
        "density": met.inside.sum(axis=1) / np.maximum(length, len(question.terms)),
        "numbers": [_number_share(question, one) for one in pool],
        "quantity": [question.wants_quantity and bool(numbers(one.text)) for one in pool],
        "rank": [1.0 / (1.0 + one.passage) for one in pool],
        "length": np.minimum(length / 20.0, 1.0),
        "late": [one.place if question.is_claim else 0.0 for one in pool],
    }
    return {name: np.asarray(column, dtype=np.float32) for name, column in columns.items()}


def scores(columns: Mapping[str, Vector], weights: Mapping[str, float]) -> Vector:
    """Return the log-odds of each candidate to be evidence, from features by name."""
    total = np.sum([weights[name] * column for name, column in columns.items()], axis=0)
    return np.asarray(total + weights["bias"], dtype=np.float32)


def _candidates(index: int, text: str) -> list[Candidate]:
    spans = pieces(text)
    last = max(len(spans) - 1, 1)
    found = [
        Candidate(
            passage=index,
            place=order / last,
            start=start,
            end=end,
            text=text[start:end],
            terms=tuple(terms(text[start:end])),
        )
        for order, (start, end) in enumerate(spans)
    ]
    return [one for one in found if one.terms]


def _best(alike: Matrix, places: Sequence[int]) -> Vector:
    if not places:
        return np.zeros(len(alike), dtype=np.float32)
    return np.asarray(alike[:, places].max(axis=1), dtype=np.float32)


def _number_share(question: Question, candidate: Candidate) -> float:
    if not question.numbers:
        return 0.5
    return len(question.numbers.intersection(numbers(candidate.text))) / len(question.numbers)
