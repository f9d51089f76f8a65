"""What the journeys share: one real server and one scripted upstream for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from anthropic import Anthropic
from google import genai
from google.genai.types import HttpOptions
from openai import OpenAI
from tests.journeys.conversations import POLICY

from lasttenth.testing import RunningServer, Upstream, running_server

SETTINGS = """
providers:
  up:
    base_url: {base_url}
    api_key: upstream-secret
  anthropic:
    protocol: anthropic
    base_url: {base_url}
    api_key: upstream-secret
  google:
    protocol: gemini
    base_url: {base_url}
    api_key: upstream-secret
  openai:
    base_url: {base_url}
    responses: true
    api_key: upstream-secret
  newer:
    protocol: responses
    base_url: {base_url}
  gone-three:
    protocol: gemini
    base_url: http://127.0.0.1:9/v1beta
  gone-too:
    protocol: anthropic
    base_url: http://127.0.0.1:9/v1
  gone:
    base_url: http://127.0.0.1:9/v1
timeouts:
  read: 1
limits:
  body: 4194304
scripts:
  crowded:
    lines:
      - {{status: 429, retry_after: "7", text: Too many requests.}}
  broken:
    lines:
      - {{text: One two three four., breaks_after: 2}}
  model-of-quotes:
    lines:
      - text: |
          Lamps can be returned within 30 days. <quote document="1">return any lamp within 30 days of delivery</quote>
          The moon is made of cheese. <quote document="1">the moon is made of cheese</quote>
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("installation")
    settings = SETTINGS.format(base_url=upstream.base_url)
    with running_server(folder, settings=settings) as started:
        yield started
        log = started.log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[OpenAI]:
    body = msgspec.json.encode({"documents": [{"name": "policy.md", "text": POLICY}]})
    assert server.request("POST", "/api/indexes/default/documents", body=body).status == 200
    with OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0, timeout=20) as opened:
        yield opened


@pytest.fixture(scope="module")
def claude(server: RunningServer) -> Iterator[Anthropic]:
    with Anthropic(base_url=server.base_url, api_key="local", max_retries=0, timeout=20) as opened:
        yield opened


@pytest.fixture(scope="module")
def gemini(server: RunningServer) -> Iterator[genai.Client]:
    options = HttpOptions(base_url=server.base_url, timeout=20_000)
    with genai.Client(api_key="local", http_options=options) as opened:
        yield opened
