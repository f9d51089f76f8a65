"""Route and call of tasks: from a pointer to a release, from its program's parts to a reply in OpenAI's shape."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.records.definitions import RetrievalBinding
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ports import Caller, Citation, FinishPart, GroundingPart, Program, ReplyPart, TaskCall, TextPart
from lasttenth.records.traces import Assignment
from lasttenth.releases.registry import Registry, Resolved
from lasttenth.releases.rendering import GIVEN
from lasttenth.serve.admit import named
from lasttenth.serve.cache import ExactCaching
from lasttenth.serve.calls import Call, GatewayReply, Outcome
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.route import TaskTarget
from lasttenth.serve.settle import Settlement, settled

RegistryOf = Callable[[str], Awaitable[Registry]]
"""Return the registry of a project."""

FORWARDED = ("max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop", "reasoning_effort")
"""Parameters of a request that override those of the release."""

VARIABLES = "variables"
CITATION_TYPE = "lasttenth_citation"


class TaskRunner:
    """Answer calls of tasks."""

    def __init__(
        self, registry_of: RegistryOf, *, programs: Mapping[str, Program], caller: Caller, caching: ExactCaching
    ) -> None:
        self._registry_of = registry_of
        self._programs = programs
        self._caller = caller
        self._caching = caching

    async def answer(self, call: Call, target: TaskTarget, settlement: Settlement) -> GatewayReply:
        """Return the task's answer. Raises TaskNotFoundError, IndexNotFoundError, UpstreamError."""
        registry = await self._registry_of(call.scope.project)
        chosen = await self._chosen(call, target, registry)
        body = openai.decode(call.body, openai.ChatBody)
        variables = _variables(call)
        task_call = TaskCall(
            release=chosen.release,
            messages=tuple(body.messages),
            variables=variables,
            parameters=_parameters(call.fields),
            stream=call.stream,
            scope=call.scope,
        )
        program = self._programs.get(target.task) or self._programs[""]
        environment = await registry.met(await program.environment(task_call))
        settlement.outcome.assignment = Assignment(
            task=target.task,
            release=chosen.hash,
            environment=environment,
            pointer=target.pointer,
            probability=chosen.probability,
        )
        settlement.outcome.model = chosen.release.model
        settlement.watch.lap("route")
        scope = (chosen.hash, environment, msgspec.json.encode(variables).decode())
        ask = partial(self._run, call, settlement, program=program, task_call=task_call)
        return await self._caching.answer(call, settlement, scope=scope, ask=ask)

    async def _run(self, call: Call, settlement: Settlement, *, program: Program, task_call: TaskCall) -> GatewayReply:
        parts = program.answer(task_call, self._caller)
        # What fails before the first word is answered with a status of its own, on streams as well.
        first = await anext(parts)
        head = openai.ReplyHead(
            id=f"chatcmpl-{call.scope.trace_id}", created=settlement.watch.started_at // 10**9, model=call.model
        )
        if call.stream:
            wants_usage = openai.wants_usage(openai.stream_options_of(call.fields))
            events = _streamed(_resumed(first, parts), head, settlement.outcome, include_usage=wants_usage)
            headers = reply_headers(settlement)
            stream = await settled(settlement, events, close=parts.aclose)
            return GatewayReply(status=200, media_type=openai.EVENT_STREAM, headers=headers, body=stream)
        return await _whole(_resumed(first, parts), head, settlement)

    async def _chosen(self, call: Call, target: TaskTarget, registry: Registry) -> Resolved:
        """Return the pointer's release, or the one that the request makes of it: another model, another index."""
        resolved = await registry.resolve(target.task, target.pointer, unit=call.unit)
        release = resolved.release
        model, index = call.controls.get("model"), call.controls.get("index")
        if model is not None:
            release = msgspec.structs.replace(release, model=named(model))
        if index is not None and release.retrieval is not None:
            binding = RetrievalBinding(index=index, passages=release.retrieval.passages)
            release = msgspec.structs.replace(release, retrieval=binding)
        if release == resolved.release:
            return resolved
        kept = await registry.keep(release, parent=resolved.hash)
        return Resolved(release, kept, resolved.probability)


def _variables(call: Call) -> dict[str, Any]:
    """Return what the caller gives the prompt. Raises InvalidRequestError."""
    try:
        variables = msgspec.json.decode(call.controls.get(VARIABLES, "{}"), type=dict[str, Any])
    except openai.UNREADABLE as error:
        raise InvalidRequestError(
            f"The variables are no JSON object: {error}.", hint='Send them as {"name": value}.', parameter=VARIABLES
        ) from error
    taken = sorted(GIVEN & variables.keys())
    if taken:
        raise InvalidRequestError(
            f"The variable {taken[0]} is not the caller's.", hint="Give it another name.", parameter=VARIABLES
        )
    return variables


def _parameters(fields: openai.Fields) -> dict[str, Any]:
    given = {name: openai.decode(fields[name], object) for name in FORWARDED if name in fields}
    return {name: value for name, value in given.items() if value is not None}


async def _resumed(first: ReplyPart, rest: AsyncGenerator[ReplyPart]) -> AsyncGenerator[ReplyPart]:
    yield first
    async with aclosing(rest) as parts:
        async for part in parts:
            yield part


async def _whole(parts: AsyncGenerator[ReplyPart], head: openai.ReplyHead, settlement: Settlement) -> GatewayReply:
    texts: list[str] = []
    annotations: list[dict[str, Any]] = []
    finish = FinishPart()
    async with aclosing(parts) as answer:
        async for part in answer:
            match part:
                case TextPart(text):
                    texts.append(text)
                case Citation():
                    annotations.append(annotation(part))
                case GroundingPart():
                    _note(part, settlement.outcome)
                case FinishPart():
                    finish = part
    settlement.watch.lap("call")
    _take(finish, settlement.outcome)
    body = openai.completion(head, "".join(texts), usage=finish.usage, reason=finish.reason, annotations=annotations)
    settlement.outcome.output = body
    headers = reply_headers(settlement)
    settlement.finish()
    return GatewayReply(status=200, media_type=openai.JSON, headers=headers, body=body)


async def _streamed(
    parts: AsyncGenerator[ReplyPart], head: openai.ReplyHead, outcome: Outcome, *, include_usage: bool
) -> AsyncGenerator[bytes]:
    yield openai.delta(head, {"role": "assistant", "content": ""})
    finish = FinishPart()
    async with aclosing(parts) as answer:
        async for part in answer:
            match part:
                case TextPart(text):
                    yield openai.delta(head, {"content": text})
                case Citation():
                    yield openai.delta(head, {"annotations": [annotation(part)]})
                case GroundingPart():
                    _note(part, outcome)
                case FinishPart():
                    finish = part
    _take(finish, outcome)
    yield openai.delta(head, {}, reason=finish.reason)
    if include_usage:
        yield openai.final_usage(head, finish.usage)
    yield openai.DONE


def annotation(citation: Citation) -> dict[str, Any]:
    """Return a citation as it stands in `message.annotations`."""
    return {"type": CITATION_TYPE, **msgspec.structs.asdict(citation)}


def _note(grounding: GroundingPart, outcome: Outcome) -> None:
    outcome.attributes |= {"groundedness": grounding.groundedness, "declined": grounding.declined}


def _take(finish: FinishPart, outcome: Outcome) -> None:
    outcome.usage, outcome.cost, outcome.price_version = finish.usage, finish.cost, finish.price_version
