"""A conversation goes on with another provider: thought that this one has not signed does not go there, and is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from anthropic import Anthropic
from google import genai
from google.genai.types import Content, HttpOptions
from openai import OpenAI
from tests.journeys.conversations import HELLO

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    content,
    failure,
    message,
    response,
    running_server,
)

LOST = "x-lasttenth-lost"
SETTINGS = """
providers:
  up: {{base_url: {url}}}
  claude: {{base_url: {url}, protocol: anthropic}}
  google: {{base_url: {url}, protocol: gemini}}
  openai: {{base_url: {url}, protocol: responses}}
routes:
  mixed: {{deployments: [{{model: up/down}}], fallbacks: [claude/next], retries: 0}}
"""
NATIVE = {"type": "thinking", "thinking": "Mine.", "signature": "+/+/"}
SEALED = {"id": "rs_a", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with running_server(folder, settings=SETTINGS.format(url=upstream.base_url)) as started:
        yield started


def thought() -> UpstreamAnswer:
    said = {"role": "assistant", "reasoning_content": "Hm.", "content": "Yes."}
    reply = {"id": "c", "model": "m", "choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}
    return UpstreamAnswer(body=(msgspec.json.encode(reply),))


def sent(upstream: Upstream, model: str) -> Any:
    return msgspec.json.decode(upstream.requests(model)[-1].body)


@pytest.mark.parametrize("asked", ["claude/next", "mixed"])
@pytest.mark.parametrize(
    ("first", "answer"),
    [
        ("up/first", thought()),
        ("google/first", content({"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"}, {"text": "Yes."})),
        ("openai/first", response({**SEALED, "encrypted_content": "c2ln"}, "Yes.")),
    ],
    ids=["unsigned", "geminis", "openais"],
)
def test_anthropics_models_get_no_thought_but_their_own(
    claude: Anthropic, upstream: Upstream, first: str, answer: UpstreamAnswer, asked: str
) -> None:
    upstream.script("first", answer)
    upstream.script("down", failure(500, "No."))
    upstream.script("next", message("Well."))
    said = claude.messages.create(model=first, max_tokens=9, messages=HELLO)
    turns: Any = [*HELLO, {"role": "assistant", "content": said.content}, {"role": "user", "content": "So?"}]
    own: Any = [{"role": "assistant", "content": [NATIVE, {"type": "text", "text": "Hi."}]}, *HELLO]

    raw = claude.messages.with_raw_response.create(model=asked, max_tokens=9, messages=[*turns, *own])

    assert [block.type for block in said.content] == ["thinking", "text"]
    assert raw.headers[LOST] == "messages.1.thinking"
    texts = [block["type"] for turn in sent(upstream, "next")["messages"][1:2] for block in turn["content"]]
    assert texts == ["text"]
    assert sent(upstream, "next")["messages"][3]["content"][0] == NATIVE


def test_geminis_models_get_no_thought_of_anthropics(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("first", message(NATIVE, "Yes."))
    upstream.script("next", content("Well."))
    options = HttpOptions(base_url=server.base_url, api_version="v1beta")
    asked = Content.model_validate({"role": "user", "parts": [{"text": "So?"}]})
    with genai.Client(api_key="local", http_options=options) as gemini:
        said = gemini.models.generate_content(model="claude/first", contents=[asked])
        assert said.candidates is not None
        assert said.candidates[0].content is not None
        turns: Any = [asked, said.candidates[0].content, asked]
        gemini.models.generate_content(model="claude/first", contents=turns)
        gemini.models.generate_content(model="google/next", contents=turns)

    assert sent(upstream, "first")["messages"][1]["content"][0] == NATIVE
    assert sent(upstream, "next")["contents"][1]["parts"] == [{"text": "Yes."}]


def test_openais_models_get_no_thought_of_anthropics(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("first", message(NATIVE, "Yes."))
    upstream.script("next", response("Well."))
    with OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0) as client:
        said = client.responses.create(model="claude/first", input="Hello?")
        turns: Any = [*HELLO, *(item.to_dict() for item in said.output), *HELLO]
        raw = client.responses.with_raw_response.create(model="openai/next", input=turns)

    assert [item.type for item in said.output] == ["reasoning", "message"]
    assert [item.get("type", "message") for item in sent(upstream, "next")["input"]] == ["message"] * 3
    assert raw.headers[LOST] == "input.1.thinking"
