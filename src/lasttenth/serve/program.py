"""The default program of a task: retrieve, render, call, cite."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from lasttenth.context.retrieval import Passage, Snapshot
from lasttenth.models.openai import function_tool
from lasttenth.records.definitions import Environment, Release, RetrievalBinding, StructuredOutput
from lasttenth.records.errors import ConflictError, InvalidRequestError
from lasttenth.records.ids import Clock, Ids
from lasttenth.records.ports import Caller, ChatRequest, ReplyPart, StatusPart, TaskCall
from lasttenth.records.traces import Payload, Span
from lasttenth.releases.rendering import PASSAGES, QUESTION, examples, render, variables_of
from lasttenth.releases.schemas import schema_of
from lasttenth.serve.citing import cited
from lasttenth.serve.conversation import conversation_of, conversed, last_said
from lasttenth.serve.settle import RecordSpan
from lasttenth.serve.typed import shaped, typed

F = TypeVar("F", bound=Sequence[object])

EXAMPLES = "nearest examples"
"""The name of the span that says which examples were shown."""


class Comparing(Protocol):
    """Tell which texts are near to another one."""

    @property
    def artefacts(self) -> dict[str, str]:
        """Return what decides that, by name, with its hash."""
        ...

    async def nearest(self, texts: Sequence[str], asked: str, *, limit: int) -> list[int]:
        """Return the places of the nearest texts, nearest first."""
        ...


class Searching(Protocol):
    """Find passages: a retriever, or a recorded trace."""

    @property
    def nearness(self) -> Comparing:
        """Return what tells which examples are near."""
        ...

    async def snapshot(self, index: str) -> Snapshot:
        """Return what an index holds. Raises IndexNotFoundError."""
        ...

    async def search(self, index: str, question: str, *, limit: int) -> list[Passage]:
        """Return the best passages, best first. Raises IndexNotFoundError."""
        ...


RetrieverOf = Callable[[str], Awaitable[Searching]]
"""Return what searches the indexes of a project."""


class ModelFacts(Protocol):
    """What is known of models."""

    def structured_output(self, model: str) -> StructuredOutput:
        """Return how the provider of a model holds it to a schema."""
        ...

    def policy(self, model: str) -> str:
        """Return the hash of the route that a name stands for, empty where it stands for itself."""
        ...


class Prepared(NamedTuple):
    """What a model is to be asked, and the passages that stand in it."""

    request: ChatRequest
    passages: list[Passage]


class DefaultProgram:
    """Answer from the release alone: its prompt, its retrieval binding and its model.

    Args:
        retriever_of: the retriever of a project.
        facts: what is known of models here.
        record: takes the spans of retrieval.
        package: version of this package, part of what a release meets.
    """

    def __init__(
        self,
        retriever_of: RetrieverOf,
        *,
        facts: ModelFacts,
        record: RecordSpan,
        clock: Clock,
        package: str,
    ) -> None:
        self._retriever_of = retriever_of
        self._facts = facts
        self._record = record
        self._clock = clock
        self._ids = Ids(clock)
        self._package = package

    async def environment(self, call: TaskCall) -> Environment:
        """Return what the release meets. Raises IndexNotFoundError, ConflictError for a pinned index that moved on."""
        release, binding = call.release, call.release.retrieval
        structured = None if release.output_schema is None else self._facts.structured_output(release.model)
        plain = Environment(
            package=self._package, structured_output=structured, policy=self._facts.policy(release.model)
        )
        if binding is None and not release.nearest_examples:
            return plain
        retriever = await self._retriever_of(call.scope.project)
        artefacts = retriever.nearness.artefacts if release.nearest_examples else {}
        if binding is None:
            return msgspec.structs.replace(plain, artefacts=artefacts)
        snapshot = await retriever.snapshot(binding.index)
        if binding.mode == "pinned" and snapshot.hash != binding.snapshot:
            raise ConflictError(
                f"Task {release.task} is pinned to snapshot {binding.snapshot[:12]} of index {binding.index}, "
                f"which stands at {snapshot.hash[:12]} now.",
                hint="Restore those documents, or move the pointer to a release that follows the index.",
            )
        return msgspec.structs.replace(
            plain, indexes={binding.index: snapshot.hash}, artefacts={**artefacts, **snapshot.artefacts}
        )

    async def prepare(self, call: TaskCall) -> Prepared:
        """Return what a model would be asked.

        Raises:
            InvalidRequestError: there is no question where one is needed, or a variable is missing or does not fit.
            IndexNotFoundError: the release reads an index that is not there.
        """
        release, binding = call.release, call.release.retrieval
        asks = QUESTION in variables_of(release)
        question, before, after = conversation_of(call, asks=asks)
        _check_input(call, question)
        passages = [] if binding is None else await self._retrieve(call, binding, question)
        shown = await self._nearest(call, question) if release.nearest_examples else None
        prompt = render(release, {**call.variables, QUESTION: question, PASSAGES: passages})
        request = ChatRequest(
            model=release.model,
            messages=(*conversed(prompt, examples(release, shown), before, asks=asks), *after),
            parameters={**release.parameters, **_tools(release), **call.parameters},
            stream=call.stream,
        )
        if release.output_schema is not None:
            structured = self._facts.structured_output(release.model)
            schema = schema_of(release.output_schema)
            request = shaped(request, schema, name=release.task, structured=structured)
        return Prepared(request, passages)

    async def answer(self, call: TaskCall, caller: Caller) -> AsyncGenerator[ReplyPart]:
        """Yield text and citations in reading order, then what is to be said of them, then what was spent.

        Raises:
            InvalidAnswerError: no answer fits the release's schema.
        """
        release, chat = call.release, partial(caller.chat, scope=call.scope)
        if release.retrieval is not None:
            yield StatusPart(doing="searching", what=release.retrieval.index)
        request, passages = await self.prepare(call)
        yield StatusPart(doing="asking", what=release.model)
        if release.output_schema is not None:
            parts = typed(request, schema_of(release.output_schema), chat)
        elif release.cites:
            parts = cited(chat(request), passages)
        else:
            parts = chat(request)
        async with aclosing(parts) as answer:
            async for part in answer:
                yield part

    async def _retrieve(self, call: TaskCall, binding: RetrievalBinding, question: str) -> list[Passage]:
        async def search(retriever: Searching) -> list[Passage]:
            return await retriever.search(binding.index, question, limit=binding.passages)

        return await self._found(call, f"retrieval {binding.index}", question, search)

    async def _nearest(self, call: TaskCall, question: str) -> list[int]:
        """Return the places of the examples that are nearest to what is asked."""
        shown, names = call.release.examples, {name for each in call.release.examples for name in each.input}
        asked = _told({QUESTION: question or last_said(call), **call.variables}, names)

        async def compare(retriever: Searching) -> list[int]:
            texts = [_told(example.input, names) for example in shown]
            return await retriever.nearness.nearest(texts, asked, limit=call.release.nearest_examples)

        return await self._found(call, EXAMPLES, asked, compare)

    async def _found(self, call: TaskCall, name: str, asked: str, find: Callable[[Searching], Awaitable[F]]) -> F:
        """Return what is found, after that is recorded."""
        started, began = self._clock.now(), self._clock.monotonic()
        found = await find(await self._retriever_of(call.scope.project))
        span = Span(
            trace_id=call.scope.trace_id,
            span_id=self._ids.span(),
            parent_id=call.scope.span_id,
            name=name,
            operation="retrieval",
            start=started,
            end=started + self._clock.monotonic() - began,
            attributes={"found": len(found)},
            input=Payload(media_type="text/plain", body=asked.encode()),
            output=Payload(media_type="application/json", body=msgspec.json.encode(found)),
        )
        self._record(call.scope.project, span)
        return found


def _told(given: Mapping[str, Any], names: Collection[str]) -> str:
    """Return what is given under some names as one text."""
    values = (given[name] for name in sorted(names) if name in given)
    return "\n".join(value if isinstance(value, str) else msgspec.json.encode(value).decode() for value in values)


def _check_input(call: TaskCall, question: str) -> None:
    """Raise InvalidRequestError for a call that does not give what the release's input schema asks for."""
    schema = call.release.input_schema
    if schema is None:
        return
    asked = {QUESTION: question} if QUESTION in schema.get("properties", {}) else {}
    problems = schema_of(schema).problems({**call.variables, **asked})
    if problems:
        raise InvalidRequestError(
            f"The variables are not what task {call.release.task} needs: {'; '.join(problems)}.",
            hint="Its input_schema says what it needs.",
            parameter="variables",
        )


def _tools(release: Release) -> dict[str, Any]:
    if not release.tools:
        return {}
    return {"tools": [function_tool(**msgspec.structs.asdict(tool)) for tool in release.tools]}
