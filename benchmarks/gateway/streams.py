"""Streams: CPU for each chunk of 200 paced streams at once, and what is added to the time of the first token.

python -m benchmarks.gateway.streams
"""

from typing import NamedTuple

import uvloop

from benchmarks.gateway import bodies, product
from benchmarks.gateway.gateways import LITELLM, PEERS, Gateway, Running
from benchmarks.gateway.pacing import PacedUpstream, paced_upstream
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.streaming import Played, Streams, play
from benchmarks.gateway.upstream import MODEL


class Pace(NamedTuple):
    """Streams at once, streams on each connection, chunks of each, and milliseconds between them."""

    at_once: int
    each: int
    chunks: int
    pause: int

    @property
    def model(self) -> str:
        """Return the name under which the upstream keeps this pace."""
        return f"paced-{self.chunks}-{self.pause}"

    def streams(self, running: Running, first: int) -> Streams:
        """Return what to play to a gateway."""
        body = bodies.plain(running.provider + self.model, stream=True)
        headers = dict(running.headers)
        return Streams(running.port, headers, body, self.at_once, self.each, self.chunks, self.pause / 1e3, first)


WARM = Pace(20, 3, 5, 5)
FEW = Pace(4, 20, 10, 20)
MANY = Pace(200, 3, 50, 20)
MANY_ONCE = MANY._replace(each=1)
"""For a gateway that takes a minute for the others."""
MODELS = (MODEL, *(pace.model for pace in (WARM, FEW, MANY)))


def main() -> None:
    """Print the table."""
    with bench("CPU and delay of streams.") as given:
        print_tables(measure(given))


def measure(given: Bench) -> Collected:
    """Measure all gateways, round by round."""
    collected = Collected()
    gateways = given.chosen((*product.variants(given.environments), *PEERS))
    with paced_upstream(given.work / "upstream", cores=given.load_cores) as upstream:
        for number in range(given.rounds):
            direct = {pace: uvloop.run(_direct(pace, upstream.port)) for pace in (FEW, MANY)}
            collected.add("direct", _seen(direct[FEW], direct[MANY], (0.0, 0.0)))
            for gateway in gateways[:: -1 if number % 2 else 1]:
                against = (direct[FEW].first_p50(), direct[MANY].first_p50())
                collected.add(gateway.name, _round(given, gateway, upstream, against))
    return collected


async def _direct(pace: Pace, port: int) -> Played:
    body = bodies.plain(pace.model, stream=True)
    return await play(Streams(port, {}, body, pace.at_once, pace.each, pace.chunks, pace.pause / 1e3))


def _round(given: Bench, gateway: Gateway, upstream: PacedUpstream, direct: tuple[float, float]) -> Figures:
    many = MANY_ONCE if gateway.name == LITELLM.name else MANY
    with given.running(gateway, upstream.port, models=MODELS) as running:
        played(running, WARM, upstream, first=0)
        few = played(running, FEW, upstream, first=1_000)
        before = running.tree.cpu()
        seen = played(running, many, upstream, first=10_000)
        cpu = running.tree.cpu() - before
    return {"cpu": cpu * 1e6 / len(seen.lags), **_seen(few, seen, direct)}


def _seen(few: Played, many: Played, direct: tuple[float, float]) -> Figures:
    return {
        "few": few.first_p50() - direct[0],
        "many": many.first_p50() - direct[1],
        "lag p50": many.lag(50),
        "lag p99": many.lag(99),
    }


def played(running: Running, pace: Pace, upstream: PacedUpstream, *, first: int) -> Played:
    """Play streams, and assert that each of them, and each span, is where it belongs."""
    keeps = product.is_product(running)
    if keeps:
        product.until_written(running)
    held = product.spans(running) if keeps else 0
    asked = upstream.counts()
    streams = pace.streams(running, first)
    seen = uvloop.run(play(streams))
    now = upstream.counts()
    assert now.requests - asked.requests == streams.total, "the upstream was asked another number of times"
    assert now.chunks - asked.chunks == len(seen.lags), "the upstream sent another number of chunks"
    if keeps:
        product.until_written(running)
        kept = product.spans(running) - held
        assert kept == streams.total, f"{streams.total} streams left {kept} spans"
    return seen


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    head = ["gateway", "CPU µs a chunk", "times nginx", "times LiteLLM", "first token, 4 streams: + ms"]
    head += ["first token, 200 streams: + ms", "lag p50, ms", "lag p99, ms"]
    rows = []
    for row in collected.rows():
        of_litellm = [1 / each for each in collected.ratios(row, "LiteLLM", "cpu")]
        cells = [row, cell(collected.values(row, "cpu"), ".1f"), cell(collected.ratios(row, "nginx", "cpu"), ".2f")]
        cells += [cell(of_litellm, ".1f"), cell(collected.values(row, "few"), ".2f")]
        rows.append([*cells, *(cell(collected.values(row, name), ".2f") for name in ("many", "lag p50", "lag p99"))])
    print_table(head, rows)


if __name__ == "__main__":
    main()
