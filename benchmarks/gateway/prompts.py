"""Long prompts, at 8 connections: bodies that are new from their first words, and conversations that go on.

    python -m benchmarks.gateway.prompts

The prose is drawn as Zipf says, and no block of it comes twice; of a conversation only the last message of 1 KB is new.
"""

from benchmarks.gateway import bodies, product
from benchmarks.gateway.gateways import LITELLM, NGINX, PEERS, SGLANG_ROUTER, VLLM_ROUTER, Gateway
from benchmarks.gateway.measuring import Asking, Meter
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.upstream import MODEL, Upstream, static_upstream

SIZES = (20_000, 400_000)
CONNECTIONS = 8
KEEPING_NOTHING = (LITELLM, SGLANG_ROUTER, VLLM_ROUTER)
"""Gateways to which it is all one whether a body goes on from another one."""
_SECONDS = 1.0
_MOST = 60_000
_LEAST = 60


def main() -> None:
    """Print the table."""
    with bench("CPU of long prompts.") as given:
        print_tables(measure(given))


def measure(given: Bench) -> Collected:
    """Measure all gateways, round by round."""
    collected = Collected()
    gateways = given.chosen((*product.variants(given.environments), *PEERS))
    with static_upstream(given.work / "upstream", cores=given.load_cores) as upstream:
        for number in range(given.rounds):
            for gateway in gateways[:: -1 if number % 2 else 1]:
                collected.add(gateway.name, _round(given, gateway, upstream))
    return collected


def _round(given: Bench, gateway: Gateway, upstream: Upstream) -> Figures:
    figures: dict[str, float] = {}
    with given.running(gateway, upstream.reading_port) as running:
        meter = Meter(running, upstream, folder=given.work / "load", cores=given.load_cores)
        model = running.provider + MODEL
        keeps_bodies = product.NO_BODIES not in gateway.name
        for size in SIZES:
            kinds = {"new": bodies.fresh(model, size)}
            if gateway not in KEEPING_NOTHING:
                kinds["going on"] = bodies.conversation(model, size)
            for kind, body in kinds.items():
                asking = Asking(body, CONNECTIONS, seconds=_SECONDS, least=_LEAST, most=_MOST, search=keeps_bodies)
                cost = meter.measure(asking)
                column = f"{size // 1000} {kind}"
                figures |= {column: cost.written, f"{column} answering": cost.answering}
                figures[f"{column} searchable"] = cost.searchable
        figures["rss"] = running.tree.memory().rss
    return figures


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    columns = [f"{size // 1000} {kind}" for size in SIZES for kind in ("new", "going on")]
    names = [column.replace(" ", " KB, ", 1) for column in columns]
    rows = []
    for row in collected.rows():
        cells = [_beside_nginx(collected, row, column) for column in columns]
        rows.append([row, *cells, cell(collected.values(row, "rss"))])
    print_table(["CPU µs a request", *names, "RSS MB after it"], rows)
    moments = ("answering", "searchable")
    kept = [row for row in collected.rows() if row.startswith("lasttenth") and product.NO_BODIES not in row]
    rows = [
        [f"{row}, until {'answered' if moment == 'answering' else moment}"]
        + [cell(collected.values(row, f"{column} {moment}")) for column in columns]
        for row in kept
        for moment in moments
    ]
    print_table(["CPU µs a request", *names], rows)


def _beside_nginx(collected: Collected, row: str, column: str) -> str:
    times = collected.ratios(row, NGINX.name, column)
    beside = f", {cell(times, '.1f', ranged=False)} x nginx" if times and row != NGINX.name else ""
    return cell(collected.values(row, column)) + beside


if __name__ == "__main__":
    main()
