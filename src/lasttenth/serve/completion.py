"""A program's answer as a chat completion, whole or as a stream; what is said about the answer goes to its outcome."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.records.ports import (
    Citation,
    FinishPart,
    FinishReason,
    FitPart,
    GroundingPart,
    RefusalPart,
    ReplyPart,
    StatusPart,
    TextPart,
    ToolCallPart,
)
from lasttenth.serve.settle import Settlement

Shown = TextPart | RefusalPart | ToolCallPart | Citation | StatusPart
"""What of an answer goes on to the caller."""


class Completion:
    """An answer on its way out. Begin it, then take it whole or as events; close it where it is given up.

    Args:
        parts: the answer.
        settlement: takes what is said of it.
        says_status: whether events say what is being done before the answer comes.
    """

    def __init__(self, parts: AsyncGenerator[ReplyPart], settlement: Settlement, *, says_status: bool = False) -> None:
        self._says_status = says_status
        self._shown = self._noting(parts)
        self._settlement = settlement
        self._first: Shown | None = None
        self._reason: FinishReason = "stop"
        call, watch = settlement.call, settlement.watch
        created = watch.started_at // 10**9
        self._head = openai.ReplyHead(id=f"chatcmpl-{call.scope.trace_id}", created=created, model=call.model)

    async def begin(self) -> None:
        """Wait for the first part. Raises what the program raises until then."""
        self._first = await anext(self._shown, None)

    async def whole(self) -> bytes:
        """Return the answer as one body."""
        texts: list[str] = []
        refusals: list[str] = []
        annotations: list[dict[str, Any]] = []
        tool_calls: list[dict[str, Any]] = []
        async with aclosing(self._parts()) as parts:
            async for part in parts:
                match part:
                    case TextPart(text):
                        texts.append(text)
                    case RefusalPart(text):
                        refusals.append(text)
                    case Citation():
                        annotations.append(_annotation(part))
                    case ToolCallPart(call):
                        tool_calls.append({name: value for name, value in call.items() if name != "index"})
        self._settlement.watch.lap("call")
        said = openai.Answer(
            text="".join(texts), refusal="".join(refusals), annotations=annotations, tool_calls=tool_calls
        )
        return openai.completion(self._head, said, usage=self._settlement.outcome.usage, reason=self._reason)

    async def events(self, *, include_usage: bool) -> AsyncGenerator[bytes]:
        """Yield the answer as the events of a stream."""
        yield openai.delta(self._head, {"role": "assistant", "content": ""})
        async with aclosing(self._parts()) as parts:
            async for part in parts:
                match part:
                    case TextPart(text):
                        yield openai.delta(self._head, {"content": text})
                    case RefusalPart(text):
                        yield openai.delta(self._head, {"refusal": text})
                    case Citation():
                        yield openai.delta(self._head, {"annotations": [_annotation(part)]})
                    case ToolCallPart(call):
                        yield openai.delta(self._head, {"tool_calls": [call]})
                    case StatusPart():
                        yield openai.status(self._head, part.doing, part.what)
        yield openai.delta(self._head, {}, reason=self._reason)
        if include_usage:
            yield openai.final_usage(self._head, self._settlement.outcome.usage)
        yield openai.DONE

    async def close(self) -> None:
        """Give up the rest of the answer."""
        await self._shown.aclose()

    async def _parts(self) -> AsyncGenerator[Shown]:
        async with aclosing(self._shown) as parts:
            if self._first is not None:
                yield self._first
            async for part in parts:
                yield part

    async def _noting(self, parts: AsyncGenerator[ReplyPart]) -> AsyncGenerator[Shown]:
        """Yield what goes on to the caller, and note all else."""
        async with aclosing(parts):
            async for part in parts:
                match part:
                    case GroundingPart(groundedness=groundedness, declined=declined):
                        self._settlement.outcome.attributes |= {"groundedness": groundedness, "declined": declined}
                    case FitPart(attempts=attempts, repaired=repaired):
                        self._settlement.outcome.attributes |= {"attempts": attempts}
                        self._settlement.outcome.attributes |= {"repaired": True} if repaired else {}
                    case FinishPart():
                        self._finish(part)
                    case StatusPart() if not self._says_status:
                        continue
                    case _:
                        yield part

    def _finish(self, finish: FinishPart) -> None:
        outcome, self._reason = self._settlement.outcome, finish.reason
        outcome.usage, outcome.cost, outcome.price_version = finish.usage, finish.cost, finish.price_version


def _annotation(citation: Citation) -> dict[str, Any]:
    return openai.annotation(msgspec.structs.asdict(citation))
