"""What passes through the pipeline: the request as it came in, the call it became, and the reply that goes out."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import msgspec

from lasttenth.models.bodies import JSON, Fields
from lasttenth.models.port import ModelOperation, Translation
from lasttenth.models.protocols import OPENAI, WireProtocol
from lasttenth.records.ids import Clock
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import Assignment, UnitSource
from lasttenth.records.usage import Usage


class GatewayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a door received it; header names are in lower case."""

    operation: ModelOperation
    protocol: WireProtocol = OPENAI
    project: str
    headers: Mapping[str, str]
    body: bytes
    beside: Fields = {}
    """What the path says and not the body."""
    key: str = ""
    """Public id of the key it came with."""
    attributes: Mapping[str, Any] = {}
    """What its span says beside all else."""


class GatewayReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a door sends back. A generator is a stream; closing it early gives the request up."""

    status: int
    media_type: str
    headers: dict[str, str]
    body: bytes | AsyncGenerator[bytes]
    summary: Callable[[], dict[str, str]] = dict
    """Of a stream that has ended: the headers that a whole reply would have had."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An admitted request: its model, its controls, where it is recorded."""

    operation: ModelOperation
    protocol: WireProtocol = OPENAI
    """What the caller speaks."""
    model: str
    stream: bool
    body: bytes
    """As the caller sent it, with what the path said."""
    body_type: str = JSON
    fields: Fields = {}
    """What stands in the body, without our own controls."""
    headers: Mapping[str, str] = {}
    """Those that the protocol passes on."""
    controls: dict[str, str]
    unit: str
    unit_source: UnitSource
    key: str = ""
    """Public id of the key that the request came with."""
    scope: SpanScope
    parent_id: str = ""
    attributes: Mapping[str, Any] = {}
    """What its span says beside all else."""


class Outcome(msgspec.Struct, kw_only=True):
    """What is known about a call once it is over; filled in as it goes."""

    model: str = ""
    assignment: Assignment | None = None
    usage: Usage | None = None
    cost: int | None = None
    price_version: str = ""
    error: str = ""
    output: bytes = b""
    output_type: str = "application/json"
    first_token: int | None = None
    translation: Translation | None = None
    """Where the call was answered in another protocol than it was asked in."""
    attributes: dict[str, Any] = {}


class Stopwatch:
    """Measure the stages of one request, in nanoseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started_at = clock.now()
        self._start = self._last = clock.monotonic()
        self.stages: dict[str, int] = {}

    def lap(self, stage: str) -> None:
        """Close a stage: it took the time since the one before it."""
        now = self._clock.monotonic()
        self.stages[stage] = self.stages.get(stage, 0) + now - self._last
        self._last = now

    def elapsed(self) -> int:
        """Return the time since the request came in."""
        return self._clock.monotonic() - self._start
