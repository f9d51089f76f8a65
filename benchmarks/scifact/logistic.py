"""A logistic model with ridge penalty, fitted by Newton's method, and what is asked of its probabilities."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as a table shows it."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def fit(features: Array, labels: Array, weights: Array, *, ridge: float = 1.0) -> Array:
    """Return the coefficients, the intercept last and without penalty.

    Args:
        features: One row per case.
        labels: 0 or 1 per case.
        weights: How much each case counts.
        ridge: The penalty on the squared coefficients.
    """
    design = np.c_[features, np.ones(len(features))]
    penalty = np.diag([ridge] * features.shape[1] + [1e-9])
    theta = np.zeros(design.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-design @ theta))
        gradient = design.T @ (weights * (chance - labels)) + penalty @ theta
        hessian = (design.T * (weights * chance * (1.0 - chance))) @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        theta -= step
        if np.abs(step).max() < 1e-10:
            break
    return theta


def area(labels: Array, scores: Array) -> float:
    """Return the area under the ROC curve: the chance that a 1 scores above a 0, ties counted half."""
    ones, zeros = scores[labels == 1], np.sort(scores[labels == 0])
    below = np.searchsorted(zeros, ones, side="left") + np.searchsorted(zeros, ones, side="right")
    return float(below.mean() / 2 / len(zeros))


def threshold(labels: Array, scores: Array, *, wrongly: float) -> float:
    """Return the lowest score from which on at most the share `wrongly` of the 0s is taken for a 1."""
    zeros = np.sort(scores[labels == 0])[::-1]
    allowed = int(np.floor(wrongly * len(zeros)))
    above = scores[scores > zeros[allowed]]
    return float((above.min() + zeros[allowed]) / 2) if len(above) else float(zeros[allowed]) + 1e-9


def answered(labels: Array, scores: Array, point: float) -> tuple[float, float]:
    """Return the shares of the 1s and of the 0s that score at least `point`."""
    return float((scores[labels == 1] >= point).mean()), float((scores[labels == 0] >= point).mean())


def bootstrap(measure: Callable[[NDArray[np.int64]], float], size: int, *, seed: int = 7) -> Interval:
    """Return a measure over all cases with its 95 % percentile interval over 2,000 resamples of the cases."""
    generator = np.random.default_rng(seed)
    draws = [measure(generator.integers(0, size, size)) for _ in range(2000)]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Interval(measure(np.arange(size)), float(low), float(high))
