"""Which of a pointer's releases a unit meets: always the same one, and each for as many units as its weight says.

Weighted rendezvous hashing: each release draws an exponential time with its weight as the rate, from a hash of pointer,
unit and release, and the earliest one is chosen. So a release is chosen with its share of the weights (the least of
independent exponentials is the i-th with probability w_i / Σw), and a weight that grows takes units from the others and
moves none between those (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998).
"""

import hashlib
import math
from collections.abc import Mapping
from typing import NamedTuple

from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.hashing import SHOWN


class Choice(NamedTuple):
    """A release's hash, and the probability with which a unit meets it."""

    release: str
    probability: float


def choose(weights: Mapping[str, float], *, pointer: str, unit: str) -> Choice:
    """Return the release that a unit meets.

    Args:
        weights: of each release, as `checked` returns them.
        pointer: `task@pointer`, so that two pointers divide the units in different ways.
        unit: whom the call is for.
    """
    if len(weights) == 1:
        return Choice(next(iter(weights)), 1.0)
    found = min(weights, key=lambda release: _time(f"{pointer}\0{unit}\0{release}") / weights[release])
    return Choice(found, weights[found] / math.fsum(weights.values()))


def checked(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights without those that are 0, sorted by release. Raises InvalidRequestError."""
    for release, weight in weights.items():
        if not math.isfinite(weight) or weight < 0:
            raise InvalidRequestError(
                f"The weight of release {release[:SHOWN]} is {weight}.",
                hint="Weights are 0 or more.",
                parameter="releases",
            )
    if not math.isfinite(sum(weights.values())):
        raise InvalidRequestError("The weights are too large.", hint="Only their shares count.", parameter="releases")
    kept = {release: float(weights[release]) for release in sorted(weights) if weights[release]}
    if not kept:
        raise InvalidRequestError(
            "A pointer needs a release with a weight.", hint="Give one a weight of 1.", parameter="releases"
        )
    return kept


def _time(text: str) -> float:
    """Return an exponential time of rate 1, the same one for the same text."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return -math.log((int.from_bytes(digest) + 1) / (2**64 + 1))
