"""Watch our own stages: fail where one costs a fifth more than it did, measured in nginx's CPU for a request.

    python -m benchmarks.gateway.watch            install this checkout, compare; exit with 1 where a stage grew
    python -m benchmarks.gateway.watch --write    measure anew what to compare with: STAGES.json

nginx runs before and after each round, so that another machine, or a busy one, moves both. A growth counts where the median
and three rounds of four show it, and where it is no hair: a twentieth of what all stages cost.
"""

import json
import sys
from pathlib import Path
from statistics import median

from benchmarks.gateway import stages
from benchmarks.gateway.environments import ROOT, install_product
from benchmarks.gateway.rounds import Collected, bench, cell, print_table

REFERENCE = Path(__file__).with_name("STAGES.json")
GROWTH = 0.2
_HAIR = 1 / 20
_ALL = "all stages"
NAMES = {
    "request": "a request of 0.7 KB",
    "long": f"a request of {stages.LONG // 1000} KB",
    "stream": f"a stream of {stages.STREAM.chunks} chunks",
}

Costs = dict[str, dict[str, list[float]]]
"""By measure and stage: times nginx's CPU for a request, round by round."""


def main() -> int:
    """Return 1 where a stage grew."""
    write = "--write" in sys.argv
    if write:
        sys.argv.remove("--write")
    with bench("Watch our own stages.") as given:
        install_product(given.environments, ROOT)
        collected = stages.measure(given)
        stages.print_tables(collected)
    now = costs(collected)
    if write:
        REFERENCE.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        return 0
    before: Costs = json.loads(REFERENCE.read_text(encoding="utf-8"))
    print_table(["stage", "of", "times nginx, then", "now"], compared(before, now))
    found = grown(before, now)
    print("\n".join(found) or "No stage has grown.")
    return int(bool(found))


def costs(collected: Collected) -> Costs:
    """Return what all rounds say, in units of nginx's request."""
    unit = stages.unit(collected)
    found: Costs = {}
    for measure in stages.MEASURES:
        found[measure] = {
            stage: [round(spent / unit, 4) for spent in values]
            for stage in stages.STAGES
            if (values := collected.values(stage, measure))
        }
        found[measure][_ALL] = [round(sum(each), 4) for each in zip(*found[measure].values(), strict=True)]
    return found


def compared(before: Costs, now: Costs) -> list[list[str]]:
    """Return the rows of a table of both."""
    return [
        [stage, NAMES[measure], cell(before.get(measure, {}).get(stage, []), ".3f"), cell(values, ".3f")]
        for measure, found in now.items()
        for stage, values in found.items()
    ]


def grown(before: Costs, now: Costs) -> list[str]:
    """Return a sentence for each stage that costs more than it may."""
    found = []
    for measure, stages_now in now.items():
        known = before.get(measure, {})
        hair = _HAIR * _median(known.get(_ALL, []))
        for stage, values in stages_now.items():
            was, value = _median(known.get(stage, [])), _median(values)
            if value > was * (1 + GROWTH) and value - was > hair and sorted(values)[len(values) // 4] > was:
                found.append(f"{stage}, {NAMES[measure]}: {was:.3f} times nginx's request then, {value:.3f} now.")
    return found


def _median(values: list[float]) -> float:
    return median(values) if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
