"""Responses, written: requests, replies, and streams of replies."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from lasttenth.models.translation.given import said
from lasttenth.models.translation.neutral import (
    SEALED,
    Asked,
    Begun,
    Choice,
    Consumed,
    Event,
    Lost,
    Media,
    Over,
    Piece,
    Refusal,
    Shape,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Tree,
    Turn,
    effort_of,
)
from lasttenth.models.translation.openai import writing as chat
from lasttenth.models.translation.responses.output import (
    Call,
    Growing,
    Item,
    Thought,
    Words,
    signature_of,
    summary_of,
)
from lasttenth.models.translation.responses.seals import sealed
from lasttenth.records.usage import Usage

_INCOMPLETE = {"length": "max_output_tokens", "refused": "content_filter"}
_UNSAID = ("top_k", "seed", "frequency_penalty", "presence_penalty")
"""Wishes that this protocol has no words for."""


def write_request(asked: Asked, model: str, *, stream: bool, lost: Lost) -> bytes:
    """Return the body of a request, which lets the provider keep nothing."""
    items = [item for number, turn in enumerate(asked.turns) for item in _items(turn, f"input.{number}", lost)]
    body: Tree = {"model": model, "input": items, "store": False}
    if stream:
        body["stream"] = True
    if asked.system:
        body["instructions"] = "\n\n".join(_bare(text, "instructions", lost) for text in asked.system)
    if asked.tools:
        body["tools"] = [_as_tool(tool, lost) for tool in asked.tools]
        body |= {"parallel_tool_calls": False} if asked.wishes.one_tool_at_a_time else {}
    return msgspec.json.encode(body | said(_as_fields(asked, lost)))


def write_reply(events: Iterable[Event], *, lost: Lost) -> bytes:
    """Return a response."""
    answer = _Answer(lost)
    for event in events:
        deque(answer.take(event), maxlen=0)
    return msgspec.json.encode(answer.response)


class StreamWriter:
    """Write a stream, event by event."""

    def __init__(self, *, lost: Lost) -> None:
        self._answer = _Answer(lost)
        self._next = 0

    def write(self, event: Event) -> bytes:
        """Return what an event is in this protocol, which may be nothing."""
        return b"".join(map(self._numbered, self._answer.take(event)))

    def _numbered(self, event: Tree) -> bytes:
        data = msgspec.json.encode({**event, "sequence_number": self._next})
        self._next += 1
        return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), data)


class _Answer:
    """An answer, put together from what it consists of."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._begun = Begun()
        self._output: list[Tree] = []
        self._message: Item | None = None
        self._open: dict[int, Growing] = {}
        self._stopped = Stopped(reason="stop")
        self._status = "in_progress"
        self._usage: Usage | None = None

    @property
    def response(self) -> Tree:
        """Return the response as it stands."""
        reason = _INCOMPLETE.get(self._stopped.reason)
        return {
            "id": self._begun.id,
            "object": "response",
            "created_at": self._begun.created,
            "status": self._status,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "model": self._begun.model,
            "output": self._output,
            "usage": None if self._usage is None else usage_body(self._usage),
        }

    def take(self, event: Event) -> Iterator[Tree]:
        """Take what an answer consists of, and yield what a stream says of it; each grows once the next is asked for."""
        if getattr(event, "answer", 0):
            self._lost.add("choices")  # this protocol gives one answer
            return
        match event:
            case Begun():
                self._begun = event
                yield from (
                    {"type": f"response.{kind}", "response": self.response} for kind in ("created", "in_progress")
                )
            case Piece():
                yield from self._grown(event)
            case Stopped():
                self._stopped = event
                self._lost.add(*(["stop_sequence"] if event.sequence else []))
            case Consumed():
                self._usage = event.usage
            case Over():
                yield from self._ended()

    def _grown(self, piece: Piece) -> Iterator[Tree]:
        if piece.number not in self._open:
            yield from self._begin(piece.number, piece.part)
        yield from self._open[piece.number].grown(piece.part)

    def _begin(self, number: int, part: Text | Refusal | Thinking | ToolUse) -> Iterator[Tree]:
        """Open what a piece belongs to. Several calls of tools may grow at one time, and nothing else."""
        yield from self._closed([each for each in self._open if not isinstance(self._open[each], Call)])
        growing: Growing
        if isinstance(part, Text | Refusal):
            if self._message is None:
                self._message = self._added("msg", type="message", status="in_progress", role="assistant", content=[])
                yield self._message.added()
            growing = Words(self._message, part)
        else:
            yield from self._message_closed()
            if isinstance(part, Thinking):
                growing = self._thought()
            else:
                if part.signature:
                    yield from _at_once(self._thought(), signature_of(part))
                call = {"call_id": part.id, "name": part.name, "arguments": ""}
                growing = Call(self._added("fc", type="function_call", status="in_progress", **call))
        self._open[number] = growing
        yield from growing.opened()

    def _thought(self) -> Thought:
        return Thought(self._added("rs", type="reasoning", summary=[]))

    def _added(self, prefix: str, **body: Any) -> Item:
        place = len(self._output)
        item = Item({"id": f"{prefix}_{place}_{self._begun.id}", **body}, place)
        self._output.append(item.body)
        return item

    def _closed(self, numbers: list[int]) -> Iterator[Tree]:
        for number in numbers:
            yield from self._open.pop(number).closed()

    def _message_closed(self) -> Iterator[Tree]:
        if self._message is not None:
            self._message.body["status"] = "incomplete" if self._status == "incomplete" else "completed"
            yield self._message.done()
            self._message = None

    def _ended(self) -> Iterator[Tree]:
        self._status = "incomplete" if self._stopped.reason in _INCOMPLETE else "completed"
        yield from self._closed(list(self._open))
        yield from self._message_closed()
        yield {"type": f"response.{self._status}", "response": self.response}


def usage_body(usage: Usage) -> Tree:
    """Return usage in this protocol, all of it: `read_openai` finds the same again."""
    counts = chat.usage_body(usage)
    return {
        "input_tokens": counts["prompt_tokens"],
        "input_tokens_details": {"cache_write_tokens": 0, **counts["prompt_tokens_details"]},
        "output_tokens": counts["completion_tokens"],
        "output_tokens_details": counts["completion_tokens_details"],
        "total_tokens": counts["total_tokens"],
    }


def _at_once(thought: Thought, part: Thinking) -> Iterator[Tree]:
    yield from thought.opened()
    yield from thought.grown(part)
    yield from thought.closed()


def _items(turn: Turn, place: str, lost: Lost) -> Iterator[Tree]:
    """Yield a turn as items: what stands together in a message, and what stands alone."""
    message: list[Tree] = []
    for part in turn.parts:
        if isinstance(part, Text | Refusal | Media):
            found = _as_content(part, place, lost, answers=turn.role == "assistant")
            message += [] if found is None else [found]
            continue
        if message:
            yield {"type": "message", "role": turn.role, "content": message}
            message = []
        yield from _alone(part, place, lost)
    if message:
        yield {"type": "message", "role": turn.role, "content": message}


def _alone(part: Thinking | ToolUse | ToolResult, place: str, lost: Lost) -> Iterator[Tree]:
    """Yield what is an item by itself; thought that OpenAI has not sealed is none."""
    match part:
        case Thinking():
            if part.proof.startswith(SEALED):
                summary = [summary_of(part.text)] if part.text else []
                yield {"type": "reasoning", "summary": summary, "encrypted_content": sealed(part)}
            else:
                lost.add(f"{place}.thinking")
        case ToolUse():
            lost.add(*([f"{place}.signature"] if part.signature else []))
            yield {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments}
        case ToolResult():
            lost.add(*([f"{place}.is_error"] if part.is_error else []))
            shown = [found for each in part.parts if (found := _as_content(each, place, lost, answers=False))]
            output = shown[0]["text"] if len(shown) == 1 and "text" in shown[0] else shown
            yield {"type": "function_call_output", "call_id": part.id, "output": output}


def _bare(text: Text, place: str, lost: Lost) -> str:
    """Return the words of a text, which are all of it here."""
    lost.add(*([f"{place}.cache_control"] if text.cache else []))
    lost.add(*([f"{place}.citations"] if text.citations else []))
    return text.text


def _as_content(part: Text | Refusal | Media, place: str, lost: Lost, *, answers: bool) -> Tree | None:
    """Return a part of a message, None for what a model cannot have said."""
    match part:
        case Text():
            return {"type": "output_text" if answers else "input_text", "text": _bare(part, place, lost)}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
    if part.cache:
        lost.add(f"{place}.cache_control")
    if answers:
        lost.add(f"{place}.{part.kind}")
        return None
    return _as_media(part)


def _as_media(part: Media) -> Tree:
    data = f"data:{part.media_type};base64,{part.data}" if part.data else None
    file = part.file or None
    if part.kind == "image":
        address = part.url or data
        return said({"type": "input_image", "image_url": address, "file_id": file, "detail": part.detail or "auto"})
    if part.kind == "audio" and part.data:
        form = chat.FORMAT_OF.get(part.media_type, part.media_type.removeprefix("audio/"))
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": form}}
    named = {"filename": part.name or None, "file_data": data, "file_url": part.url or None, "file_id": file}
    return said({"type": "input_file", **named})


def _as_tool(tool: Tool, lost: Lost) -> Tree:
    """Return a tool; without `strict` this protocol takes it for strict."""
    lost.add(*(["tools.cache_control"] if tool.cache else []))
    shown = {"name": tool.name, "description": tool.description or None, "parameters": tool.schema}
    return said({"type": "function", **shown, "strict": tool.strict})


def _as_fields(asked: Asked, lost: Lost) -> Tree:
    wishes = asked.wishes
    lost.add(*[name for name in _UNSAID if getattr(wishes, name) is not None])
    lost.add(*(["stop"] if wishes.stop else []), *(["n"] if wishes.answers else []))
    effort = wishes.effort or effort_of(wishes.thinking_tokens)
    return {
        "max_output_tokens": wishes.max_tokens,
        "temperature": wishes.temperature,
        "top_p": wishes.top_p,
        "tool_choice": _as_choice(wishes.choice),
        "text": None if wishes.shape is None else {"format": _as_format(wishes.shape)},
        "reasoning": {"effort": "xhigh" if effort == "max" else effort} if effort else None,
        "safety_identifier": wishes.user,
    }


def _as_choice(choice: Choice | None) -> Any:
    if choice is None:
        return None
    if choice.mode == "one":
        return {"type": "function", "name": choice.name}
    return "required" if choice.mode == "any" else choice.mode


def _as_format(shape: Shape) -> Tree:
    if shape.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": shape.name or "answer", "schema": shape.schema, "strict": shape.strict}
