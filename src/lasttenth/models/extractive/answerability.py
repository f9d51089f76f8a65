"""Whether passages answer a question at all: a handful of signs and a logistic model over them."""

from collections.abc import Mapping

import numpy as np

from lasttenth.models.extractive.comparison import Comparison, Vector, share

LEXICAL: Mapping[str, float] = {"passage": 3.69, "best": 0.83, "claim": -1.40, "bias": -0.06}
"""Coefficients without an embedder, as `benchmarks/scifact/fit.py` prints them."""

HYBRID: Mapping[str, float] = {"passage": 3.90, "best": 0.68, "claim": -1.37, "cosine": 2.24, "bias": -1.75}
"""Coefficients with an embedder: `cosine` is that of the piece nearest to the question."""


def signs(comparison: Comparison, scores: Vector) -> dict[str, float]:
    """Return what speaks for an answer, by name.

    `passage`: the share of the question that one passage with its headings meets, at best. `best`: the log-odds of the
    best piece to be evidence. `claim`: whether the question is a claim.
    """
    question = comparison.question
    of = np.array([one.passage for one in comparison.pool])
    whole = np.stack([comparison.together[of == passage].max(axis=0) for passage in np.unique(of)])
    return {
        "passage": float(share(whole, question.weights).max()),
        "best": float(scores.max()),
        "claim": float(question.is_claim),
    }


def probability(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic model's probability, 0 to 1, from signs by name."""
    total = weights["bias"] + sum(weights[name] * value for name, value in values.items())
    return float(1.0 / (1.0 + np.exp(-total)))
