"""Answers from the exact cache: CPU of plain requests that never reach the upstream.

python -m benchmarks.gateway.cached
"""

import json
import urllib.request

from benchmarks.gateway import bodies, product
from benchmarks.gateway.gateways import NGINX, Gateway, Running
from benchmarks.gateway.measuring import Asking, Meter
from benchmarks.gateway.rounds import Bench, Collected, Figures, bench, cell, print_table
from benchmarks.gateway.upstream import MODEL, PATH, Upstream, static_upstream

DIFFERENT = 200
"""Bodies that come again and again."""
HEADER = "x-lasttenth-cache"


def main() -> None:
    """Print the table."""
    with bench("CPU of answers from the cache.") as given:
        print_tables(measure(given))


def measure(given: Bench) -> Collected:
    """Measure round by round, with nginx as the unit."""
    collected = Collected()
    keeping = [each for each in product.variants(given.environments) if product.NO_BODIES not in each.name]
    gateways = given.chosen((*keeping, NGINX))
    with static_upstream(given.work / "upstream", cores=given.load_cores) as upstream:
        for number in range(given.rounds):
            for gateway in gateways[:: -1 if number % 2 else 1]:
                figures = _round(given, gateway, upstream)
                if figures:
                    collected.add(gateway.name, figures)
    return collected


def _round(given: Bench, gateway: Gateway, upstream: Upstream) -> Figures:
    with given.running(gateway, upstream.port) as running:
        keeps = product.is_product(running)
        asking = running._replace(headers={**running.headers, HEADER: "exact"}) if keeps else running
        if keeps and "hit" not in (_said(asking), _said(asking)):
            print(f"  {gateway.name} has no cache.")
            return {}
        meter = Meter(asking, upstream, folder=given.work / "load", cores=given.load_cores)
        body = bodies.plain(running.provider + MODEL)
        cost = meter.measure(Asking(body, 64, search=False, different=DIFFERENT if keeps else 0))
        alone = meter.measure(Asking(body, 1, seconds=0.8, search=False, different=DIFFERENT if keeps else 0))
    return {"cpu": cost.written, "rate": cost.answered.rate, "p50": alone.answered.p50}


def _said(running: Running) -> str:
    """Return what an answer says about the cache."""
    body = bodies.plain(running.provider + MODEL).text(0, bodies.corpus()).encode()
    headers = {"content-type": "application/json", **running.headers}
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}{PATH}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - loopback
        assert json.load(reply)["choices"]
        said: str = reply.headers.get(HEADER, "")
        return said


def print_tables(collected: Collected) -> None:
    """Print what was measured; nginx passes its requests on."""
    rows = []
    for row in collected.rows():
        of_nginx = [100 / each for each in collected.ratios(row, NGINX.name, "cpu")]
        cells = [row, cell(collected.values(row, "cpu")), cell(of_nginx, ".1f")]
        rows.append([*cells, *(cell(collected.values(row, name)) for name in ("rate", "p50"))])
    print_table(["gateway", "CPU µs a request", "% of nginx", "requests/s", "p50, one connection, µs"], rows)


if __name__ == "__main__":
    main()
