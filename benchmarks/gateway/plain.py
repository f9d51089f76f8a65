"""Plain requests of 0.7 KB: CPU of the whole process tree for each, at 64 connections and at one.

python -m benchmarks.gateway.plain
python -m benchmarks.gateway.plain --rounds 3 nginx lasttenth
"""

from benchmarks.gateway import bodies, load, product
from benchmarks.gateway.gateways import PEERS, Gateway
from benchmarks.gateway.measuring import Asking, Meter
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.upstream import MODEL, Upstream, static_upstream

_ALONE_SECONDS = 0.8
_DIRECT = 4_000


def main() -> None:
    """Print the table."""
    with bench("CPU of plain requests.") as given:
        collected = measure(given)
        print_tables(collected)


def measure(given: Bench) -> Collected:
    """Measure all gateways, round by round."""
    collected = Collected()
    gateways = given.chosen((*product.variants(given.environments), *PEERS))
    with static_upstream(given.work / "upstream", cores=given.load_cores) as upstream:
        for number in range(given.rounds):
            direct = _direct(given, upstream)
            for gateway in gateways[:: -1 if number % 2 else 1]:
                collected.add(gateway.name, _round(given, gateway, upstream, direct))
    return collected


def _direct(given: Bench, upstream: Upstream) -> float:
    """Return the latency of the upstream itself, in microseconds."""
    asking = load.Load(port=upstream.port, headers={}, body=bodies.plain(MODEL), requests=_DIRECT, connections=1)
    return load.send(asking, given.work / "load", cores=given.load_cores).p50


def _round(given: Bench, gateway: Gateway, upstream: Upstream, direct: float) -> Figures:
    with given.running(gateway, upstream.port) as running:
        meter = Meter(running, upstream, folder=given.work / "load", cores=given.load_cores)
        body = bodies.plain(running.provider + MODEL)
        many = meter.measure(Asking(body, 64))
        memory = running.tree.memory()
        indexing = product.indexing(running, given.environments) if product.is_product(running) else 0.0
        alone = meter.measure(Asking(body, 1, seconds=_ALONE_SECONDS, search=False))
    return {
        "cpu": many.written,
        "answering": many.answering,
        "searchable": many.searchable,
        "indexing": indexing,
        "rate": many.answered.rate,
        "p50": many.answered.p50,
        "alone": alone.written,
        "added": alone.answered.p50 - direct,
        "rss": memory.rss,
        "pss": memory.pss,
    }


def print_tables(collected: Collected) -> None:
    """Print what was measured."""
    head = ["gateway", "CPU µs a request", "% of nginx", "times LiteLLM", "requests/s"]
    head += ["CPU µs, one connection", "p50 added, µs", "RSS MB", "PSS MB"]
    rows = []
    for row in collected.rows():
        of_nginx = [100 / each for each in collected.ratios(row, "nginx", "cpu")]
        of_litellm = [1 / each for each in collected.ratios(row, "LiteLLM", "cpu")]
        cells = [row, cell(collected.values(row, "cpu")), cell(of_nginx, ".1f"), cell(of_litellm, ".1f")]
        cells += [cell(collected.values(row, "rate"), ranged=False)]
        cells += [cell(collected.values(row, "alone")), cell(collected.values(row, "added"))]
        rows.append([*cells, *(cell(collected.values(row, name), ranged=False) for name in ("rss", "pss"))])
    print_table(head, rows)
    head = ["CPU µs a request", "until answered", "until written", "until searchable", "% of nginx", "indexing alone"]
    print_table(head, _parts(collected))


def _parts(collected: Collected) -> list[list[str]]:
    """Return the rows that say until when CPU is counted, of the gateways that keep a ledger."""
    kept = [row for row in collected.rows() if any(collected.values(row, "indexing"))]
    rows = []
    for row in kept:
        moments = [cell(collected.values(row, moment)) for moment in ("answering", "cpu", "searchable")]
        of_nginx = [100 / each for each in collected.ratios(row, "nginx", "searchable")]
        rows.append([row, *moments, cell(of_nginx, ".1f"), cell(collected.values(row, "indexing"))])
    return rows


if __name__ == "__main__":
    main()
