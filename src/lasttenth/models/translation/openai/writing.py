"""Chat completions, written: requests, replies, and streams of replies."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.translation.given import said
from lasttenth.models.translation.neutral import (
    Asked,
    Begun,
    Choice,
    Citation,
    Consumed,
    Event,
    Lost,
    Media,
    Part,
    Piece,
    Reason,
    Refusal,
    Shape,
    Status,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Tree,
    Turn,
    Wishes,
    effort_of,
    joined,
)
from lasttenth.records.usage import Usage

FORMAT_OF = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/flac": "flac",
    "audio/opus": "opus",
    "audio/aac": "aac",
}
_WANTS_COMPLETION_TOKENS = re.compile(r"(.*/)?(o\d|gpt-([5-9]|\d\d))")
"""Models that know `max_completion_tokens` alone. All others know `max_tokens`, and many servers nothing else."""
_REASON_OF: Mapping[Reason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_use": "tool_calls",
    "refused": "content_filter",
    "paused": "stop",
}


def write_request(asked: Asked, model: str, *, stream: bool, lost: Lost) -> bytes:
    """Return the body of a request."""
    wishes = asked.wishes
    messages = [*_system(asked.system, lost)]
    for number, turn in enumerate(asked.turns):
        messages += _written(turn, f"messages.{number}", lost)
    body: Tree = {"model": model, "messages": messages}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if asked.tools:
        body["tools"] = [_as_tool(tool, lost) for tool in asked.tools]
        body |= {"parallel_tool_calls": False} if wishes.one_tool_at_a_time else {}
    if wishes.top_k is not None:
        lost.add("top_k")
    most = "max_completion_tokens" if _WANTS_COMPLETION_TOKENS.match(model) else "max_tokens"
    return msgspec.json.encode(body | said({most: wishes.max_tokens, **_as_fields(wishes)}))


def write_reply(events: Iterable[Event], *, lost: Lost) -> bytes:
    """Return a completion."""
    begun, usage = Begun(), None
    answers: dict[int, _Answer] = {}
    for event in events:
        match event:
            case Begun():
                begun = event
            case Piece(answer=answer):
                answers.setdefault(answer, _Answer()).add(event.number, event.part)
            case Stopped(answer=answer):
                answers.setdefault(answer, _Answer()).stopped = event
                lost.add(*(["stop_sequence"] if event.sequence else []))
            case Consumed():
                usage = event.usage
    choices = [answer.choice(index) for index, answer in sorted(answers.items())]
    head = {"id": begun.id, "object": "chat.completion", "created": begun.created, "model": begun.model}
    return msgspec.json.encode({**head, "choices": choices, "usage": usage and usage_body(usage)})


class StreamWriter:
    """Write a stream, event by event."""

    def __init__(self, *, lost: Lost) -> None:
        self._lost = lost
        self._begun = Begun()
        self._usage: Usage | None = None
        self._places: dict[tuple[int, int], int] = {}
        self._lengths: dict[int, int] = {}

    def write(self, event: Event) -> bytes:
        """Return what an event is in this protocol, which may be nothing."""
        match event:
            case Begun():
                self._begun = event
                return self._chunk([self._choice(0, {"role": "assistant", "content": ""})])
            case Piece():
                return self._chunk([self._choice(event.answer, self._delta(event))])
            case Stopped():
                self._lost.add(*(["stop_sequence"] if event.sequence else []))
                reason = _reason(event.reason, calls=any(answer == event.answer for answer, _ in self._places))
                return self._chunk([self._choice(event.answer, {}, reason)])
            case Consumed():
                self._usage = event.usage
                return b""
            case Status():
                return self._chunk([], **{openai.STATUS: event.said})
        usage = b"" if self._usage is None else self._chunk([], usage=usage_body(self._usage))
        return usage + openai.DONE

    def _delta(self, piece: Piece) -> Tree:
        part, start = piece.part, self._lengths.get(piece.answer, 0)
        match part:
            case Text():
                self._lengths[piece.answer] = start + len(part.text)
                marks = [_as_annotation(each, start, start + len(part.text)) for each in part.citations]
                return {"content": part.text} | ({"annotations": marks} if marks else {})
            case Refusal():
                return {"refusal": part.text}
            case Thinking():
                details = [{**each, "index": piece.number} for each in _as_details([part])]
                return said({"reasoning_content": part.text or None, "reasoning_details": details})
        return {"tool_calls": [self._tool_call(piece, part)]}

    def _tool_call(self, piece: Piece, use: ToolUse) -> Tree:
        key = piece.answer, piece.number
        if key in self._places:
            return {"index": self._places[key], "function": {"arguments": use.arguments}}
        self._places[key] = sum(answer == piece.answer for answer, _ in self._places)
        return {"index": self._places[key], **_as_tool_call(use)}

    def _choice(self, index: int, delta: Tree, reason: str | None = None) -> Tree:
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}

    def _chunk(self, choices: list[Tree], **more: Any) -> bytes:
        head = openai.ReplyHead(id=self._begun.id, created=self._begun.created, model=self._begun.model)
        return openai.event({**openai.chunk_head(head), "choices": choices, **more})


def usage_body(usage: Usage) -> Tree:
    """Return usage in this protocol, all of it: `read_openai` finds the same again."""
    writes = {
        "ephemeral_5m_input_tokens": usage.cache_write_tokens - usage.cache_write_1h_tokens,
        "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
    }
    asked = {
        "cached_tokens": usage.cache_read_tokens,
        "audio_tokens": usage.input_audio_tokens,
        "cache_write_tokens": usage.cache_write_tokens or None,
        "cache_creation": writes if usage.cache_write_1h_tokens else None,
    }
    answered = {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": usage.output_audio_tokens}
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": said(asked),
        "completion_tokens_details": answered,
    }


def _as_annotation(citation: Citation, start: int, end: int) -> Tree:
    """Return a citation as `annotations` have it; without a place of its own it belongs to the text from start to end."""
    if citation.url:
        place = {"start_index": start, "end_index": end, "url": citation.url, "title": citation.title}
        return {"type": "url_citation", "url_citation": place}
    at = end if citation.at is None else citation.at
    named = {"document": citation.document or citation.title, "start": citation.start, "end": citation.end}
    return openai.annotation({**named, "quote": citation.quote, "at": at})


def _reason(reason: Reason, *, calls: bool) -> str:
    """Return why an answer ended; some servers say no more than that it did, where they call a tool."""
    return _REASON_OF["tool_use" if calls and reason == "stop" else reason]


class _Answer:
    """One answer, put together from its pieces."""

    def __init__(self) -> None:
        self.stopped = Stopped(reason="stop")
        self._parts: dict[int, Part] = {}
        self._length = 0
        self._annotations: list[Tree] = []

    def add(self, number: int, part: Part) -> None:
        if isinstance(part, Text):
            start, self._length = self._length, self._length + len(part.text)
            self._annotations += [_as_annotation(each, start, self._length) for each in part.citations]
        before = self._parts.get(number)
        self._parts[number] = part if before is None else joined(before, part)

    def choice(self, index: int) -> Tree:
        parts = list(self._parts.values())
        calls = [_as_tool_call(part) for part in parts if isinstance(part, ToolUse)]
        thoughts = [part for part in parts if isinstance(part, Thinking)]
        text = "".join(part.text for part in parts if isinstance(part, Text))
        message = {
            "reasoning_content": "".join(each.text for each in thoughts) or None,
            "reasoning_details": _as_details(thoughts) or None,
            "annotations": self._annotations or None,
            "tool_calls": calls or None,
        }
        spoken = {
            "role": "assistant",
            "content": text if text or not calls else None,
            "refusal": "".join(part.text for part in parts if isinstance(part, Refusal)) or None,
        }
        reason = _reason(self.stopped.reason, calls=bool(calls))
        return {"index": index, "message": {**spoken, **said(message)}, "logprobs": None, "finish_reason": reason}


def _system(texts: Sequence[Text], lost: Lost) -> Iterator[Tree]:
    if texts:
        yield {"role": "system", "content": _as_content([_as_part(text, "system", lost) for text in texts])}


def _written(turn: Turn, place: str, lost: Lost) -> Iterator[Tree]:
    """Yield a turn as messages: what tools said first, each by itself, since it answers the turn before.

    A tool says words alone in this protocol, so what it shows stands in the user's message behind them.
    """
    if turn.role == "assistant":
        yield _as_answer(turn, place, lost)
        return
    if turn.role == "system":
        yield from _system([part for part in turn.parts if isinstance(part, Text)], lost)
        return
    others: list[Tree] = []
    for part in turn.parts:
        if isinstance(part, ToolResult):
            shown = [_as_part(each, place, lost) for each in part.parts if isinstance(each, Text)]
            others += [_as_part(each, place, lost) for each in part.parts if isinstance(each, Media)]
            lost.add(*([f"{place}.is_error"] if part.is_error else []))
            yield {"role": "tool", "tool_call_id": part.id, "content": _as_content(shown)}
        elif isinstance(part, Text | Media):
            others.append(_as_part(part, place, lost))
    if others:
        yield {"role": "user", "content": _as_content(others)}


def _as_answer(turn: Turn, place: str, lost: Lost) -> Tree:
    thoughts = [part for part in turn.parts if isinstance(part, Thinking)]
    if any(each.signature or each.hidden for each in thoughts):
        lost.add(f"{place}.thinking")  # signed for its own provider
    calls = [_as_tool_call(part) for part in turn.parts if isinstance(part, ToolUse)]
    texts = [_as_part(part, place, lost) for part in turn.parts if isinstance(part, Text | Media)]
    refusal = "".join(part.text for part in turn.parts if isinstance(part, Refusal))
    spoken = "".join(each.text for each in thoughts if not each.signature)
    content = _as_content(texts) if texts else None if calls or refusal else ""
    return {"role": "assistant", "content": content} | said(
        {
            "refusal": refusal or None,
            "reasoning_content": spoken or None,
            "tool_calls": calls or None,
        }
    )


def _as_content(parts: list[Tree]) -> Any:
    """Return parts as content: words alone as a text, which all servers read."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return parts or ""


def _as_part(part: Text | Media, place: str, lost: Lost) -> Tree:
    if part.cache is not None:
        lost.add(f"{place}.cache_control")
    if isinstance(part, Text):
        if part.citations:
            lost.add(f"{place}.citations")
        return {"type": "text", "text": part.text}
    address = part.url or (f"data:{part.media_type};base64,{part.data}" if part.data else "")
    if part.kind == "image" and address:
        return {"type": "image_url", "image_url": said({"url": address, "detail": part.detail or None})}
    if part.kind == "audio" and part.data:
        form = FORMAT_OF.get(part.media_type, part.media_type.removeprefix("audio/"))
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": form}}
    file = said({"file_id": part.file or None, "filename": part.name or None, "file_data": address or None})
    return {"type": "file", "file": file}


def _as_tool(tool: Tool, lost: Lost) -> Tree:
    if tool.cache is not None:
        lost.add("tools.cache_control")
    function = {"name": tool.name, "description": tool.description or None, "parameters": tool.schema}
    return {"type": "function", "function": said({**function, "strict": tool.strict or None})}


def _as_fields(wishes: Wishes) -> Tree:
    effort = wishes.effort or effort_of(wishes.thinking_tokens)
    return {
        "temperature": wishes.temperature,
        "top_p": wishes.top_p,
        "stop": list(wishes.stop) or None,
        "seed": wishes.seed,
        "frequency_penalty": wishes.frequency_penalty,
        "presence_penalty": wishes.presence_penalty,
        "tool_choice": _as_choice(wishes.choice),
        "response_format": _as_format(wishes.shape),
        "reasoning_effort": "xhigh" if effort == "max" else effort,
        "user": wishes.user,
        "n": wishes.answers,
    }


def _as_choice(choice: Choice | None) -> Any:
    if choice is None:
        return None
    if choice.mode == "one":
        return {"type": "function", "function": {"name": choice.name}}
    return "required" if choice.mode == "any" else choice.mode


def _as_format(shape: Shape | None) -> Tree | None:
    if shape is None:
        return None
    if shape.schema is None:
        return {"type": "json_object"}
    schema = {"name": shape.name or "answer", "schema": shape.schema, "strict": shape.strict or None}
    return {"type": "json_schema", "json_schema": said(schema)}


def _as_details(thoughts: Iterable[Thinking]) -> list[Tree]:
    """Return what was thought as `reasoning_details` has it."""
    return [
        {"type": "reasoning.encrypted", "data": each.hidden}
        if each.hidden
        else said({"type": "reasoning.text", "text": each.text, "signature": each.signature or None})
        for each in thoughts
    ]


def _as_tool_call(use: ToolUse) -> Tree:
    """Return a call of a tool as a message has it."""
    function = {"name": use.name, "arguments": use.arguments}
    extra = {"google": {"thought_signature": use.signature}} if use.signature else None
    return said({"id": use.id, "type": "function", "function": function, "extra_content": extra})
