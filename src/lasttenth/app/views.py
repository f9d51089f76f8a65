"""What the doors show: records with their payloads as text."""

from typing import Any, Literal

import msgspec

from lasttenth.models.port import ModelInfo
from lasttenth.observe.recording import RecorderHealth
from lasttenth.records.traces import Assignment, Payload, Span
from lasttenth.records.usage import Usage


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """A span whose input and output are text. Times are nanoseconds, costs nano-dollars."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    operation: str
    start: int
    end: int
    status: Literal["ok", "error"]
    error: str
    model: str
    unit: str
    unit_source: str
    assignment: Assignment | None
    usage: Usage | None
    cost: int | None
    price_version: str
    first_token: int | None
    stages: dict[str, int]
    attributes: dict[str, Any]
    input: str | None
    output: str | None


class IndexView(msgspec.Struct, frozen=True, kw_only=True):
    """An index and how much it holds. An empty embedder means that it is searched by words alone."""

    name: str
    documents: int
    chunks: int
    embedder: str
    snapshot: str


class ModelsView(msgspec.Struct, frozen=True, kw_only=True):
    """The models of all providers, and a line for each provider that could not be asked."""

    models: list[ModelInfo]
    failures: list[str]


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The version, the project, and how recording stands."""

    version: str
    project: str
    recording: RecorderHealth


def span_view(span: Span) -> SpanView:
    """Return a span for a door."""
    fields = {name: getattr(span, name) for name in Span.__struct_fields__}
    return SpanView(**{**fields, "input": _text(span.input), "output": _text(span.output)})


def _text(payload: Payload | None) -> str | None:
    return None if payload is None else payload.body.decode(errors="replace")
