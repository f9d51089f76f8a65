"""Workers: does a second one cost more for each request than the first? Here both cores are the gateway's.

    python -m benchmarks.gateway.workers

The load and the upstream share the two cores with the gateway, so that requests per second say little: what counts is
CPU for each request, which would stay the same if workers scaled perfectly.
"""

from benchmarks.gateway import bodies, product
from benchmarks.gateway.gateways import Gateway
from benchmarks.gateway.measuring import Asking, Meter
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.upstream import MODEL, Upstream, static_upstream

COUNTS = (1, 2)
_ALL = "0,1"


def main() -> None:
    """Print the table."""
    with bench("CPU of plain requests by workers.") as given:
        print_tables(measure(given))


def measure(given: Bench) -> Collected:
    """Measure all numbers of workers, round by round."""
    collected = Collected()
    gateways = [product.product(_name(count), {"workers": count}) for count in COUNTS]
    with static_upstream(given.work / "upstream", cores=_ALL) as upstream:
        for number in range(given.rounds):
            for gateway in gateways[:: -1 if number % 2 else 1]:
                collected.add(gateway.name, _round(given, gateway, upstream))
    return collected


def _name(count: int) -> str:
    return f"{count} worker{'s' * (count > 1)}"


def _round(given: Bench, gateway: Gateway, upstream: Upstream) -> Figures:
    with given.running(gateway, upstream.port, cores=_ALL) as running:
        meter = Meter(running, upstream, folder=given.work / "load", cores=_ALL)
        cost = meter.measure(Asking(bodies.plain(running.provider + MODEL), 64, seconds=3.0, search=False))
        memory = running.tree.memory()
    return {"cpu": cost.written, "rate": cost.answered.rate, "rss": memory.rss, "pss": memory.pss}


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    head = ["processes that serve", "CPU µs a request", "beside one", "requests/s", "RSS MB", "PSS MB"]
    rows = []
    for row in collected.rows():
        beside = cell(collected.ratios(row, _name(1), "cpu"), ".2f")
        cells = [row, cell(collected.values(row, "cpu")), beside, cell(collected.values(row, "rate"))]
        rows.append([*cells, *(cell(collected.values(row, name), ranged=False) for name in ("rss", "pss"))])
    print_table(head, rows)


if __name__ == "__main__":
    main()
