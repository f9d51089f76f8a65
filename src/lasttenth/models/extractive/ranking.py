"""Which pieces answer a question best: one logistic model over the features of each.

The coefficients are printed by `benchmarks/scifact/fit.py`, which says on what they were fitted.
"""

from collections.abc import Mapping

import numpy as np

from lasttenth.models.extractive.comparison import Vector

LEXICAL: Mapping[str, float] = {
    "coverage": 4.63,
    "headings": 1.90,
    "density": 2.75,
    "numbers": 0.25,
    "quantity": 1.62,
    "rank": 3.40,
    "length": 1.25,
    "late": 1.59,
    "bias": -9.25,
}
"""Where pieces are compared with the question by their words alone."""

HYBRID: Mapping[str, float] = {
    "coverage": 3.65,
    "headings": 1.47,
    "density": 1.85,
    "numbers": 0.06,
    "quantity": 1.37,
    "rank": 2.77,
    "length": 0.81,
    "late": 1.37,
    "cosine": 1.22,
    "bias": -8.01,
}
"""Where the cosine of piece and question is one more feature."""


def scores(columns: Mapping[str, Vector], weights: Mapping[str, float]) -> Vector:
    """Return the log-odds of each candidate to be evidence, from features by name."""
    total = np.sum([weights[name] * column for name, column in columns.items()], axis=0)
    return np.asarray(total + weights["bias"], dtype=np.float32)
