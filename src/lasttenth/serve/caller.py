"""The pipeline's own Caller: how programs, and later judges and guards, call a model."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, get_args

import msgspec

from lasttenth.models import bodies
from lasttenth.records.ids import Ids
from lasttenth.records.ports import (
    ChatRequest,
    FinishPart,
    FinishReason,
    Purpose,
    RefusalPart,
    ReplyPart,
    SpanScope,
    TextPart,
    ToolCallPart,
)
from lasttenth.serve.calls import Call
from lasttenth.serve.choices import choices_of
from lasttenth.serve.relay import Relay
from lasttenth.serve.settle import Settlement

_REASONS: dict[str, FinishReason] = {reason: reason for reason in get_args(FinishReason)}
"""Some providers have reasons of their own; what is none of these tells nothing."""


class PipelineCaller:
    """Call models through the relay, each call a span under the one it was made for."""

    def __init__(self, relay: Relay, *, ids: Ids, begin: Callable[[Call], Settlement]) -> None:
        self._relay = relay
        self._ids = ids
        self._begin = begin

    async def chat(
        self, request: ChatRequest, *, scope: SpanScope, purpose: Purpose = "answer"
    ) -> AsyncGenerator[ReplyPart]:
        """Yield the reply's text, refusal or tool calls, then one FinishPart. Raises UpstreamError, ModelNotFoundError."""
        settlement = self._begin(self._call(request, scope))
        settlement.outcome.attributes["purpose"] = purpose
        try:
            reply = await self._relay.answer(settlement.call, settlement)
        except BaseException as error:
            settlement.fail(error)
            raise
        reason: FinishReason = "stop"
        numbering = _Numbering()
        async with aclosing(choices_of(reply)) as choices:
            async for choice in choices:
                said = choice.said
                if said.content:
                    yield TextPart(said.content)
                if said.refusal:
                    yield RefusalPart(said.refusal)
                for tool_call in said.tool_calls or ():
                    yield ToolCallPart({**tool_call, "index": numbering.of(tool_call)})
                reason = _REASONS.get(choice.finish_reason or "", reason)
        outcome = settlement.outcome
        yield FinishPart(
            reason=reason,
            usage=outcome.usage,
            cost=outcome.cost,
            price_version=outcome.price_version,
            model=outcome.model,
        )

    def _call(self, request: ChatRequest, scope: SpanScope) -> Call:
        body = msgspec.json.encode(
            {**request.parameters, "model": request.model, "messages": request.messages, "stream": request.stream}
        )
        return Call(
            operation="chat",
            model=request.model,
            stream=request.stream,
            body=body,
            fields=bodies.fields_of(body),
            controls={},
            unit=scope.trace_id,
            unit_source="random",
            scope=msgspec.structs.replace(scope, span_id=self._ids.span()),
            parent_id=scope.span_id,
        )


class _Numbering:
    """Says of which call of a tool a piece is, also where its provider does not: one with a new id begins the next."""

    def __init__(self) -> None:
        self._last = -1
        self._id: object = None

    def of(self, tool_call: dict[str, Any]) -> int:
        """Return the index of a piece."""
        index, name = tool_call.get("index"), tool_call.get("id")
        if isinstance(index, int):
            self._last = index
        elif self._last < 0 or (name and name != self._id):
            self._last += 1
        self._id = name or self._id
        return self._last
