"""What the doors show: records with their payloads as text."""

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

import msgspec

from lasttenth.models.catalogue import Rate, Tiered
from lasttenth.models.facts import Facts
from lasttenth.models.port import ModelInfo
from lasttenth.models.prices import Prices
from lasttenth.observe.recording import RecorderHealth
from lasttenth.records.jobs import Overdue
from lasttenth.records.totals import SearchLag
from lasttenth.records.traces import Assignment, Payload, Span
from lasttenth.records.usage import Usage
from lasttenth.storage.remote import WriterHealth


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
    key: str
    assignment: Assignment | None
    usage: Usage | None
    cost: int | None
    price_version: str
    first_token: int | None
    stages: dict[str, int]
    attributes: dict[str, Any]
    input: str | None
    output: str | None
    erased: str


class IndexView(msgspec.Struct, frozen=True, kw_only=True):
    """An index and how much it holds. An empty embedder means that it is searched by words alone."""

    name: str
    documents: int
    chunks: int
    embedder: str
    snapshot: str


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model. What is not known is None; prices are dollars per million tokens, where there are tiers of the first."""

    name: str
    provider: str
    operations: tuple[str, ...]
    context_window: int | None = None
    output_limit: int | None = None
    """Tokens that an answer may have."""
    reads: tuple[str, ...] = ()
    """Forms of what it takes, such as text and image."""
    writes: tuple[str, ...] = ()
    retires: dt.date | None = None
    """The last day on which it answers."""
    is_retiring: bool = False
    """Whether that is soon, or was."""
    input_price: Decimal | None = None
    output_price: Decimal | None = None


class ModelsView(msgspec.Struct, frozen=True, kw_only=True):
    """The models of all providers, and a line for each provider that could not be asked."""

    models: list[ModelView]
    failures: list[str]


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """The workers of a server: how many there should be, how many serve, how often one was started anew after its end."""

    wanted: int = 1
    running: int = 1
    restarts: int = 0


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """How a deployment of a route stands in one process; times are in seconds."""

    route: str
    model: str
    waiting: int
    """Calls that it has not answered yet."""
    rest: float
    """How long it is left alone."""
    first_content: float
    """How long it took lately to say something; 0 where it has not been asked for a while."""


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """How the process that answers (by its id) stands, and how many workers there are beside it.

    `writer` tells how those of its writes stand that another process makes; None where it writes by itself.
    `deployments` are those of routes.
    """

    process: int
    recording: RecorderHealth
    workers: Crew
    writer: WriterHealth | None
    deployments: list[DeploymentView] = []


class StatusView(HealthView, frozen=True, kw_only=True):
    """The version, the project, how the process that answers stands, and what is late.

    `search_lag` is what full-text search does not find yet, `overdue` the schedules and kinds of jobs that should have
    succeeded.
    """

    version: str
    project: str
    search_lag: SearchLag
    overdue: list[Overdue]


def span_view(span: Span) -> SpanView:
    """Return a span for a door."""
    fields = {name: getattr(span, name) for name in Span.__struct_fields__}
    return SpanView(**{**fields, "input": _text(span.input), "output": _text(span.output)})


def model_view(model: ModelInfo, prices: Prices, facts: Facts, *, at: int) -> ModelView:
    """Return a model with what is known of it at a time in Unix nanoseconds."""
    price, known = prices.price_of(model.name, at=at), facts.of(model.name)
    return ModelView(
        name=model.name,
        provider=model.provider,
        operations=model.operations,
        context_window=known.context or prices.context_window_of(model.name),
        output_limit=known.output,
        reads=known.reads,
        writes=known.writes,
        retires=known.retires,
        is_retiring=facts.retiring(model.name, at=at) is not None,
        input_price=_flat(price.rates.input) if price else None,
        output_price=_flat(price.rates.output) if price else None,
    )


def _flat(rate: Rate | None) -> Decimal | None:
    return rate.base if isinstance(rate, Tiered) else rate


def _text(payload: Payload | None) -> str | None:
    return None if payload is None else payload.body.decode(errors="replace")
