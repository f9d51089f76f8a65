"""The two Protocols that invert the layers, with what passes through them.

`Program` is what runs when a task is called; `serve` runs it, upper layers register theirs. `Caller` is how anything
inside Lasttenth calls a model; the request pipeline implements it, so that every such call is traced and costed.
"""

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol

import msgspec

from lasttenth.records.definitions import Environment, Release
from lasttenth.records.usage import Usage

Purpose = Literal["answer", "judge", "guard"]
"""Why a model is called. `judge` and `guard` calls skip guards, have a budget of their own and cannot recurse."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A verified quote: `quote` equals `text[start:end]` of the document; lines count from 1."""

    document: str
    start: int
    end: int
    line: int
    end_line: int
    quote: str
    at: int = 0
    """Offset in the answer, in characters, of the marker that refers to this citation."""


class TextPart(msgspec.Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class RefusalPart(msgspec.Struct, frozen=True):
    """A piece of what a model says instead of an answer that it refuses to give."""

    text: str


class ToolCallPart(msgspec.Struct, frozen=True):
    """A call of a tool that the caller is asked to make, or a piece of one, in OpenAI's shape; `index` says of which."""

    call: dict[str, Any]


class StatusPart(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done before the answer comes, for users who wait: `doing`, and with what."""

    doing: str
    what: str = ""


class FitPart(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer came to fit its schema: how often it was asked for, and whether the last one had to be unwrapped."""

    attempts: int
    repaired: bool = False


class FinishPart(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an answer: why it ended and what it consumed. `cost` is in nano-dollars.

    Where an answer takes several attempts there is one after each, for all that was spent until then; the last one counts.
    """

    reason: FinishReason = "stop"
    usage: Usage | None = None
    cost: int | None = None
    price_version: str = ""
    model: str = ""


class GroundingPart(msgspec.Struct, frozen=True, kw_only=True):
    """How far an answer rests on the documents: the share of its sentences that carry a verified quote."""

    groundedness: float | None
    declined: bool


ReplyPart = TextPart | RefusalPart | ToolCallPart | Citation | StatusPart | GroundingPart | FitPart | FinishPart


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A chat call to a model: messages and parameters in OpenAI's shape."""

    model: str
    messages: tuple[dict[str, Any], ...]
    parameters: dict[str, Any] = {}
    stream: bool = False


class SpanScope(msgspec.Struct, frozen=True, kw_only=True):
    """Where work belongs: the project and the span under which its own spans are recorded, and who may do it."""

    project: str
    trace_id: str
    span_id: str
    tags: frozenset[str] = frozenset()
    """What has to hold for every model that is asked for it."""


class TaskCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a task: the release that answers, the conversation so far, and where to record the work.

    `variables` are what the caller gives the prompt's templates.
    """

    release: Release
    messages: tuple[dict[str, Any], ...]
    variables: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    stream: bool = False
    scope: SpanScope


class Caller(Protocol):
    """Call a model from inside: traced under the given span, costed, with the purpose recorded."""

    def chat(self, request: ChatRequest, *, scope: SpanScope, purpose: Purpose = "answer") -> AsyncGenerator[ReplyPart]:
        """Yield the reply's text, refusal or tool calls, then one FinishPart. Raises UpstreamError, ModelNotFoundError."""
        ...


class Program(Protocol):
    """Answer one call of a task."""

    async def environment(self, call: TaskCall) -> Environment:
        """Return what the release meets."""
        ...

    def answer(self, call: TaskCall, caller: Caller) -> AsyncGenerator[ReplyPart]:
        """Yield text and citations in reading order, then what is to be said of them, then what was spent."""
        ...
