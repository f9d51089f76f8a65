"""Typed answers: what a model says must be one JSON value that fits the release's schema, or it is asked again.

Where its provider can hold a model to a schema, the schema goes with the request; else it stands in the prompt. Either way
the answer is checked. An answer that has words or a fence around its JSON is unwrapped, which is counted; nothing else is
mended: of JSON that is broken or cut off nobody knows what it should have been, so the model is told and asked again.

A stream can take nothing back. It passes on as it comes where the provider holds its model to the schema, and is held
until the answer fits where none does.
"""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from lasttenth.records.definitions import StructuredOutput
from lasttenth.records.errors import InvalidAnswerError
from lasttenth.records.ports import (
    ChatRequest,
    FinishPart,
    FitPart,
    RefusalPart,
    ReplyPart,
    StatusPart,
    TextPart,
    ToolCallPart,
)
from lasttenth.records.usage import Usage
from lasttenth.releases.schemas import Schema

MOST_ATTEMPTS = 3
MOST_REPEATED = 20_000
"""Characters of an answer that the model is shown again."""

Chat = Callable[[ChatRequest], AsyncGenerator[ReplyPart]]
"""Ask a model."""

_FENCE = "```"
_NAMELESS = re.compile(r"[^a-zA-Z0-9_-]")
_SHAPE = "Answer with one JSON value that fits this JSON Schema, and with nothing else:"
_AGAIN = "This answer does not fit:\n{problems}\nAnswer again, with one JSON value that fits, and with nothing else."


def shaped(request: ChatRequest, schema: Schema, *, name: str, structured: StructuredOutput) -> ChatRequest:
    """Return a request that says what shape the answer must have, in the way in which its provider is told."""
    if structured == "json_schema":
        told = {"name": _NAMELESS.sub("_", name)[:64], "schema": schema.declared, "strict": schema.is_strict}
        form = {"type": "json_schema", "json_schema": told}
        return msgspec.structs.replace(request, parameters={**request.parameters, "response_format": form})
    instruction = f"{_SHAPE}\n{msgspec.json.encode(schema.declared).decode()}"
    first, *others = request.messages or ({"role": "user", "content": ""},)
    if first["role"] == "system":
        messages = ({**first, "content": f"{first['content']}\n\n{instruction}"}, *others)
    else:
        messages = ({"role": "system", "content": instruction}, first, *others)
    parameters = dict(request.parameters)
    if structured == "json_object":
        parameters["response_format"] = {"type": "json_object"}
    return msgspec.structs.replace(request, messages=messages, parameters=parameters, stream=False)


async def typed(request: ChatRequest, schema: Schema, chat: Chat) -> AsyncGenerator[ReplyPart]:
    """Yield an answer that fits, or a refusal, or calls of tools.

    After each attempt comes a FitPart, and a FinishPart for all that was spent until then, whatever becomes of the next.

    Args:
        request: a stream passes on as it comes, and is not asked again.
        schema: what the answer must fit.
        chat: asks the model.

    Raises:
        InvalidAnswerError: no answer fits.
    """
    spent: list[FinishPart] = []
    problems: list[str] = []
    asked = request
    for attempt in range(1, MOST_ATTEMPTS + 1):
        said = _Said()
        if attempt > 1:
            yield StatusPart(doing="asking again", what=problems[0])
        async with aclosing(chat(asked)) as reply:
            async for part in reply:
                if said.take(part, passes=request.stream):
                    yield part
        spent.append(said.finish)
        read = _read(said, schema, unwraps=not request.stream)
        if not read.problems and not request.stream:
            for part in said.parts(read.text):
                yield part
        yield FitPart(attempts=attempt, repaired=read.text != said.text)
        yield _together(spent)
        problems = read.problems
        if not problems:
            return
        if request.stream or said.finish.reason != "stop":
            break
        asked = _again(request, said.text, problems)
    raise _unfit(spent, problems)


class _Said:
    """What a model said, while it comes in."""

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.calls: list[ToolCallPart] = []
        self.finish = FinishPart()

    def take(self, part: ReplyPart, *, passes: bool) -> bool:
        """Take a part, and tell whether it goes on to who asked."""
        match part:
            case TextPart(text):
                self.text += text
            case RefusalPart(text):
                self.refusal += text
            case ToolCallPart():
                self.calls.append(part)
            case FinishPart():
                self.finish = part
        return passes and not isinstance(part, FinishPart)

    def parts(self, text: str) -> list[ReplyPart]:
        """Return what was said, with this text."""
        said: list[ReplyPart] = [RefusalPart(self.refusal)] if self.refusal else [*self.calls]
        return said if self.refusal or not text else [TextPart(text), *said]


class _Read(NamedTuple):
    """The JSON of an answer, and why it does not fit."""

    text: str
    problems: list[str]


def _read(said: _Said, schema: Schema, *, unwraps: bool) -> _Read:
    """Return what was said, or what stands in it where that fits and the whole does not."""
    problems = [] if said.refusal or said.calls else schema.problems_of_json(said.text)
    inner = _unwrapped(said.text) if problems and unwraps else []
    fitting = next((text for text in inner if not schema.problems_of_json(text)), None)
    return _Read(said.text, problems) if fitting is None else _Read(fitting, [])


def _unwrapped(text: str) -> list[str]:
    """Return what may be the JSON in an answer that has a fence or words around it."""
    lines = text.split("\n")
    fences = [place for place, line in enumerate(lines) if line.lstrip().startswith(_FENCE)]
    fenced = ["\n".join(lines[fences[0] + 1 : fences[1]])] if len(fences) == 2 else []
    first = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
    last = max(text.rfind("}"), text.rfind("]"))
    return [*fenced, *([text[first : last + 1]] if 0 <= first < last else ())]


def _again(request: ChatRequest, text: str, problems: list[str]) -> ChatRequest:
    """Return what is asked after an answer that does not fit; of several of them the model is shown the latest alone."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    said = (
        {"role": "assistant", "content": text[:MOST_REPEATED]},
        {"role": "user", "content": _AGAIN.format(problems=listed)},
    )
    return msgspec.structs.replace(request, messages=(*request.messages, *said))


def _together(spent: list[FinishPart]) -> FinishPart:
    """Return the last finish, with the usage and the cost of all of them."""
    usages = [finish.usage for finish in spent if finish.usage is not None]
    costs = [finish.cost for finish in spent if finish.cost is not None]
    return msgspec.structs.replace(
        spent[-1],
        usage=sum(usages, Usage()) if usages else None,
        cost=sum(costs) if len(costs) == len(spent) else None,
    )


def _unfit(spent: list[FinishPart], problems: list[str]) -> InvalidAnswerError:
    reasons = {
        "length": ("It was cut off.", "Allow more tokens: max_completion_tokens."),
        "content_filter": ("The provider's filter ended it.", "See what was asked in the trace."),
    }
    why, hint = reasons.get(spent[-1].reason, (f"{problems[0]}.", "See what was said in the trace."))
    times = "once" if len(spent) == 1 else f"{len(spent)} times"
    return InvalidAnswerError(f"The model was asked {times} and its answer does not fit the schema: {why}", hint=hint)
