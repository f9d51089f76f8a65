"""Replay: run what a trace recorded once more, offline, and say what is not the same.

The application is the one that is installed; models, indexes and the clock are those of the trace. So a replay says whether
this version still asks and answers as that one did, and with another release, what that one would ask.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal

import msgspec

from lasttenth import __version__
from lasttenth.app.installation import Installation
from lasttenth.models.openai import UNREADABLE
from lasttenth.models.port import ModelOperation
from lasttenth.records.definitions import Environment, Release
from lasttenth.records.errors import LasttenthError, NotRecordedError
from lasttenth.records.ids import Clock, Ids
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import Payload, Span
from lasttenth.releases.differences import Change, compared
from lasttenth.releases.registry import Registry, Resolved
from lasttenth.serve.cache import CONTROL, HIT, MemoryCache
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.cassette import Cassette, CassetteProvider, CassetteRetriever
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.program import DefaultProgram
from lasttenth.serve.route import Router
from lasttenth.serve.settle import DISCONNECTED, Settling
from lasttenth.storage.ports import ProjectStore

CUT = "output_bytes"
"""The attribute of a span whose output was too long to be kept whole."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a span that is not as it was: what was asked, what was answered, or how it failed."""

    span: str
    part: Literal["input", "output", "error"]
    changes: list[Change]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay went, and why where it could not go to its end."""

    trace: str
    outcome: Literal["same", "different", "not reproducible"]
    reason: str = ""
    differences: list[Difference] = []
    unrecorded: int = 0
    """Calls of models to which the trace has no answer."""


class Replayer:
    """Replay traces of one project; nothing is stored.

    Args:
        release: answers in the place of the recorded one, by a pointer's name or a hash; empty replays that.
        live: whether models are asked for what was not recorded.
    """

    def __init__(self, installation: Installation, project: str, *, release: str = "", live: bool = False) -> None:
        self._installation = installation
        self._project = project
        self._release = release
        self._live = live

    async def replay(self, trace: str) -> Replayed:
        """Replay a trace. Raises NotFoundError."""
        store = await self._installation.store.project(self._project)
        recorded = await store.traces.get(trace)
        reason = next((why for span in recorded if (why := _irreproducible(span))), "")
        if reason:
            return Replayed(trace=trace, outcome="not reproducible", reason=reason)
        cassette = Cassette(recorded)
        spans: list[Span] = []
        for root in (span for span in recorded if not span.parent_id):
            environment, registry = await self._met(store, root)
            pipeline = self._pipeline(root, registry, CassetteRetriever(recorded, environment), cassette, spans)
            try:
                await _heard(await pipeline.answer(_request(root, self._project), _scope(root, self._project)))
            except NotRecordedError as error:
                reason = error.message
            except LasttenthError:
                continue  # its span says so
        differences = [found for pair in _pairs(recorded, spans) for found in _between(*pair)]
        if reason:  # what nobody answered has no output that could be compared
            differences = [found for found in differences if found.part == "input"]
        return Replayed(
            trace=trace,
            outcome="different" if differences or reason else "same",
            reason=reason,
            differences=differences,
            unrecorded=cassette.unrecorded,
        )

    async def _met(self, store: ProjectStore, root: Span) -> tuple[Environment, Registry]:
        """Return the environment of a root, and a registry that knows its release alone."""
        clock, assignment = self._installation.clock, root.assignment
        if assignment is None:
            return Environment(package=__version__), Registry(store, ids=Ids(clock), clock=clock)
        environment = await store.definitions.get(Environment, assignment.environment)
        release = await store.definitions.get(Release, assignment.release)
        resolved = Resolved(release, assignment.release, assignment.probability)
        if self._release:
            registry = await self._installation.registry(self._project)
            resolved = await registry.find(assignment.task, self._release)
        return environment, _PinnedRegistry(store, clock, resolved, assignment.environment)

    def _pipeline(
        self,
        root: Span,
        registry: Registry,
        retriever: CassetteRetriever,
        cassette: Cassette,
        spans: list[Span],
    ) -> Pipeline:
        async def registry_of(_project: str) -> Registry:
            return registry

        async def retriever_of(_project: str) -> CassetteRetriever:
            return retriever

        def record(_project: str, span: Span) -> None:
            spans.append(span)

        clock = _ClockOf(root, self._installation.clock)
        known = self._installation.router.providers
        live = known if self._live else {}
        providers = {name: CassetteProvider(cassette, live.get(name)) for name in {*known, *cassette.providers}}
        program = DefaultProgram(retriever_of, record=record, clock=clock, package=__version__)
        return Pipeline(
            router=Router(providers),
            registry_of=registry_of,
            programs={"": program},
            settling=Settling(clock, self._installation.prices, record),
            cache=MemoryCache(size=0, seconds=1, clock=clock),
        )


class _ClockOf:
    """The time at which a trace began; it passes as always."""

    def __init__(self, root: Span, clock: Clock) -> None:
        self._start = root.start
        self._clock = clock

    def now(self) -> int:
        """Return when the trace began."""
        return self._start

    def monotonic(self) -> int:
        """Return the reading of the real clock."""
        return self._clock.monotonic()


class _PinnedRegistry(Registry):
    """A registry that knows one release and stores nothing."""

    def __init__(self, store: ProjectStore, clock: Clock, resolved: Resolved, environment: str) -> None:
        super().__init__(store, ids=Ids(clock), clock=clock)
        self._resolved = resolved
        self._environment = environment

    async def resolve(self, _task: str, _pointer: str, *, unit: str) -> Resolved:  # noqa: ARG002 - the port names it
        """Return the one release."""
        return self._resolved

    async def keep(self, release: Release, *, parent: str) -> str:  # noqa: ARG002 - the port names it
        """Return the hash."""
        return release.hash

    async def met(self, _environment: Environment) -> str:
        """Return what was met then."""
        return self._environment


def _irreproducible(span: Span) -> str:
    """Return why what a span holds is not enough to do it again, empty where it is."""
    if span.erased:
        return f"{span.name} was erased."
    if span.input is None:
        return f"The input of {span.name} was not kept."
    if span.error == DISCONNECTED:
        return f"The client of {span.name} had gone before its answer was complete."
    if CUT in span.attributes:
        return f"The output of {span.name} is longer than what was kept of it."
    return f"{span.name} was answered from the cache." if span.attributes.get(CONTROL) == HIT else ""


def _request(root: Span, project: str) -> GatewayRequest:
    operation: ModelOperation = "embeddings" if root.operation == "embeddings" else "chat"
    return GatewayRequest(operation=operation, project=project, headers={}, body=_bytes(root.input), key=root.key)


def _scope(root: Span, project: str) -> SpanScope:
    return SpanScope(project=project, trace_id=root.trace_id, span_id=root.span_id)


async def _heard(reply: GatewayReply) -> None:
    """Take an answer to its end."""
    if not isinstance(reply.body, bytes):
        async for _ in reply.body:
            pass


def _pairs(recorded: Sequence[Span], spans: Sequence[Span]) -> Iterator[tuple[Span | None, Span | None]]:
    """Yield spans that did the same then and now, in the order of their operations."""
    for operation in dict.fromkeys(span.operation for span in (*recorded, *spans)):
        yield from zip_longest(
            (span for span in recorded if span.operation == operation),
            (span for span in spans if span.operation == operation),
        )


def _between(before: Span | None, after: Span | None) -> Iterator[Difference]:
    name = (before or after or _NOBODY).name
    if before is None or after is None:
        said = "was not done" if after is None else "was not done then"
        yield Difference(span=name, part="error", changes=[Change(part="", kind="changed", after=said)])
        return
    parts: tuple[tuple[Literal["input", "output", "error"], Any, Any], ...] = (
        ("input", before.input, after.input),
        ("output", before.output, after.output),
        ("error", before.error, after.error),
    )
    for part, one, other in parts:
        if one != other:
            changes = compared(_shown(one), _shown(other)) or [Change(part="", kind="changed", after="other bytes")]
            yield Difference(span=name, part=part, changes=changes)


def _shown(value: Payload | str | None) -> Any:
    """Return a payload as JSON where it is some, else as text."""
    if not isinstance(value, Payload):
        return value
    try:
        return msgspec.json.decode(value.body)
    except UNREADABLE:
        return value.body.decode(errors="replace")


def _bytes(payload: Payload | None) -> bytes:
    return b"" if payload is None else payload.body


_NOBODY = Span(trace_id="", span_id="", name="", operation="chat", start=0, end=0)
