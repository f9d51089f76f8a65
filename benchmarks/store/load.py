"""The load that every store benchmark uses: traces of an agent that retrieves, calls a model three times and two tools.

Each span carries about 3.1 KB of attribute values, its input and output counted in: OpenInference and gen_ai names, prose
that was never seen before, and one of 20 system prompts that many spans share. The same count and seed give the same traces.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np

from benchmarks.store.prose import Prose

Kind = Literal["AGENT", "EMBEDDING", "RETRIEVER", "LLM", "TOOL"]

BEGIN = 1_767_225_600_000_000_000
"""When the first trace starts: 2026-01-01, in Unix nanoseconds."""
BETWEEN_TRACES = 6_912_000_000
"""Nanoseconds from one trace to the next: 12,500 traces, which is 100,000 spans, fill a day."""
SPANS = 8
"""In each trace."""

_SYSTEM_PROMPTS = 20
_USERS = 500
_FAILING = 0.01
"""The share of model and tool spans that fail, and their trace with them."""
_EMBEDDER = "text-embedding-3-small"


class _Model(NamedTuple):
    name: str
    provider: str
    input_nanos: int
    output_nanos: int
    milliseconds: float
    """Typically, for one call."""


_MODELS = (
    _Model("gpt-5-mini", "openai", 250, 2_000, 900),
    _Model("gpt-5", "openai", 1_250, 10_000, 2_400),
    _Model("claude-sonnet-4-5", "anthropic", 3_000, 15_000, 2_100),
    _Model("gemini-2.5-flash", "gcp.gemini", 300, 2_500, 700),
)
_TOOLS = ("search_orders", "get_weather", "create_ticket", "lookup_customer", "convert_currency")


class Span(TypedDict):
    """One span. Times are Unix nanoseconds, costs nano-dollars; `attributes` repeat neither input nor output."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: Kind
    start: int
    end: int
    status: Literal["ok", "error"]
    model: str
    provider: str
    input_tokens: int
    output_tokens: int
    cost: int
    user: str
    session: str
    attributes: dict[str, Any]
    input: str
    """Messages as JSON."""
    output: str


def traces(count: int, seed: int) -> Iterator[list[Span]]:
    """Yield traces in the order of their start, the root span first."""
    making = _Traces(seed)
    for number in range(count):
        yield making.next(number)


class _Traces:
    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._prose = Prose(seed)
        self._prompts = [self._prose.text(1_350) for _ in range(_SYSTEM_PROMPTS)]
        self._now = BEGIN
        self._ids: dict[str, str] = {}

    def next(self, number: int) -> list[Span]:
        self._now = BEGIN + number * BETWEEN_TRACES + int(self._random.integers(1_000_000_000))
        self._ids = {
            "trace_id": self._random.bytes(16).hex(),
            "user": f"user-{self._random.integers(_USERS)}",
            "session": f"session-{number // 3}",
        }
        prompt = self._prompts[self._random.integers(_SYSTEM_PROMPTS)]
        root = self._agent()
        children = [self._embedding(), self._retriever()]
        children += [self._llm(prompt), self._tool(), self._llm(prompt), self._tool(), self._llm(prompt)]
        for child in children:
            child["parent_id"] = root["span_id"]
        root["end"] = self._now
        failed = any(child["status"] == "error" for child in children)
        root["status"] = "error" if failed else "ok"
        return [root, *children]

    def _agent(self) -> Span:
        name = f"agent-{self._random.integers(6)}"
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "metadata": json.dumps({"release": "2026.1", "notes": self._prose.text(960)}),
        }
        return self._span(
            "AGENT", name, attributes, said=[_user(self._prose.text(920))], answered=self._prose.text(1_100)
        )

    def _embedding(self) -> Span:
        asked = self._prose.text(1_100)
        attributes = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": _EMBEDDER,
            "gen_ai.provider.name": "openai",
            "embedding.model_name": _EMBEDDER,
            "embedding.embeddings.0.embedding.text": self._prose.text(900),
        }
        span = self._span("EMBEDDING", "embed", attributes, said=[_user(asked)], answered=self._prose.text(900))
        return self._finish(span, milliseconds=40)

    def _retriever(self) -> Span:
        attributes: dict[str, Any] = {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "handbook"}
        for place in range(4):
            document = f"retrieval.documents.{place}.document"
            attributes[f"{document}.id"] = f"page-{self._random.integers(10_000)}"
            attributes[f"{document}.score"] = round(float(self._random.random()), 4)
            attributes[f"{document}.content"] = self._prose.text(660)
        span = self._span(
            "RETRIEVER", "retrieve", attributes, said=[_user(self._prose.text(300))], answered="4 documents"
        )
        return self._finish(span, milliseconds=60)

    def _llm(self, prompt: str) -> Span:
        model = _MODELS[self._random.integers(len(_MODELS))]
        said = [{"role": "system", "content": prompt}, _user(self._prose.text(900))]
        answered = self._prose.text(int(self._random.integers(300, 1_100)))
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": model.provider,
            "gen_ai.request.model": model.name,
            "gen_ai.response.model": model.name,
            "gen_ai.request.temperature": 0.2,
            "gen_ai.request.max_tokens": 1_024,
            "gen_ai.response.finish_reasons": ["stop"],
            "llm.model_name": model.name,
            "llm.provider": model.provider,
            "llm.invocation_parameters": '{"temperature": 0.2, "max_tokens": 1024}',
        }
        span = self._span("LLM", f"chat {model.name}", attributes, said=said, answered=answered)
        span["model"], span["provider"] = model.name, model.provider
        span["input_tokens"] = len(span["input"]) // 4
        span["output_tokens"] = len(answered) // 4
        span["cost"] = span["input_tokens"] * model.input_nanos + span["output_tokens"] * model.output_nanos
        attributes["gen_ai.usage.input_tokens"] = attributes["llm.token_count.prompt"] = span["input_tokens"]
        attributes["gen_ai.usage.output_tokens"] = attributes["llm.token_count.completion"] = span["output_tokens"]
        attributes["llm.cost.total"] = span["cost"] / 1e9
        return self._finish(span, milliseconds=model.milliseconds, failing=_FAILING)

    def _tool(self) -> Span:
        name = _TOOLS[self._random.integers(len(_TOOLS))]
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.call.id": self._random.bytes(12).hex(),
            "tool.name": name,
            "tool.parameters": json.dumps({"query": self._prose.text(400), "limit": 10}),
        }
        said = [{"role": "tool", "content": self._prose.text(400)}]
        span = self._span("TOOL", name, attributes, said=said, answered=self._prose.text(2_150))
        return self._finish(span, milliseconds=150, failing=_FAILING)

    def _span(
        self, kind: Kind, name: str, attributes: dict[str, Any], *, said: list[dict[str, str]], answered: str
    ) -> Span:
        attributes["openinference.span.kind"] = kind
        attributes["session.id"] = self._ids["session"]
        attributes["user.id"] = self._ids["user"]
        return Span(
            trace_id=self._ids["trace_id"],
            span_id=self._random.bytes(8).hex(),
            parent_id="",
            name=name,
            kind=kind,
            start=self._now,
            end=self._now,
            status="ok",
            model="",
            provider="",
            input_tokens=0,
            output_tokens=0,
            cost=0,
            user=self._ids["user"],
            session=self._ids["session"],
            attributes=attributes,
            input=json.dumps(said),
            output=answered,
        )

    def _finish(self, span: Span, *, milliseconds: float, failing: float = 0) -> Span:
        """Give a span its duration, and perhaps its failure; the next one starts where it ends."""
        self._now += int(milliseconds * 1e6 * self._random.lognormal(0, 0.5))
        span["end"] = self._now
        if self._random.random() < failing:
            span["status"] = "error"
            span["attributes"]["error.type"] = "timeout"
        return span


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}
