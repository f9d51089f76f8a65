"""One measurement: warm a gateway up, load it, and count CPU until all that the load caused is done.

What must hold is asserted: the upstream answered exactly as many requests as the load tool counted, and the ledger grew
by as many spans.
"""

from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.gateway import product
from benchmarks.gateway.bodies import Body
from benchmarks.gateway.gateways import Running
from benchmarks.gateway.load import Answered, Load, send

_WARM_REQUESTS = 100
_WARM_SECONDS = 0.4


class Counting(Protocol):
    """An upstream that knows how many requests it has answered."""

    def hits(self) -> int:
        """Return how many, once the count has come to rest."""
        ...


class Asking(NamedTuple):
    """What a gateway is asked, and for how many seconds of its CPU."""

    body: Body
    connections: int
    seconds: float = 2.0
    least: int = 150
    most: int = 100_000
    search: bool = True
    """Whether to wait until all is in the full text."""
    different: int = 0
    """Number of bodies that come again and again, so that none of them reaches the upstream; 0: all are new."""


class Cost(NamedTuple):
    """What a load cost: CPU microseconds for each request."""

    answered: Answered
    answering: float
    """Until the last answer was there."""
    written: float
    """Until the recorder had written everything; of gateways that keep nothing, the same as `answering`."""
    searchable: float
    """Until all was in the full text as well, where that was waited for."""


class Meter:
    """Load one gateway, again and again.

    Args:
        running: the gateway.
        upstream: what stands behind it, and counts.
        folder: for the files of the load tool.
        cores: of the load tool.
    """

    def __init__(self, running: Running, upstream: Counting, *, folder: Path, cores: str) -> None:
        self._running = running
        self._upstream = upstream
        self._folder = folder
        self._cores = cores
        self._sent = 0
        self._keeps = product.is_product(running)

    def measure(self, asking: Asking) -> Cost:
        """Warm up with the same kind of requests, then measure."""
        return self.load(asking, self.warm_up(asking))

    def warm_up(self, asking: Asking) -> int:
        """Send some, and return how many take as much CPU as is asked for."""
        requests = min(_WARM_REQUESTS, asking.most)
        while True:
            before = self._running.tree.cpu()
            self._send(asking, requests)
            spent = self._running.tree.cpu() - before
            if spent >= _WARM_SECONDS or requests >= asking.most:
                break
            requests = min(4 * requests, asking.most)
        self._settle(asking)
        return max(asking.least, min(asking.most, int(asking.seconds * requests / max(spent, 0.01))))

    def load(self, asking: Asking, requests: int) -> Cost:
        """Send so many requests and wait for all that they cause."""
        held = product.spans(self._running) if self._keeps else 0
        arrived = self._upstream.hits()
        moments = [self._running.tree.cpu()]
        answered = self._send(asking, requests)
        moments.append(self._running.tree.cpu())
        for done in (product.until_written, product.until_searchable):
            if self._keeps and (asking.search or done is product.until_written):
                done(self._running)
            moments.append(self._running.tree.cpu() if self._keeps else moments[-1])
        arrived = self._upstream.hits() - arrived
        expected = 0 if asking.different else requests
        assert arrived == expected, f"{requests} were answered, {arrived} reached the upstream"
        if self._keeps:
            kept = product.spans(self._running) - held
            assert kept == requests, f"{requests} requests left {kept} spans"
        return Cost(answered, *((moment - moments[0]) * 1e6 / requests for moment in moments[1:]))

    def _send(self, asking: Asking, requests: int) -> Answered:
        load = Load(
            port=self._running.port,
            headers=dict(self._running.headers),
            body=asking.body,
            requests=requests,
            connections=asking.connections,
            first=0 if asking.different else self._sent,
            different=asking.different,
        )
        self._sent += requests
        return send(load, self._folder, cores=self._cores)

    def _settle(self, asking: Asking) -> None:
        if self._keeps:
            product.until_written(self._running)
        if self._keeps and asking.search:
            product.until_searchable(self._running)
