"""What the journeys of frameworks share. Files of frameworks that are not installed are left out."""

import asyncio
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from tests.journeys.clients.doubles import DOUBLES, Double
from tests.journeys.conftest import SETTINGS
from tests.journeys.conversations import POLICY

from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, running_server

FRAMEWORKS = ("langchain_core", "llama_index", "pydantic_ai")
collect_ignore = [f"test_{name.removesuffix('_core')}.py" for name in FRAMEWORKS if find_spec(name) is None]

ROUTES = """
routes:
  claude-haiku-4-5: {deployments: [{model: up/routed}]}
"""
TASK = """---
name: place
model: up/place
---

# User

{{ question }}
"""


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Return a server with documents, a task beside `answer`, and a route that is named as a model of Anthropic's is."""
    folder: Path = tmp_path_factory.mktemp("installation")
    documents = msgspec.json.encode({"documents": [{"name": "policy.md", "text": POLICY}]})
    with running_server(folder, settings=SETTINGS.format(base_url=upstream.base_url) + ROUTES) as started:
        assert started.request("POST", "/api/indexes/default/documents", body=documents).status == 200
        task = msgspec.json.encode({"text": TASK})
        assert started.request("POST", "/api/tasks", body=task).status == 200
        yield started
        log = started.log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Return one event loop for all tests: frameworks keep connections that belong to it."""
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(params=DOUBLES.values(), ids=[f"asks-{name}" for name in DOUBLES])
def double(request: pytest.FixtureRequest) -> Double:
    """Return each provider in turn."""
    found: Double = request.param
    return found


@pytest.fixture
def scripted(upstream: Upstream, double: Double, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return what scripts a model of the provider for this test alone, and names it."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")

    def script(*answers: UpstreamAnswer) -> str:
        upstream.script(name, *answers)
        return f"{double.provider}/{name}"

    return script
