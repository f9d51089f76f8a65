"""An answer as an application sees it: text, verified quotes, and what it took."""

from decimal import Decimal
from typing import Any, Generic

import msgspec

from lasttenth.app.outputs import Output, T
from lasttenth.models import openai
from lasttenth.records.money import nanos
from lasttenth.records.ports import Citation
from lasttenth.records.usage import Usage
from lasttenth.serve.calls import GatewayReply


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that the model wants called, with its arguments as JSON."""

    id: str = ""
    name: str
    arguments: str


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a task or a model answered."""

    text: str
    value: T
    """Of a typed answer, what its JSON says; else None."""
    tool_calls: tuple[ToolCall, ...] = ()
    """What the model wants to know before it answers."""
    refusal: str = ""
    """What a model says instead of an answer that it refuses to give."""
    citations: tuple[Citation, ...] = ()
    declined: bool = False
    """True where the documents do not answer the question."""
    groundedness: float | None = None
    """Share of the answer's sentences that carry a verified quote; None where nothing was to be cited."""
    cost: int | None = None
    """Nano-dollars; None where no price is known."""
    latency: float
    """Seconds."""
    usage: Usage | None = None
    model: str
    release: str = ""
    trace_id: str


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _Called(msgspec.Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Called] | None = None
    annotations: list[dict[str, Any]] = []


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


def read_answer(reply: GatewayReply, *, latency: float, output: Output[Any] | None = None) -> Answer[Any]:
    """Return the answer that a whole chat completion carries. Raises InvalidAnswerError."""
    body = reply.body if isinstance(reply.body, bytes) else b""
    message = msgspec.json.decode(body, type=_Completion).choices[0].message
    headers = reply.headers
    cost, groundedness = headers.get("x-lasttenth-cost"), headers.get("x-lasttenth-groundedness")
    cited = [each for each in message.annotations if "document" in each]
    text, refusal = message.content or "", message.refusal or ""
    return Answer(
        text=text,
        value=None
        if refusal or message.tool_calls
        else _value(text, output, is_typed="x-lasttenth-attempts" in headers),
        tool_calls=tuple(
            ToolCall(id=each.id, name=each.function.name, arguments=each.function.arguments)
            for each in message.tool_calls or ()
        ),
        refusal=refusal,
        citations=tuple(msgspec.convert(each, Citation) for each in cited),
        declined=headers.get("x-lasttenth-answered") == "false",
        groundedness=None if groundedness is None else float(groundedness),
        cost=None if cost is None else nanos(Decimal(cost)),
        latency=latency,
        usage=openai.usage_in(body),
        model=headers.get("x-lasttenth-model", ""),
        release=headers.get("x-lasttenth-release", ""),
        trace_id=headers["x-lasttenth-trace"],
    )


def _value(text: str, output: Output[Any] | None, *, is_typed: bool) -> Any:
    if output is not None:
        return output.read(text)
    return msgspec.json.decode(text) if is_typed else None


def message_of(reply: GatewayReply) -> str:
    """Return what an error reply says."""
    body = reply.body if isinstance(reply.body, bytes) else b""
    return msgspec.json.decode(body, type=_Failure).error.message


class _Error(msgspec.Struct):
    message: str = ""


class _Failure(msgspec.Struct):
    error: _Error
