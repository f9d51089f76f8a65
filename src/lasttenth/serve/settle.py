"""Settle: what a call consumed and cost, and its span. Every call is settled exactly once, however it ended."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec

from lasttenth.models import bodies
from lasttenth.models.facts import Facts
from lasttenth.models.port import Answered
from lasttenth.models.prices import Prices
from lasttenth.records.attempts import Attempt
from lasttenth.records.errors import LasttenthError, UpstreamError
from lasttenth.records.ids import Clock
from lasttenth.records.traces import Payload, Span
from lasttenth.records.usage import Usage
from lasttenth.serve.admit import TAGS
from lasttenth.serve.calls import Call, Outcome, Stopwatch

DISCONNECTED = "client_disconnected"
MAX_RECORDED = 8 * 2**20
"""Bytes of an answer that are kept; what is longer is cut, and said to be."""

RecordSpan = Callable[[str, Span], None]


class Settling(NamedTuple):
    """What every settlement needs: the time, what models cost, and who takes spans without waiting."""

    clock: Clock
    prices: Prices
    record: RecordSpan
    facts: Facts = Facts.none()
    """Which models retire."""

    def begin(self, call: Call, watch: Stopwatch | None = None) -> "Settlement":
        """Return the settlement of a call that begins now, or began with a watch."""
        return Settlement(call, self, watch or self.watch())

    def watch(self) -> Stopwatch:
        """Return a watch that starts now."""
        return Stopwatch(self.clock)


class Settlement:
    """The end of one call: gather what is known in `outcome`, then finish once."""

    def __init__(self, call: Call, settling: Settling, watch: Stopwatch) -> None:
        self.call = call
        self.watch = watch
        self.outcome = Outcome(model=call.model, attributes={**call.protocol.attributes, **call.attributes})
        self._prices = settling.prices
        self._facts = settling.facts
        self._record = settling.record
        self._finished = False
        self._in_addition = 0
        """What attempts in vain have cost, in nano-dollars."""

    def note_first_token(self) -> None:
        """Remember when the first piece of the answer was there."""
        self.outcome.first_token = self.watch.elapsed()

    def routed(self, answered: Answered) -> None:
        """Take note of which deployment of a route answers, and of those that were asked in vain."""
        self.outcome.model = answered.model
        self._note(answered.attempts)

    def _note(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            self.outcome.attributes["in_vain"] = [self._in_vain(each) for each in attempts]

    def _in_vain(self, attempt: Attempt) -> dict[str, Any]:
        """Return what is said of an attempt; what it consumed is paid for as well."""
        said = {"model": attempt.model, "failure": attempt.failure, "ms": attempt.took // 10**6}
        if attempt.usage is None:
            return said
        cost = self._prices.cost(attempt.model, attempt.usage, at=self.watch.started_at)
        self._in_addition += cost.amount or 0
        return {**said, "usage": msgspec.to_builtins(attempt.usage), "cost": cost.amount}

    def price(self, usage: Usage | None) -> None:
        """Take what a model reported to have consumed, and what that costs."""
        if usage is None:
            return
        cost = self._prices.cost(self.outcome.model, usage, at=self.watch.started_at)
        amount = None if cost.amount is None else cost.amount + self._in_addition
        self.outcome.usage, self.outcome.cost, self.outcome.price_version = usage, amount, cost.version

    def fail(self, error: BaseException) -> None:
        """End the call with an error."""
        self.outcome.error = code_of(error)
        if isinstance(error, UpstreamError):
            self._note(error.attempts)
            self.outcome.cost = self.outcome.cost or self._in_addition or None
        self.finish()

    def finish(self) -> None:
        """Record the call; only the first time counts."""
        if self._finished:
            return
        self._finished = True
        call, outcome = self.call, self.outcome
        if outcome.translation is not None and outcome.translation.lost:
            outcome.attributes["lost"] = outcome.translation.lost
        if call.scope.tags:
            outcome.attributes[TAGS] = sorted(call.scope.tags)
        retires = self._facts.retiring(outcome.model, at=self.watch.started_at)
        if retires is not None:
            outcome.attributes["retires"] = retires.isoformat()
        if len(outcome.output) > MAX_RECORDED:
            outcome.attributes["output_bytes"] = len(outcome.output)
        span = Span(
            trace_id=call.scope.trace_id,
            span_id=call.scope.span_id,
            parent_id=call.parent_id,
            name=f"{call.operation} {call.model}".strip(),
            operation="task" if outcome.assignment is not None else call.operation,
            start=self.watch.started_at,
            end=self.watch.started_at + self.watch.elapsed(),
            status="error" if outcome.error else "ok",
            error=outcome.error,
            model=outcome.model,
            unit=call.unit,
            unit_source=call.unit_source,
            key=call.key,
            assignment=outcome.assignment,
            usage=outcome.usage,
            cost=outcome.cost,
            price_version=outcome.price_version,
            first_token=outcome.first_token,
            stages=self.watch.stages,
            attributes=outcome.attributes,
            input=Payload(media_type=call.body_type, body=call.body) if call.body else None,
            output=Payload(media_type=outcome.output_type, body=outcome.output[:MAX_RECORDED])
            if outcome.output
            else None,
        )
        self._record(call.scope.project, span)


async def settled(
    settlement: Settlement, events: AsyncGenerator[bytes], *, close: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes]:
    """Return a stream that passes events on, keeps what they say, and settles when it ends, breaks, or nobody listens.

    It has begun when it is returned: it settles and calls `close` even where it is closed before its first event. A
    stream that breaks ends with the error in the protocol's own shape: never in silence.
    """
    stream = _settling(settlement, events, close)
    await anext(stream)
    return stream


async def _settling(
    settlement: Settlement, events: AsyncGenerator[bytes], close: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes]:
    kept = bytearray()
    has_begun = False
    protocol, trace_id = settlement.call.protocol, settlement.call.scope.trace_id
    first_piece = protocol.first_piece
    try:
        yield b""  # begun: see settled()
        async with aclosing(events) as stream:
            async for event in stream:
                if not has_begun and first_piece in event:
                    settlement.note_first_token()
                    has_begun = True
                if len(kept) <= MAX_RECORDED:
                    kept += event
                yield event
    except LasttenthError as error:
        settlement.outcome.error = error.code
        yield protocol.error_event(error, trace_id=trace_id)
    except BaseException as error:
        settlement.outcome.error = settlement.outcome.error or code_of(error)
        raise
    finally:
        settlement.watch.lap("stream")
        settlement.outcome.output = bytes(kept)
        settlement.outcome.output_type = bodies.EVENT_STREAM
        settlement.finish()
        await close()


def code_of(error: BaseException) -> str:
    """Return the stable code under which a call that ended this way is recorded."""
    if isinstance(error, LasttenthError):
        return error.code
    return DISCONNECTED if isinstance(error, asyncio.CancelledError | GeneratorExit) else LasttenthError.code
