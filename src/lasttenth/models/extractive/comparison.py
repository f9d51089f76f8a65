"""How a question compares with every piece of the passages: which of its words are met, and a few features.

Every feature lies between 0 and 1 and can be explained to a reader. What they are worth is not known here.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from lasttenth.models.extractive.pieces import pieces
from lasttenth.models.extractive.shapes import Passage
from lasttenth.models.extractive.terms import asked_terms, is_claim, likeness, rarity, terms, wants_quantity
from lasttenth.records.sentences import numbers

Matrix = NDArray[np.float32]
Vector = NDArray[np.float32]


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


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A question beside the candidates: a row of each array belongs to a candidate, a column to a term."""

    question: Question
    pool: tuple[Candidate, ...]
    inside: Matrix
    """How far each term is met by the candidate, 0 to 1."""
    together: Matrix
    """How far it is met by the candidate or by the title and the headings above it."""

    def only(self, rows: Sequence[int]) -> "Comparison":
        """Return the comparison with some of the candidates."""
        return Comparison(
            question=self.question,
            pool=tuple(self.pool[row] for row in rows),
            inside=self.inside[rows],
            together=self.together[rows],
        )


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


def compare(question: Question, passages: Sequence[Passage]) -> Comparison:
    """Compare a question with every quotable piece of the passages that holds at least one content word."""
    pool = tuple(one for index, passage in enumerate(passages) for one in _candidates(index, passage.text))
    headings = [terms(" ".join(passage.headings)) for passage in passages]
    vocabulary = dict.fromkeys(term for source in (*headings, *(one.terms for one in pool)) for term in source)
    alike = likeness(question.terms, list(vocabulary))
    place = {term: index for index, term in enumerate(vocabulary)}
    size = (len(pool), len(question.terms))
    inside = np.array([_best(alike, [place[term] for term in one.terms]) for one in pool]).reshape(size)
    above = [_best(alike, [place[term] for term in heading]) for heading in headings]
    over = np.array([above[one.passage] for one in pool]).reshape(size)
    return Comparison(question=question, pool=pool, inside=inside, together=np.maximum(inside, over))


def share(met: Matrix, weights: Vector) -> Vector:
    """Return the weighted share of the asked terms that each row meets."""
    return np.asarray(met @ weights / weights.sum(), dtype=np.float32)


def features(comparison: Comparison) -> dict[str, Vector]:
    """Return the lexical features by name, a value per candidate.

    `coverage`: the share of the question met by the piece. `headings`: what the headings add to it. `density`: the
    share of the piece that meets the question. `numbers`: the share of the question's numbers repeated, a half where
    it has none. `quantity`: the question asks for a number and the piece has one. `rank`: 1, 1/2, 1/3 … by passage.
    `length`: content words, 20 or more are 1. `late`: the place in the passage where the question is a claim, since
    prose that argues ends in its findings.
    """
    question, pool = comparison.question, comparison.pool
    coverage = share(comparison.inside, question.weights)
    length = np.array([len(one.terms) for one in pool])
    columns = {
        "coverage": coverage,
        "headings": share(comparison.together, question.weights) - coverage,
        "density": comparison.inside.sum(axis=1) / np.maximum(length, len(question.terms)),
        "numbers": [_number_share(question, one) for one in pool],
        "quantity": [question.wants_quantity and bool(numbers(one.text)) for one in pool],
        "rank": [1.0 / (1.0 + one.passage) for one in pool],
        "length": np.minimum(length / 20.0, 1.0),
        "late": [one.place if question.is_claim else 0.0 for one in pool],
    }
    return {name: np.asarray(column, dtype=np.float32) for name, column in columns.items()}


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
