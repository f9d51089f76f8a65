"""Traces: trees of spans. A plain gateway request is one span with its stage times packed into it."""

from typing import Any, Literal

import msgspec

from lasttenth.records.usage import Usage

Operation = Literal[
    "chat", "completions", "count_tokens", "embeddings", "moderations", "passthrough", "retrieval", "task"
]
"""What a span did. The names follow OpenTelemetry's `gen_ai.operation.name` where it has one."""

UnitSource = Literal["header", "metadata", "safety_identifier", "user", "key", "random"]


class Assignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which release answered, how it was chosen and what it met."""

    task: str
    release: str
    environment: str
    pointer: str = ""
    probability: float = 1.0


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that somebody wrote or a model answered: stored apart, per project, erasable."""

    media_type: str
    body: bytes


class Span(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of work. Times are nanoseconds: `start` and `end` since the Unix epoch, `stages` and `first_token` spent."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str
    operation: Operation
    start: int
    end: int
    status: Literal["ok", "error"] = "ok"
    error: str = ""
    """The stable code of the error, empty when there was none."""
    model: str = ""
    unit: str = ""
    unit_source: UnitSource = "random"
    key: str = ""
    """Public id of the key that the request came with."""
    assignment: Assignment | None = None
    usage: Usage | None = None
    cost: int | None = None
    """Nano-dollars; None where no price is known."""
    price_version: str = ""
    first_token: int | None = None
    stages: dict[str, int] = {}
    attributes: dict[str, Any] = {}
    input: Payload | None = None
    output: Payload | None = None
    erased: str = ""
    """Keyed hash of the input, output and attributes that were erased; empty where nothing was."""


class TraceFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which traces are wanted: those with a span that meets all that is set; the unit is the one of the root."""

    failed: bool = False
    operation: str = ""
    model: str = ""
    task: str = ""
    release: str = ""
    pointer: str = ""
    unit: str = ""
    words: str = ""
    """Words that stand in a name, an input or an output, all of them, in any order."""


EVERYTHING = TraceFilter()


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of traces: the root span without its payloads."""

    trace_id: str
    name: str
    operation: Operation
    start: int
    duration: int
    status: Literal["ok", "error"]
    error: str
    model: str
    task: str
    release: str
    input_tokens: int | None
    output_tokens: int | None
    cost: int | None
