"""Messages, written: requests, replies, and streams of replies."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from lasttenth.models.openai import STATUS
from lasttenth.models.translation.anthropic.abilities import (
    EFFORTS,
    Abilities,
    abilities_of,
    is_anthropics,
    sampling,
    thinking_of,
)
from lasttenth.models.translation.given import said
from lasttenth.models.translation.neutral import (
    FOREIGN,
    Asked,
    Begun,
    Citation,
    Consumed,
    Event,
    Lost,
    Media,
    Over,
    Part,
    Piece,
    Reason,
    Refusal,
    Status,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Tree,
    Turn,
    arguments_of,
    joined,
)
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.usage import Usage

MOST_TOKENS = 8192
"""Tokens that an answer may have where nobody said how many: this protocol wants a number. Thought comes on top."""
_REASON_OF: Mapping[Reason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_use": "tool_use",
    "paused": "pause_turn",
    "refused": "refusal",
}


def write_request(asked: Asked, model: str, *, stream: bool, lost: Lost) -> bytes:
    """Return the body of a request. Raises InvalidRequestError for a call of a tool whose arguments are no object."""
    knows = abilities_of(model)
    system, turns = list(asked.system), list[Turn]()
    for number, turn in enumerate(asked.turns):
        if turn.role != "system" or (knows.hears_system and turns and turns[-1].role == "user"):
            turns.append(turn)
        else:
            lost.add(f"messages.{number}.role")  # it stands before everything now
            system += [part for part in turn.parts if isinstance(part, Text)]
    messages = [_as_message(turn, f"messages.{number}", lost) for number, turn in enumerate(turns)]
    body: Tree = {"model": model, "messages": [message for message in messages if message["content"]]}
    if system:
        body["system"] = [block for text in system for block in _blocks(text, "system", lost)]
    if asked.tools:
        body["tools"] = [_as_tool(tool) for tool in asked.tools]
    if stream:
        body["stream"] = True
    return msgspec.json.encode(body | said(_as_fields(asked, knows, lost)))


def write_reply(events: Iterable[Event], *, lost: Lost) -> bytes:
    """Return a message. Raises InvalidRequestError for a call of a tool whose arguments are no object."""
    begun, stopped, usage = Begun(), Stopped(reason="stop"), Usage()
    parts: dict[int, Part] = {}
    for event in events:
        if getattr(event, "answer", 0):
            lost.add("choices")  # this protocol gives one answer
            continue
        match event:
            case Begun():
                begun = event
            case Piece(number=number, part=part):
                parts[number] = joined(parts[number], part) if number in parts else part
            case Stopped():
                stopped = event
            case Consumed():
                usage = event.usage
    content = [block for part in parts.values() for block in _blocks(part, "content", lost)]
    calls = any(isinstance(part, ToolUse) for part in parts.values())
    body = {**_message(begun), "content": content, **_ending(stopped, calls=calls), "usage": usage_body(usage)}
    return msgspec.json.encode(body)


class StreamWriter:
    """Write a stream, event by event."""

    def __init__(self, *, lost: Lost) -> None:
        self._lost = lost
        self._open: dict[int, int] = {}
        self._next = 0
        self._calls: set[int] = set()
        self._stopped = Stopped(reason="stop")
        self._usage = Usage()

    def write(self, event: Event) -> bytes:
        """Return what an event is in this protocol, which may be nothing."""
        if getattr(event, "answer", 0):
            self._lost.add("choices")  # this protocol gives one answer
            return b""
        match event:
            case Begun():
                empty: Tree = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage_body(Usage())}
                return _event("message_start", message={**_message(event), **empty})
            case Piece():
                return b"".join(self._written(event))
            case Stopped():
                self._stopped = event
            case Consumed():
                self._usage = event.usage
            case Status():
                return _event("ping", **{STATUS: event.said})
            case Over():
                return b"".join(self._ended())
        return b""

    def _written(self, piece: Piece) -> Iterator[bytes]:
        part, number = piece.part, piece.number
        if number not in self._open:
            yield from self._closed([each for each in self._open if each not in self._calls])
            yield from self._begun(number, part)
        place = self._open[number]
        for delta in _deltas(part):
            yield _event("content_block_delta", index=place, delta=delta)

    def _begun(self, number: int, part: Part) -> Iterator[bytes]:
        self._calls |= {number} if isinstance(part, ToolUse) else set()
        if isinstance(part, ToolUse) and part.signature:
            block = {"type": "redacted_thinking", "data": FOREIGN + part.signature}
            yield _event("content_block_start", index=self._next, content_block=block)
            yield _event("content_block_stop", index=self._next)
            self._next += 1
        yield _event("content_block_start", index=self._next, content_block=_empty(part))
        self._open[number] = self._next
        self._next += 1

    def _closed(self, numbers: list[int]) -> Iterator[bytes]:
        """Close blocks. Several calls of tools may grow at one time, and nothing else."""
        for number in numbers:
            yield _event("content_block_stop", index=self._open.pop(number))

    def _ended(self) -> Iterator[bytes]:
        yield from self._closed([*self._open])
        delta = _ending(self._stopped, calls=bool(self._calls))
        yield _event("message_delta", delta=delta, usage=usage_body(self._usage))
        yield _event("message_stop")


def usage_body(usage: Usage) -> Tree:
    """Return usage in this protocol, which counts apart what a prompt cache has read or written."""
    writes = {
        "ephemeral_5m_input_tokens": usage.cache_write_tokens - usage.cache_write_1h_tokens,
        "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
    }
    thought = {"thinking_tokens": usage.reasoning_tokens} if usage.reasoning_tokens else None
    counts = {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_creation": writes if usage.cache_write_tokens else None,
        "output_tokens_details": thought,
    }
    return said(counts)


def _as_citation(citation: Citation) -> Tree:
    """Return a citation as a text block has it."""
    if citation.url:
        place = {"url": citation.url, "title": citation.title or None, "encrypted_index": ""}
        return {"type": "web_search_result_location", "cited_text": citation.quote, **place}
    return {
        "type": "char_location",
        "cited_text": citation.quote,
        "document_index": 0,
        "document_title": citation.document or citation.title or None,
        "start_char_index": citation.start,
        "end_char_index": citation.end,
    }


def _as_message(turn: Turn, place: str, lost: Lost) -> Tree:
    """Return a turn as a message: what tools said comes first, as this protocol has it."""
    parts = sorted(turn.parts, key=lambda part: not isinstance(part, ToolResult)) if turn.role == "user" else turn.parts
    blocks = [block for part in parts for each in _own(part, place, lost) for block in _blocks(each, place, lost)]
    return {"role": turn.role, "content": blocks}


def _own(part: Part, place: str, lost: Lost) -> Iterator[Part]:
    """Yield a part that this protocol's servers may be given: they refuse thought that they have not signed."""
    if isinstance(part, ToolUse) and part.signature:
        lost.add(f"{place}.signature")
        yield msgspec.structs.replace(part, signature="")
    elif isinstance(part, Thinking) and not is_anthropics(part):
        lost.add(f"{place}.thinking")
    else:
        yield part


def _blocks(part: Part, place: str, lost: Lost) -> Iterator[Tree]:
    """Yield a part as blocks; those that are empty are left out, since they are refused."""
    cache = {"cache_control": part.cache} if not isinstance(part, Refusal | Thinking) and part.cache else {}
    match part:
        case Text() | Refusal():
            citations = [_as_citation(each) for each in part.citations] if isinstance(part, Text) else []
            if part.text:
                yield {"type": "text", "text": part.text} | ({"citations": citations} if citations else {}) | cache
        case Thinking():
            hidden = {"type": "redacted_thinking", "data": part.hidden}
            yield hidden if part.hidden else {"type": "thinking", "thinking": part.text, "signature": part.signature}
        case Media():
            lost.add(*([f"{place}.detail"] if part.detail else []))
            found = _as_media(part)
            if found is None:
                lost.add(f"{place}.{part.kind}")
            else:
                yield found | cache
        case ToolUse():
            if part.signature:
                yield {"type": "redacted_thinking", "data": FOREIGN + part.signature}
            yield {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments_of(part)} | cache
        case ToolResult():
            content = [block for each in part.parts for block in _blocks(each, place, lost)]
            failed = {"is_error": True} if part.is_error else {}
            yield {"type": "tool_result", "tool_use_id": part.id, "content": content} | failed | cache


def _as_media(media: Media) -> Tree | None:
    """Return media as a block, None for what this protocol does not know."""
    if media.kind == "audio":
        return None
    source: Tree
    if media.file:
        source = {"type": "file", "file_id": media.file}
    elif media.url:
        source = {"type": "url", "url": media.url}
    elif media.media_type == "text/plain":
        words = _decoded(media.data)
        source = {"type": "text", "media_type": media.media_type, "data": words}
    else:
        source = {"type": "base64", "media_type": media.media_type, "data": media.data}
    title = {"title": media.name} if media.name and media.kind == "document" else {}
    return {"type": media.kind, "source": source, **title}


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode(errors="replace")
    except ValueError as error:
        raise InvalidRequestError(f"The data of a file is no base64: {error}.", parameter="file_data") from error


def _as_tool(tool: Tool) -> Tree:
    schema = tool.schema or {"type": "object"}
    shown = {"name": tool.name, "description": tool.description or None, "input_schema": schema}
    return said({**shown, "strict": tool.strict or None, "cache_control": tool.cache})


def _as_fields(asked: Asked, knows: Abilities, lost: Lost) -> Tree:
    wishes = asked.wishes
    thinking, budget = thinking_of(asked, knows, lost)
    lost.add(*[name for name in ("seed", "frequency_penalty", "presence_penalty") if getattr(wishes, name) is not None])
    if wishes.answers:
        lost.add("n")
    if wishes.shape is not None and wishes.shape.schema is None:
        lost.add("response_format")
    schema = None if wishes.shape is None else wishes.shape.schema
    form = None if schema is None else {"type": "json_schema", "schema": schema}
    effort = EFFORTS.get(wishes.effort or "none") if knows.adapts else None
    return {
        "max_tokens": wishes.max_tokens or MOST_TOKENS + budget,
        **sampling(wishes, knows, thinks=budget > 0, lost=lost),
        "stop_sequences": list(wishes.stop) or None,
        "tool_choice": _as_choice(asked),
        "thinking": thinking,
        "output_config": said({"effort": effort, "format": form}) or None,
        "metadata": {"user_id": wishes.user} if wishes.user else None,
    }


def _as_choice(asked: Asked) -> Tree | None:
    choice, alone = asked.wishes.choice, asked.wishes.one_tool_at_a_time and bool(asked.tools)
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if alone else None
    if choice.mode == "one":
        found: Tree = {"type": "tool", "name": choice.name}
    else:
        found = {"type": choice.mode}
    return found | ({"disable_parallel_tool_use": True} if alone and choice.mode != "none" else {})


def _ending(stopped: Stopped, *, calls: bool) -> Tree:
    """Return why an answer ended; some servers say no more than that it did, where they call a tool."""
    reason = "tool_use" if calls and stopped.reason == "stop" else stopped.reason
    return {"stop_reason": _REASON_OF[reason], "stop_sequence": stopped.sequence or None}


def _message(begun: Begun) -> Tree:
    return {"id": begun.id, "type": "message", "role": "assistant", "model": begun.model}


def _empty(part: Part) -> Tree:
    """Return a block as it begins, before anything is said in it."""
    match part:
        case Thinking(hidden=hidden) if hidden:
            return {"type": "redacted_thinking", "data": hidden}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolUse():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
    return {"type": "text", "text": ""}


def _deltas(part: Part) -> Iterator[Tree]:
    match part:
        case Text() | Refusal():
            if part.text:
                yield {"type": "text_delta", "text": part.text}
            for citation in part.citations if isinstance(part, Text) else ():
                yield {"type": "citations_delta", "citation": _as_citation(citation)}
        case Thinking():
            if part.text:
                yield {"type": "thinking_delta", "thinking": part.text}
            if part.signature:
                yield {"type": "signature_delta", "signature": part.signature}
        case ToolUse():
            if part.arguments:
                yield {"type": "input_json_delta", "partial_json": part.arguments}


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))
