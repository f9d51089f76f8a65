"""Route and call of tasks: from a pointer to a release, and from a request to the program that answers it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.models.protocols import OPENAI
from lasttenth.models.translation.speech import Speech
from lasttenth.records.definitions import RetrievalBinding
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Clock
from lasttenth.records.ports import Caller, Program, TaskCall
from lasttenth.records.traces import Assignment
from lasttenth.releases.registry import Registry, Resolved
from lasttenth.releases.rendering import GIVEN
from lasttenth.serve.admit import named
from lasttenth.serve.cache import ExactCaching
from lasttenth.serve.calls import Call, GatewayReply
from lasttenth.serve.completion import Completion
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.response_format import RESPONSE_FORMAT, output_schema_of
from lasttenth.serve.route import TaskTarget, other_protocol
from lasttenth.serve.settle import Settlement, settled

RegistryOf = Callable[[str], Awaitable[Registry]]
"""Return the registry of a project."""

FORWARDED = (
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "reasoning_effort",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
)
"""Parameters of a request that override those of the release."""

VARIABLES = "variables"
STATUS, EVENTS = "status", "events"


class TaskRunner:
    """Answer calls of tasks."""

    def __init__(
        self,
        registry_of: RegistryOf,
        *,
        programs: Mapping[str, Program],
        caller: Caller,
        caching: ExactCaching,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._registry_of = registry_of
        self._programs = programs
        self._caller = caller
        self._caching = caching

    async def answer(self, call: Call, target: TaskTarget, settlement: Settlement) -> GatewayReply:
        """Return the task's answer. Raises TaskNotFoundError, IndexNotFoundError, UpstreamError.

        Tasks speak OpenAI's protocol; to who speaks another one they are translated.
        """
        speech = None
        if call.operation == "completions":
            raise InvalidRequestError(
                f"{call.model} does not continue texts.", hint="Ask it at POST /v1/chat/completions", parameter="model"
            )
        if call.protocol is not OPENAI:
            speech = self._speech(call)
            call = _in_openais(call, speech)
        registry = await self._registry_of(call.scope.project)
        chosen = await self._chosen(call, target, registry)
        body = bodies.decode(call.body, openai.ChatBody)
        variables = _variables(call)
        task_call = TaskCall(
            release=chosen.release,
            messages=tuple(map(_spoken, body.messages)),
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
        ask = partial(self._run, task_call, program, settlement, speech)
        return await self._caching.answer(call, settlement, scope=scope, ask=ask)

    async def _run(
        self, task_call: TaskCall, program: Program, settlement: Settlement, speech: Speech | None
    ) -> GatewayReply:
        says_status = task_call.stream and settlement.call.controls.get(STATUS) == EVENTS
        completion = Completion(program.answer(task_call, self._caller), settlement, says_status=says_status)
        # What fails before the first word is answered with a status of its own, on streams as well.
        await completion.begin()
        settlement.outcome.translation = None if speech is None else speech.translation
        if not task_call.stream:
            body = await completion.whole()
            return _whole(body if speech is None else speech.whole(body), settlement)
        fields = settlement.call.fields
        wants_usage = speech is not None or openai.wants_usage(openai.stream_options_of(fields))
        events = completion.events(include_usage=wants_usage)
        headers = reply_headers(settlement)
        said = events if speech is None else speech.stream(events)
        stream = await settled(settlement, said, close=completion.close)
        summary = partial(reply_headers, settlement)
        return GatewayReply(status=200, media_type=bodies.EVENT_STREAM, headers=headers, body=stream, summary=summary)

    def _speech(self, call: Call) -> Speech:
        """Return what translates a call into OpenAI's protocol. Raises InvalidRequestError for what is no chat."""
        if call.operation != "chat":
            raise other_protocol(call, OPENAI)
        return Speech(call.protocol.name, OPENAI.name, self._clock)

    async def _chosen(self, call: Call, target: TaskTarget, registry: Registry) -> Resolved:
        """Return the pointer's release, or the one that the request makes of it: another model, index or output."""
        resolved = await registry.resolve(target.task, target.pointer, unit=call.unit)
        release = resolved.release
        model, index, output = call.controls.get("model"), call.controls.get("index"), output_schema_of(call.fields)
        if model is not None:
            release = msgspec.structs.replace(release, model=named(model))
        if index is not None and release.retrieval is not None:
            binding = RetrievalBinding(index=index, passages=release.retrieval.passages)
            release = msgspec.structs.replace(release, retrieval=binding)
        if output is not None:
            if release.cites:
                raise InvalidRequestError(
                    f"Task {release.task} cites, which a typed answer cannot.",
                    hint="Ask it without response_format, or ask a task that does not cite.",
                    parameter=RESPONSE_FORMAT,
                )
            release = msgspec.structs.replace(release, output_schema=output)
        if release is resolved.release or release.hash == resolved.hash:
            return resolved
        kept = await registry.keep(release, parent=resolved.hash)
        return Resolved(release, kept, resolved.probability)


def _in_openais(call: Call, speech: Speech) -> Call:
    """Return a call in OpenAI's protocol. Raises InvalidRequestError."""
    body = speech.request(call.fields, call.model, stream=call.stream)
    return msgspec.structs.replace(call, protocol=OPENAI, body=body, fields=bodies.fields_of(body))


def _whole(body: bytes, settlement: Settlement) -> GatewayReply:
    """Return a whole reply, after its call is settled."""
    settlement.outcome.output = body
    headers = reply_headers(settlement)
    settlement.finish()
    return GatewayReply(status=200, media_type=bodies.JSON, headers=headers, body=body)


def _spoken(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message that says who speaks. Raises InvalidRequestError."""
    if isinstance(message.get("role"), str):
        return message
    raise InvalidRequestError("A message has no role that is a text.", parameter="messages")


def _variables(call: Call) -> dict[str, Any]:
    """Return what the caller gives the prompt. Raises InvalidRequestError."""
    try:
        variables = msgspec.json.decode(call.controls.get(VARIABLES, "{}"), type=dict[str, Any])
    except bodies.UNREADABLE as error:
        raise InvalidRequestError(
            f"The variables are no JSON object: {error}.", hint='Send them as {"name": value}.', parameter=VARIABLES
        ) from error
    taken = sorted(GIVEN & variables.keys())
    if taken:
        raise InvalidRequestError(
            f"The variable {taken[0]} is not the caller's.", hint="Give it another name.", parameter=VARIABLES
        )
    return variables


def _parameters(fields: bodies.Fields) -> dict[str, Any]:
    given = {name: bodies.decode(fields[name], object) for name in FORWARDED if name in fields}
    return {name: value for name, value in given.items() if value is not None}
