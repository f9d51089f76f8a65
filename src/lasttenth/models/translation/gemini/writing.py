"""Gemini's protocol, written: requests, replies, and streams of replies."""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from lasttenth.models.openai import STATUS
from lasttenth.models.translation.given import said
from lasttenth.models.translation.neutral import (
    CLAUDE,
    GEMINI,
    SEALED,
    Asked,
    Begun,
    Citation,
    Consumed,
    Effort,
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
    ToolResult,
    ToolUse,
    Tree,
    Turn,
    Wishes,
    arguments_of,
    effort_of,
    joined,
)
from lasttenth.records.usage import Usage

_REASON_OF: Mapping[Reason, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_use": "STOP",
    "paused": "STOP",
    "length": "MAX_TOKENS",
    "refused": "SAFETY",
}
_MODE_OF = {"auto": "AUTO", "any": "ANY", "one": "ANY", "none": "NONE"}
_BUDGETS: Mapping[Effort, int] = {
    "none": 0,
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 24576,
    "max": 24576,
}
"""Tokens of thought that stand for an effort (Gemini API, "OpenAI compatibility", Thinking)."""
_LEVELS: Mapping[Effort, str] = {"none": "minimal", "minimal": "minimal", "low": "low", "medium": "medium"}
"""Greater efforts are `high`: later models than those of the second generation think in levels, and none not at all."""
_COUNTS_THOUGHT = re.compile(r"gemini-[12]\b")


def write_request(asked: Asked, model: str, *, stream: bool, lost: Lost) -> bytes:  # noqa: ARG001 - the path says it
    """Return the body of a request. Raises InvalidRequestError for a call of a tool whose arguments are no object."""
    system, turns = list(asked.system), list[Turn]()
    for number, turn in enumerate(asked.turns):
        if turn.role == "system":
            lost.add(f"messages.{number}.role")  # it stands before everything now
            system += [part for part in turn.parts if isinstance(part, Text)]
        else:
            turns.append(turn)
    names = {part.id: part.name for turn in turns for part in turn.parts if isinstance(part, ToolUse)}
    contents = [_as_content(turn, f"messages.{number}", names, lost) for number, turn in enumerate(turns)]
    tools = [
        said({"name": each.name, "description": each.description or None, "parametersJsonSchema": each.schema or None})
        for each in asked.tools
    ]
    lost.add(*(["tools.strict"] if any(each.strict for each in asked.tools) else []))
    marks = [*(tool.cache for tool in asked.tools), *(text.cache for text in system)]
    lost.add(*(["cache_control"] if any(marks) else []))
    body = {
        "contents": [content for content in contents if content["parts"]],
        "systemInstruction": {"parts": [{"text": text.text} for text in system]} if system else None,
        "tools": [{"functionDeclarations": tools}] if tools else None,
        "toolConfig": _as_choice(asked.wishes),
        "generationConfig": _as_config(asked.wishes, model, lost) or None,
    }
    return msgspec.json.encode(said(body))


def write_reply(events: Iterable[Event], *, lost: Lost) -> bytes:
    """Return a reply. Raises InvalidRequestError for a call of a tool whose arguments are no object."""
    begun, usage = Begun(), None
    parts: dict[int, dict[int, Part]] = {}
    stopped: dict[int, Stopped] = {}
    for event in events:
        match event:
            case Begun():
                begun = event
            case Piece(number=number, part=part, answer=answer):
                known = parts.setdefault(answer, {})
                known[number] = joined(known[number], part) if number in known else part
            case Stopped():
                stopped[event.answer] = event
            case Consumed():
                usage = event.usage
    candidates = [
        _candidate(answer, list(parts.get(answer, {}).values()), stopped.get(answer), lost)
        for answer in sorted(parts.keys() | stopped.keys())
    ]
    return msgspec.json.encode(_reply(begun, candidates, usage))


class StreamWriter:
    """Write a stream, event by event. A call of a tool is written once it is whole."""

    def __init__(self, *, lost: Lost) -> None:
        self._lost = lost
        self._begun = Begun()
        self._calls: dict[tuple[int, int], ToolUse] = {}
        self._stopped: list[Stopped] = []
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        """Return what an event is in this protocol, which may be nothing. Raises InvalidRequestError as `write_reply`."""
        match event:
            case Begun():
                self._begun = event
            case Piece(part=ToolUse() as use):
                key = event.answer, event.number
                known = self._calls.get(key)
                self._calls[key] = use if known is None else _called(known, use)
            case Piece():
                return self._event([_candidate(event.answer, [event.part], None, self._lost)])
            case Stopped():
                self._stopped.append(event)
            case Consumed():
                self._usage = event.usage
            case Status():
                return b"data: " + msgspec.json.encode({**_reply(self._begun, [], None), STATUS: event.said}) + b"\n\n"
            case Over():
                return self._ended()
        return b""

    def _ended(self) -> bytes:
        calls = sorted(self._calls.items())
        candidates = [
            _candidate(stop.answer, [use for (answer, _), use in calls if answer == stop.answer], stop, self._lost)
            for stop in self._stopped
        ]
        return self._event(candidates, self._usage)

    def _event(self, candidates: list[Tree], usage: Usage | None = None) -> bytes:
        for candidate in candidates:
            # Clients pass over an event without parts, with the usage and the grounds in it.
            candidate["content"]["parts"] = candidate["content"]["parts"] or [{"text": ""}]
        return b"data: " + msgspec.json.encode(_reply(self._begun, candidates, usage)) + b"\n\n"


def usage_body(usage: Usage) -> Tree:
    """Return usage in this protocol, which counts thoughts apart and knows no writing to a cache."""
    counts = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
        "cachedContentTokenCount": usage.cache_read_tokens or None,
        "thoughtsTokenCount": usage.reasoning_tokens or None,
        "promptTokensDetails": _heard(usage.input_audio_tokens),
        "candidatesTokensDetails": _heard(usage.output_audio_tokens),
    }
    return said(counts)


def _heard(tokens: int) -> list[Tree] | None:
    return [{"modality": "AUDIO", "tokenCount": tokens}] if tokens else None


def _reply(begun: Begun, candidates: list[Tree], usage: Usage | None) -> Tree:
    return said(
        {
            "candidates": candidates,
            "usageMetadata": None if usage is None else usage_body(usage),
            "modelVersion": begun.model or None,
            "responseId": begun.id or None,
        }
    )


def _candidate(answer: int, parts: list[Part], stopped: Stopped | None, lost: Lost) -> Tree:
    shown = [block for part in parts for block in _as_parts(part, "content", {}, lost)]
    citations = [each for part in parts if isinstance(part, Text) for each in part.citations]
    if stopped is not None and stopped.sequence:
        lost.add("stop_sequence")
    return said(
        {
            "content": {"role": "model", "parts": shown},
            "finishReason": None if stopped is None else _REASON_OF[stopped.reason],
            "index": answer,
            "groundingMetadata": _as_grounds(citations) if citations else None,
        }
    )


def _as_grounds(citations: list[Citation]) -> Tree:
    chunks = [
        {"web": {"uri": each.url, "title": each.title}}
        if each.url
        else {"retrievedContext": {"title": each.document or each.title, "text": each.quote}}
        for each in citations
    ]
    supports = [
        {"segment": {"text": each.quote}, "groundingChunkIndices": [index]} for index, each in enumerate(citations)
    ]
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _as_content(turn: Turn, place: str, names: Mapping[str, str], lost: Lost) -> Tree:
    """Return a turn as content; thought is not given back, but for the signatures of calls."""
    parts: list[Tree] = []
    for part in turn.parts:
        if isinstance(part, Thinking):
            lost.add(f"{place}.thinking")
        else:
            lost.add(*([f"{place}.citations"] if isinstance(part, Text) and part.citations else []))
            parts += _as_parts(part, place, names, lost)
    return {"role": "model" if turn.role == "assistant" else "user", "parts": parts}


def _as_parts(part: Part, place: str, names: Mapping[str, str], lost: Lost) -> Iterator[Tree]:
    if not isinstance(part, Refusal | Thinking) and part.cache is not None:
        lost.add(f"{place}.cache_control")
    match part:
        case Text() | Refusal():
            if part.text:
                yield {"text": part.text}
        case Thinking():
            if part.hidden:
                lost.add(f"{place}.redacted_thinking")
            else:
                yield said({"text": part.text, "thought": True, "thoughtSignature": _signature(part) or None})
        case ToolUse():
            call = {"id": part.id, "name": part.name, "args": arguments_of(part)}
            yield said({"functionCall": call, "thoughtSignature": part.signature or None})
        case ToolResult():
            yield from _as_result(part, place, names, lost)
        case Media():
            lost.add(*([f"{place}.detail"] if part.detail else []))
            if part.file:
                lost.add(f"{place}.{part.kind}")  # known to another provider
            else:
                yield _as_media(part)


def _signature(thought: Thinking) -> str:
    """Return the signature of a thought with the mark of who has signed it, where that is not Gemini."""
    signature = thought.signature
    if not signature or signature.startswith(SEALED):
        return signature
    return signature.removeprefix(GEMINI) if signature.startswith(GEMINI) else CLAUDE + signature


def _as_result(part: ToolResult, place: str, names: Mapping[str, str], lost: Lost) -> Iterator[Tree]:
    text = "\n".join(each.text for each in part.parts if isinstance(each, Text))
    response = {"error" if part.is_error else "output": text}
    yield {"functionResponse": {"id": part.id, "name": names.get(part.id, part.id), "response": response}}
    for each in part.parts:
        if isinstance(each, Media):
            yield from _as_parts(each, place, names, lost)


def _as_media(media: Media) -> Tree:
    name = media.name or None
    if media.url:
        kind = media.media_type or ("image/*" if media.kind == "image" else None)
        return {"fileData": said({"mimeType": kind, "fileUri": media.url, "displayName": name})}
    return {"inlineData": said({"mimeType": media.media_type, "data": media.data, "displayName": name})}


def _called(known: ToolUse, more: ToolUse) -> ToolUse:
    found = joined(known, more)
    return found if isinstance(found, ToolUse) else known


def _as_choice(wishes: Wishes) -> Tree | None:
    choice = wishes.choice
    if choice is None:
        return None
    names = [choice.name] if choice.mode == "one" else None
    return {"functionCallingConfig": said({"mode": _MODE_OF[choice.mode], "allowedFunctionNames": names})}


def _as_config(wishes: Wishes, model: str, lost: Lost) -> Tree:
    lost.add(*(["parallel_tool_calls"] if wishes.one_tool_at_a_time else []))
    lost.add(*(["user"] if wishes.user else []))
    shape = wishes.shape
    return said(
        {
            "maxOutputTokens": wishes.max_tokens,
            "temperature": wishes.temperature,
            "topP": wishes.top_p,
            "topK": wishes.top_k,
            "stopSequences": list(wishes.stop) or None,
            "seed": wishes.seed,
            "frequencyPenalty": wishes.frequency_penalty,
            "presencePenalty": wishes.presence_penalty,
            "candidateCount": wishes.answers,
            "responseMimeType": "application/json" if shape else None,
            "responseJsonSchema": shape.schema if shape else None,
            "thinkingConfig": _thinking(wishes, model),
        }
    )


def _thinking(wishes: Wishes, model: str) -> Tree | None:
    """Return the wish for thought: in tokens for models that count it, else in levels."""
    if wishes.effort is None and wishes.thinking_tokens is None:
        return None
    if _COUNTS_THOUGHT.search(model):
        tokens = wishes.thinking_tokens
        budget = _BUDGETS[wishes.effort or "medium"] if tokens is None else tokens
        return {"thinkingBudget": budget, "includeThoughts": budget > 0}
    effort = wishes.effort or effort_of(wishes.thinking_tokens) or "medium"
    return {"thinkingLevel": _LEVELS.get(effort, "high"), "includeThoughts": effort != "none"}
