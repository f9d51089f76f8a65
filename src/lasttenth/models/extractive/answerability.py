"""Whether passages answer a question at all: a handful of features over the best sentences and a logistic model."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

LEXICAL: Mapping[str, float] = {
    "bias": -4.0,
    "best": 2.0,
    "coverage": 3.0,
    "passage": 3.0,
    "missing": -2.0,
}
HYBRID: Mapping[str, float] = {**LEXICAL, "bias": -7.0, "cosine": 6.0}


def probability(weights: Mapping[str, float], values: Mapping[str, float]) -> float:
    """Return the logistic model's probability, 0 to 1; every named weight but the bias needs its value."""
    total = weights["bias"] + sum(weight * values[name] for name, weight in weights.items() if name != "bias")
    return float(1.0 / (1.0 + np.exp(-total)))


def evidence(
    scores: NDArray[np.float32], met: NDArray[np.float32], weights: NDArray[np.float32], passage: NDArray[np.int64]
) -> dict[str, float]:
    """Return what the best sentence and its passage say about the question.

    Args:
        scores: The ranking score of each candidate.
        met: How far each candidate meets each asked term, (candidate, term).
        weights: How much each asked term counts.
        passage: The passage of each candidate.
    """
    top = int(np.argmax(scores))
    total = float(weights.sum()) or 1.0
    whole = met[passage == passage[top]].max(axis=0)
    return {
        "best": float(scores[top]),
        "coverage": float(met[top] @ weights) / total,
        "passage": float(whole @ weights) / total,
        "missing": float((weights * (1.0 - met.max(axis=0))).max(initial=0.0)),
    }
