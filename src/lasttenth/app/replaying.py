"""Replay: run what a trace recorded once more, offline, and say what is not the same.

The application is the one that is installed; models, indexes and the clock are those of the trace. So a replay says whether
this version still asks and answers as that one did, and with another release, what that one would ask.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import msgspec

from lasttenth import __version__
from lasttenth.app.installation import Installation
from lasttenth.models.bodies import EVENT_STREAM, UNREADABLE
from lasttenth.models.port import ModelOperation
from lasttenth.records.definitions import Environment, Release, StructuredOutput
from lasttenth.records.errors import InvalidAnswerError, LasttenthError, NotFoundError, NotRecordedError, UpstreamError
from lasttenth.records.ids import Clock, Ids
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import Payload, Span
from lasttenth.releases.differences import Change, compared
from lasttenth.releases.registry import Registry, Resolved
from lasttenth.serve.admit import TAGS
from lasttenth.serve.cache import CONTROL, HIT, MemoryCache
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.cassette import Cassette, CassetteProvider, CassetteRetriever, is_replayable, protocol_of
from lasttenth.serve.inward import GatewayProvider
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.program import DefaultProgram
from lasttenth.serve.replay import whole_of
from lasttenth.serve.route import TASK_PREFIX, Router
from lasttenth.serve.settle import DISCONNECTED, Settling
from lasttenth.storage.ports import ProjectStore

_ENDINGS = frozenset({"", InvalidAnswerError.code, UpstreamError.code})
"""Codes with which a stream ends that holds its own error."""
_OWN = ("id", "created", "system_fingerprint")
_TOOLS_OF_CALLERS = frozenset({"function", "custom"})
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
    """Replay traces of one project; nothing is stored but what models answer live.

    Args:
        release: answers in the place of the recorded one, by a pointer's name or a hash; empty replays that.
        live: whether models are asked for what was not recorded.
        cassette_of: makes the cassette of a trace's spans.
    """

    def __init__(
        self,
        installation: Installation,
        project: str,
        *,
        release: str = "",
        live: bool = False,
        cassette_of: Callable[[Sequence[Span]], Cassette] = Cassette,
    ) -> None:
        self._installation = installation
        self._project = project
        self._release = release
        self._live = live
        self._cassette_of = cassette_of

    async def replay(self, trace: str) -> Replayed:
        """Replay a trace. Raises NotFoundError."""
        store = await self._installation.store.project(self._project)
        recorded = await store.traces.get(trace)
        reason = next((why for span in recorded if (why := _irreproducible(span))), "")
        if self._release:
            reason = reason or next((why for span in recorded if (why := _looked_up(span))), "")
        if reason:
            return Replayed(trace=trace, outcome="not reproducible", reason=reason)
        differences: list[Difference] = []
        unrecorded = 0
        for root in (span for span in recorded if not span.parent_id):
            spans = _below(root, recorded)
            cassette = self._cassette_of(spans)
            try:
                environment, resolved = await self._met(store, root)
            except NotFoundError as error:
                return Replayed(trace=trace, outcome="not reproducible", reason=error.message)
            found, why = await self._replayed(root, spans, cassette, _Met(store, environment, resolved))
            differences += found
            reason = reason or why
            unrecorded += cassette.unrecorded
        return Replayed(
            trace=trace,
            outcome="different" if differences or reason else "same",
            reason=reason,
            differences=differences,
            unrecorded=unrecorded,
        )

    async def _replayed(
        self, root: Span, recorded: Sequence[Span], cassette: Cassette, met: "_Met"
    ) -> tuple[list[Difference], str]:
        """Return what is different below one root, and why it could not go to its end."""
        spans: list[Span] = []
        nearness = (await self._installation.retriever(self._project)).nearness if self._release else None
        retriever = CassetteRetriever(recorded, met.environment, nearness)
        pipeline = self._pipeline(root, retriever, cassette, met, spans)
        reason = ""
        try:
            await _heard(await pipeline.answer(_request(root, self._project), _scope(root, self._project)))
        except NotRecordedError as error:
            reason = error.message
        except LasttenthError:
            pass  # its span says so
        found = [difference for pair in _pairs(recorded, spans) for difference in _between(*pair)]
        # What nobody answered has no output that could be compared.
        return [each for each in found if not reason or each.part == "input"], reason

    async def _met(self, store: ProjectStore, root: Span) -> tuple[Environment, Resolved | None]:
        """Return what a root met, and the release that answers now. Raises NotFoundError."""
        assignment = root.assignment
        if assignment is None:
            return Environment(package=__version__), None
        environment = await store.definitions.get(Environment, assignment.environment)
        if self._release:
            registry = await self._installation.registry(self._project)
            return environment, await registry.find(assignment.task, self._release)
        release = await store.definitions.get(Release, assignment.release)
        return environment, Resolved(release, assignment.release, assignment.probability)

    def _pipeline(
        self, root: Span, retriever: CassetteRetriever, cassette: Cassette, met: "_Met", spans: list[Span]
    ) -> Pipeline:
        clock = _ClockOf(root, self._installation.clock)
        registry = _PinnedRegistry(met, clock)

        async def registry_of(_project: str) -> Registry:
            return registry

        async def retriever_of(_project: str) -> CassetteRetriever:
            return retriever

        def record(_project: str, span: Span) -> None:
            spans.append(span)

        known = self._installation.router.providers
        live = {name: GatewayProvider(name, self._installation.pipeline, self._project) for name in known}
        providers = {
            name: CassetteProvider(name, cassette, live=live.get(name) if self._live else None)
            for name in known.keys() | cassette.providers
        }
        program = DefaultProgram(
            retriever_of,
            facts=_FactsThen(root, met.environment, self._installation),
            record=record,
            clock=clock,
            package=__version__,
        )
        return Pipeline(
            router=Router(providers, aliases=cassette.aliases, clock=clock),
            registry_of=registry_of,
            programs={"": program},
            settling=Settling(clock, self._installation.prices, record),
            cache=MemoryCache(size=0, seconds=1, clock=clock),
        )


class _Met(NamedTuple):
    """What a root met, and the release that answers; None where no release does."""

    store: ProjectStore
    environment: Environment
    resolved: Resolved | None


class _FactsThen:
    """What was known of models when a trace was made."""

    def __init__(self, root: Span, environment: Environment, now: Installation) -> None:
        self._root = root
        self._environment = environment
        self._now = now

    def structured_output(self, model: str) -> StructuredOutput:
        """Return how a model is told the shape of its answer: as its provider was told then, else as it is now."""
        then = self._environment.structured_output if _provider(model) == _provider(self._root.model) else None
        return then or self._now.structured_output(model)

    def policy(self, _model: str) -> str:
        """Return what the trace's release met."""
        return self._environment.policy


def _provider(model: str) -> str:
    return model.partition("/")[0]


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

    def __init__(self, met: _Met, clock: Clock) -> None:
        super().__init__(met.store, ids=Ids(clock), clock=clock)
        self._met = met

    async def resolve(self, task: str, _pointer: str, *, unit: str) -> Resolved:  # noqa: ARG002 - the port names it
        """Return the one release. Raises NotRecordedError."""
        if self._met.resolved is None:
            raise NotRecordedError(f"The trace has met no release of task {task}.")
        return self._met.resolved

    async def keep(self, release: Release, *, parent: str) -> str:  # noqa: ARG002 - the port names it
        """Return the hash."""
        return release.hash

    async def met(self, _environment: Environment) -> str:
        """Return what was met then."""
        return self._met.environment.hash


def _below(root: Span, spans: Sequence[Span]) -> list[Span]:
    """Return a root and all spans below it; a span starts after the one that it stands below."""
    found = {root.span_id: root}
    for span in spans:
        if span.parent_id in found:
            found[span.span_id] = span
    return list(found.values())


def _irreproducible(span: Span) -> str:
    """Return why what a span holds is not enough to do it again, empty where it is."""
    is_stream = span.output is not None and span.output.media_type == EVENT_STREAM
    reasons = {
        "was erased": bool(span.erased),
        "was recorded without its input": span.input is None and not span.erased,
        "was given up by its client": span.error == DISCONNECTED,
        "was longer than what was kept of it": CUT in span.attributes,
        "was answered from the cache": span.attributes.get(CONTROL) == HIT,
        "was recorded without the text of what it found": span.operation == "retrieval" and not is_replayable(span),
        "ended before it was known which release answers": (
            span.assignment is None and span.model.startswith(TASK_PREFIX)
        ),
        "broke off in a way that cannot be made again": is_stream and span.error not in _ENDINGS,
    }
    return next((f"{span.name} {reason}." for reason, holds in reasons.items() if holds), "")


def _looked_up(span: Span) -> str:
    """Return what a model's provider did by itself: the trace holds what came of it, and not what it found."""
    try:
        asked = msgspec.json.decode(_bytes(span.input) or b"{}", type=_Asked)
    except UNREADABLE:
        return ""
    tools = [*(tool.type for tool in asked.tools or () if tool.type not in _TOOLS_OF_CALLERS)]
    tools += ["web_search_options"] if asked.web_search_options is not None else []
    return f"{span.name} let its provider use {tools[0]}: what that found is not recorded." if tools else ""


class _ProviderTool(msgspec.Struct):
    type: str = ""


class _Asked(msgspec.Struct):
    tools: list[_ProviderTool] | None = None
    web_search_options: dict[str, Any] | None = None


def _request(root: Span, project: str) -> GatewayRequest:
    operation: ModelOperation = "chat"
    if root.operation in {"completions", "count_tokens", "embeddings", "moderations"}:
        operation = root.operation
    return GatewayRequest(
        operation=operation,
        protocol=protocol_of(root),
        project=project,
        headers={},
        body=_bytes(root.input),
        key=root.key,
    )


def _scope(root: Span, project: str) -> SpanScope:
    tags = frozenset(root.attributes.get(TAGS, ()))
    return SpanScope(project=project, trace_id=root.trace_id, span_id=root.span_id, tags=tags)


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
    if before is None or after is None:
        for span, said in ((before, "was not done"), (after, "was not done then")):
            if span is not None:
                yield Difference(span=span.name, part="error", changes=[Change(part="", kind="changed", after=said)])
        return
    parts: tuple[tuple[Literal["input", "output", "error"], Any, Any], ...] = (
        ("input", before.input, after.input),
        ("output", before.output, after.output),
        ("error", before.error, after.error),
    )
    for part, one, other in parts:
        if one != other and (changes := _changes(_shown(one), _shown(other))):
            yield Difference(span=before.name, part=part, changes=changes)


def _changes(before: Any, after: Any) -> list[Change]:
    """Return what is different beside the ids and times that each answer of a model has of its own."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return compared(before, after)
    found = compared(*({name: value for name, value in each.items() if name not in _OWN} for each in (before, after)))
    are_same = all(before.get(name) == after.get(name) for name in _OWN)
    return found or ([Change(part="", kind="changed", after="other bytes")] if are_same else [])


def _shown(value: Payload | str | None) -> Any:
    """Return a payload as JSON where it is some, else as text; of a stream, what it came to."""
    if not isinstance(value, Payload):
        return value
    whole = whole_of(value.body) if value.media_type == EVENT_STREAM else None
    if whole is not None and whole["choices"]:
        return whole
    try:
        return msgspec.json.decode(value.body)
    except UNREADABLE:
        return value.body.decode(errors="replace")


def _bytes(payload: Payload | None) -> bytes:
    return b"" if payload is None else payload.body
