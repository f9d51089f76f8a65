"""LiteLLM's proxy before the wall: its settings, and how each cell is asked of it.

It has the same seconds as Lasttenth. No retries, so that what it makes of one answer is seen; a route is a model with a
fallback, and nothing is left to cool down, so that no cell moves another.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.fault_wall.caller import Question
from tests.chaos.fault_wall.cells import HEALTHY, Cell, Wall, provider, slug
from tests.chaos.fault_wall.dialects import OPENAI
from tests.chaos.fault_wall.faults import READ_SECONDS

from benchmarks.fault_wall.seeing import PATIENCE
from benchmarks.gateway.processes import Tree, free_port, until

KEY = "sk-wall"
START_SECONDS = 180.0
_WELL = provider(slug(HEALTHY), OPENAI)


@contextmanager
def running(environment: Path, folder: Path, cells: Sequence[Cell], wall: Wall) -> Iterator[int]:
    """Start the proxy, and return its port once it answers.

    Args:
        environment: where it is installed.
        folder: for its settings and its log.
        cells: what it will be asked.
        wall: the upstreams.
    """
    folder.mkdir()
    # JSON is YAML.
    (folder / "config.yaml").write_text(json.dumps(settings(cells, wall)), encoding="utf-8")
    port = free_port()
    command = [str(environment / "bin/litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    variables = {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "SSL_CERT_FILE": str(wall.root),
    }
    with Tree(command, cores="", folder=folder, environment=variables) as tree:
        until(lambda: _answers(tree, port), "LiteLLM answers", seconds=START_SECONDS, pause=0.2)
        yield port


def settings(cells: Sequence[Cell], wall: Wall) -> dict[str, Any]:
    """Return `config.yaml`."""
    models = [_model(provider(fault, OPENAI), url) for fault, url in wall.urls.items()]
    routes = [cell for cell in cells if cell.way == "route"]
    models += [_model(cell.route, wall.urls[slug(cell.fault)]) for cell in routes]
    return {
        "model_list": models,
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0, "request_timeout": READ_SECONDS},
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "timeout": READ_SECONDS,
            "stream_timeout": READ_SECONDS,
            "fallbacks": [{cell.route: [_WELL]} for cell in routes],
        },
    }


def question(cell: Cell, port: int) -> Question:
    """Return what asks a cell."""
    model = cell.route if cell.way == "route" else cell.provider
    path, body = cell.dialect.request(model, stream=cell.stream, said=cell.mark.decode())
    return Question(port, path, body, {"authorization": f"Bearer {KEY}"}, PATIENCE)


def _model(name: str, url: str) -> dict[str, Any]:
    parameters = {"model": f"openai/{OPENAI.model}", "api_base": f"{url}/v1", "api_key": "none", "max_retries": 0}
    return {"model_name": name, "litellm_params": parameters}


def _answers(tree: Tree, port: int) -> bool:
    if not tree.is_alive():
        raise RuntimeError(tree.log.read_text(encoding="utf-8", errors="replace")[-4000:])
    path, body = OPENAI.request(_WELL, stream=False, said="")
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        body,
        {"content-type": "application/json", "authorization": f"Bearer {KEY}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - as above
            return bool(json.load(reply)["choices"])
    except (urllib.error.URLError, ConnectionError):
        return False
