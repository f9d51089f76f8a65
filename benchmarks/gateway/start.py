"""Cold start: from the start of the process to the first request that it answers, and what is then in memory.

    python -m benchmarks.gateway.start

Lasttenth's folder has its ledger and a key already, as every start but the first one finds them.
"""

import time

from benchmarks.gateway import product
from benchmarks.gateway.gateways import PEERS, Gateway
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.upstream import static_upstream


def main() -> None:
    """Print the table."""
    with bench("Cold start.") as given:
        print_tables(measure(given))


def measure(given: Bench) -> Collected:
    """Start all gateways, round by round."""
    collected = Collected()
    gateways = given.chosen((*product.variants(given.environments), *PEERS))
    with static_upstream(given.work / "upstream", cores=given.load_cores) as upstream:
        for _ in range(given.rounds):
            for gateway in gateways:
                collected.add(gateway.name, _round(given, gateway, upstream.port))
    return collected


def _round(given: Bench, gateway: Gateway, port: int) -> Figures:
    with given.running(gateway, port) as running:
        seconds = time.monotonic() - running.tree.started
        memory = running.tree.memory()
        return {"seconds": seconds, "cpu": running.tree.cpu(), "rss": memory.rss, "pss": memory.pss}


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    head = ["gateway", "first answer after, s", "best, s", "CPU until then, s", "RSS MB", "PSS MB"]
    rows = []
    for row in collected.rows():
        seconds = collected.values(row, "seconds")
        cells = [row, cell(seconds, ".2f"), f"{min(seconds):.2f}", cell(collected.values(row, "cpu"), ".2f")]
        rows.append([*cells, *(cell(collected.values(row, name), ranged=False) for name in ("rss", "pss"))])
    print_table(head, rows)


if __name__ == "__main__":
    main()
