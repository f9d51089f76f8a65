"""Whether passages answer a question at all: a handful of signs and a logistic model over them."""

from collections.abc import Mapping, Sequence

import numpy as np

from lasttenth.models.extractive.ranking import Candidate, Match, Question, Vector, share

LEXICAL: Mapping[str, float] = {"bias": -3.0, "passage": 3.0, "best": 0.5, "claim": 0.0}
"""Coefficients without an embedder, as `benchmarks/scifact/fit.py` prints them."""

HYBRID: Mapping[str, float] = {**LEXICAL, "cosine": 3.0}
"""Coefficients with an embedder."""


def signs(question: Question, pool: Sequence[Candidate], met: Match, scores: Vector) -> dict[str, float]:
    """Return what speaks for an answer, by name.

    `passage`: the share of the question that one passage with its headings meets, at best. `best`: the log-odds of the
    best piece to be evidence. `claim`: whether the question is a claim.
    """
    together = met.together
    of = np.array([one.passage for one in pool])
    whole = np.stack([together[of == passage].max(axis=0) for passage in np.unique(of)])
    return {
        "passage": float(share(whole, question.weights).max()),
        "best": float(scores.max()),
        "claim": float(question.is_claim),
    }


def probability(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic model's probability, 0 to 1, from signs by name."""
    total = weights["bias"] + sum(weights[name] * value for name, value in values.items())
    return float(1.0 / (1.0 + np.exp(-total)))
