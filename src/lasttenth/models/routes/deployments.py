"""Deployments: the same model in several places, and which of them is asked next.

Of two deployments that are drawn by their weights the one with less to wait for is asked (the power of two choices,
Mitzenmacher, IEEE TPDS 2001). What there is to wait for is the time that it took lately to the first content, times the
calls that wait there already; a slow answer counts at once and is forgotten slowly (peak EWMA, as in Finagle). A deployment
that fails again and again rests, each time longer, and is then tried by one call alone (a circuit breaker).
"""

import hashlib
import math
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from lasttenth.models.port import Provider
from lasttenth.models.routes.failures import PASSING, Failure
from lasttenth.records.ids import Clock

MEMORY = 10.0
"""Seconds after which a slow answer counts a third."""
UNKNOWN = 0.1
"""Seconds that are assumed of a deployment that has not answered yet: it is soon tried."""
TOLERATED = 3
"""Failures in a row after which a deployment rests."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds of the first rest, and of the longest; each is twice the one before."""
CROWDED = 4.0
"""So many times as long as elsewhere may be waited for a deployment that knows the beginning of a prompt."""
_SECOND = 1e9


class Terms(NamedTuple):
    """How a deployment is asked."""

    weight: float = 1.0
    """How many of the calls it should have, beside the others."""
    tags: frozenset[str] = frozenset()
    """What holds for it."""
    price: float = math.inf
    """What it costs, in any unit; infinite where that is not known."""


class Deployment:
    """One model of one provider, with how it has answered lately.

    Args:
        name: `provider/model`.
        model: the provider's own name for it.
        terms: how it is asked.
    """

    def __init__(
        self,
        name: str,
        provider: Provider,
        model: str,
        *,
        terms: "Terms",
        clock: Clock,
    ) -> None:
        self.name = name
        self.provider = provider
        self.model = model
        self.weight = terms.weight
        self.tags = terms.tags
        self.price = terms.price
        self.waiting = 0
        """Calls that it has not answered yet."""
        self._clock = clock
        self._latency = 0.0
        self._seen = 0
        self._failures = 0
        self._rests_until = 0

    @property
    def wait(self) -> float:
        """Return how long a further call would wait, in seconds, less for a greater weight."""
        return (self.waiting + 1) * (self.latency or UNKNOWN) / self.weight

    @property
    def latency(self) -> float:
        """Return the seconds that it took lately to the first content; 0 where it has not answered for long."""
        age = (self._clock.monotonic() - self._seen) / _SECOND
        return self._latency * math.exp(-max(age, 0.0) / MEMORY)

    @property
    def rest(self) -> float:
        """Return for how many seconds it still rests; one that has rested is tried by one call alone."""
        left = (self._rests_until - self._clock.monotonic()) / _SECOND
        is_tried = self._failures >= TOLERATED and self.waiting > 0
        return max(left, FIRST_REST if is_tried else 0.0)

    def begin(self) -> None:
        """Take note of a call."""
        self.waiting += 1

    def end(self) -> None:
        """Take note that a call is over, however it went."""
        self.waiting -= 1

    def answered(self, seconds: float) -> None:
        """Take note of the time to the first content."""
        faded, self._seen = self.latency, self._clock.monotonic()
        self._latency = max(seconds, faded)
        if seconds < faded:
            self._latency = faded + (seconds - faded) * 0.3
        self._failures, self._rests_until = 0, 0

    def failed(self, failure: Failure) -> None:
        """Take note of a failure; one that asks to be left alone is."""
        if failure.kind not in PASSING and failure.kind != "refused":
            return
        self._failures += 1
        rest = failure.retry_after or 0.0
        if self._failures >= TOLERATED:
            rest = max(rest, min(FIRST_REST * 2.0 ** (self._failures - TOLERATED), LONGEST_REST))
        self._rests_until = max(self._rests_until, self._clock.monotonic() + int(rest * _SECOND))


def choose(
    deployments: Sequence[Deployment],
    *,
    tried: Collection[Deployment],
    draw: Callable[[], float],
    cheapest: bool = False,
) -> Deployment | None:
    """Return the deployment to ask next, None where each is tried already or rests.

    Args:
        deployments: among which.
        tried: those that this call has asked already.
        draw: returns a number from 0 to 1.
        cheapest: whether those alone are fit that cost least; what costs nobody knows how much comes last.
    """
    fit = [each for each in deployments if each not in tried and each.rest <= 0]
    if cheapest and fit:
        least = min(each.price for each in fit)
        fit = [each for each in fit if each.price == least]
    if len(fit) < 2:
        return fit[0] if fit else None
    one = _drawn(fit, draw)
    other = _drawn([each for each in fit if each is not one], draw)
    return min(one, other, key=lambda each: each.wait)


def at_home(deployments: Sequence[Deployment], key: bytes) -> Deployment | None:
    """Return the deployment where what begins alike is always asked, None where others have much less to wait for.

    Each has its share of keys by weight, and where one rests its keys alone move (weighted rendezvous hashing).
    """
    fit = [each for each in deployments if each.rest <= 0]
    if not fit:
        return None
    home = min(fit, key=lambda each: -math.log(_uniform(key, each.name)) / each.weight)
    return home if home.wait <= CROWDED * min(each.wait for each in fit) else None


def _uniform(key: bytes, name: str) -> float:
    """Return a number above 0, and at most 1, that a key and a name always have."""
    digest = hashlib.blake2b(name.encode(), key=key[:64], digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / 2**64


def _drawn(deployments: Sequence[Deployment], draw: Callable[[], float]) -> Deployment:
    place = draw() * sum(each.weight for each in deployments)
    for each in deployments:
        place -= each.weight
        if place < 0:
            return each
    return deployments[-1]
