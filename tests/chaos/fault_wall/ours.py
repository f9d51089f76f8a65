"""Lasttenth before the wall: its settings, and how each cell is asked of it."""

import json
from collections.abc import Sequence
from typing import Any

from tests.chaos.fault_wall.caller import Question
from tests.chaos.fault_wall.cells import HEALTHY, Cell, Wall, provider, slug
from tests.chaos.fault_wall.dialects import DIALECTS
from tests.chaos.fault_wall.faults import READ_SECONDS, REPLY_BYTES

PATIENCE = 20.0
"""Seconds after which a call hangs."""


def settings(cells: Sequence[Cell], wall: Wall) -> str:
    """Return `lasttenth.yaml`: a provider for each fault and protocol, and a route for each cell that asks one."""
    providers = {
        provider(fault, dialect): {"protocol": dialect.name, "base_url": f"{url}/v1"}
        for fault, url in wall.urls.items()
        for dialect in DIALECTS
    }
    routes = {cell.route: _route(cell) for cell in cells if cell.way == "route"}
    limits = {"reply": REPLY_BYTES}
    timeouts = {"connect": READ_SECONDS, "read": READ_SECONDS}
    # JSON is YAML.
    return json.dumps({"providers": providers, "routes": routes, "limits": limits, "timeouts": timeouts})


def question(cell: Cell, port: int) -> Question:
    """Return what asks a cell."""
    model = cell.route if cell.way == "route" else f"{cell.provider}/{cell.dialect.model}"
    path, body = cell.caller.request(model, stream=cell.stream, said=cell.mark.decode())
    headers = {"traceparent": f"00-{cell.trace}-00000000000000aa-01"}
    return Question(port, path, body, headers, PATIENCE)


def _route(cell: Cell) -> dict[str, Any]:
    """Return a route whose first deployment has the fault: the weights leave no doubt who is asked first."""
    first = {"model": f"{cell.provider}/{cell.dialect.model}", "weight": 10**6}
    second = {"model": f"{provider(slug(HEALTHY), cell.dialect)}/{cell.dialect.model}"}
    return {"deployments": [first, second], "retries": 1}
