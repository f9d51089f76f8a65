"""Gemini's protocol, read: requests, replies, and streams of replies. Its servers take names in both ways of writing."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from lasttenth.models.bodies import Fields
from lasttenth.models.translation.given import Given, body_of, raise_fault, tree_of
from lasttenth.models.translation.neutral import (
    CLAUDE,
    GEMINI,
    SEALED,
    Asked,
    Begun,
    Choice,
    Citation,
    Consumed,
    Effort,
    Event,
    Lost,
    Media,
    MediaKind,
    Over,
    Part,
    Piece,
    Reason,
    Shape,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Tree,
    Turn,
    Wishes,
)
from lasttenth.models.usage_shapes import UsageSoFar
from lasttenth.records.errors import InvalidRequestError

_READ_ELSEWHERE = ("model", "stream")
_ENVELOPE = ("modelVersion", "responseId", "createTime", "modelStatus")
_REASONS: dict[str, Reason] = {
    "MAX_TOKENS": "length",
    "SAFETY": "refused",
    "RECITATION": "refused",
    "BLOCKLIST": "refused",
    "PROHIBITED_CONTENT": "refused",
    "SPII": "refused",
    "IMAGE_SAFETY": "refused",
}
_EFFORTS: dict[str, Effort] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
_MODES = {"AUTO": "auto", "VALIDATED": "auto", "NONE": "none", "ANY": "any"}
_STANDARD = str.maketrans("-_", "+/")
"""From the letters of base64 in which Gemini's clients send back what they were sent (RFC 4648, 5) to Anthropic's."""
_SNAKE = re.compile(r"_([a-z])")


def read_request(fields: Fields, lost: Lost) -> Asked:
    """Return what is asked. Raises InvalidRequestError."""
    body = body_of(fields, lost, named=_camel)
    body.drop(*_READ_ELSEWHERE)
    instructions = list(_parts(body.inner("systemInstruction")))
    system = tuple(part for part in instructions if isinstance(part, Text))
    lost.add(*(["systemInstruction"] if len(system) < len(instructions) else []))
    turns = tuple(_matched([turn for content in body.each("contents") if (turn := _turn(content)).parts]))
    tools = tuple(tool for given in body.each("tools") for tool in _tools(given))
    asked = Asked(system=system, turns=turns, tools=tools, wishes=_wishes(body))
    body.close()
    return asked


def read_reply(body: bytes, lost: Lost) -> list[Event]:
    """Return what a reply says. Raises InvalidRequestError where it is none."""
    return [*StreamReader(lost).read(body), Over()]


class StreamReader:
    """Read a stream, event by event: each of them is a reply of its own."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._id = ""
        self._has_begun = False
        self._usage = UsageSoFar("gemini")
        self._last: dict[int, tuple[type[Part], int]] = {}
        self._callers: set[int] = set()

    def read(self, data: bytes) -> list[Event]:
        """Return what an event's data says. Raises InvalidRequestError where it cannot be read."""
        given = Given(tree_of(data, "The reply"), "", self._lost, named=_camel)
        raise_fault(given)
        events: list[Event] = [] if self._has_begun else [self._begun(given)]
        for candidate in given.each("candidates"):
            events += self._answered(candidate)
        feedback = given.inner("promptFeedback")
        if feedback.text("blockReason"):
            events.append(Stopped(reason="refused"))
        reported = given.take("usageMetadata", dict[str, Any])
        usage = None if reported is None else self._usage.after(msgspec.json.encode(reported))
        if usage is not None:
            events.append(Consumed(usage=usage))
        given.drop(*_ENVELOPE)
        given.close()
        return events

    def _begun(self, given: Given) -> Begun:
        self._has_begun = True
        self._id = given.text("responseId")
        return Begun(id=self._id, model=given.text("modelVersion"))

    def _answered(self, candidate: Given) -> Iterator[Event]:
        answer = candidate.take("index", int) or 0
        for part in _parts(candidate.inner("content")):
            if not isinstance(part, Text | Thinking | ToolUse):
                self._lost.add(candidate.at(part.kind if isinstance(part, Media) else "content"))
                continue
            number = self._number(answer, part)
            yield Piece(number=number, part=self._named(part, answer, number), answer=answer)
        citations = tuple(_grounds(candidate.inner("groundingMetadata")))
        if citations:
            text = Text(text="", citations=citations)
            yield Piece(number=self._number(answer, text), part=text, answer=answer)
        reason = candidate.text("finishReason")
        if reason and reason != "FINISH_REASON_UNSPECIFIED":
            ended = _REASONS.get(reason, "stop")
            yield Stopped(reason="tool_use" if ended == "stop" and answer in self._callers else ended, answer=answer)
        candidate.drop("safetyRatings", "avgLogprobs", "tokenCount", "finishMessage")
        candidate.close()

    def _named(self, part: Text | Thinking | ToolUse, answer: int, number: int) -> Text | Thinking | ToolUse:
        """Return a part; a call without an id gets one, since other protocols answer to it."""
        if not isinstance(part, ToolUse):
            return part
        self._callers.add(answer)
        return msgspec.structs.replace(part, id=part.id or f"{self._id or 'call'}-{answer}-{number}")

    def _number(self, answer: int, part: Part) -> int:
        """Return the number of a part: words that follow words belong together, as thoughts do."""
        kind, number = self._last.get(answer, (None, -1))
        if kind is not type(part) or isinstance(part, ToolUse):
            number += 1
        self._last[answer] = type(part), number
        return number


def json_schema(schema: Any) -> Any:
    """Return a schema of this protocol as JSON Schema: its types are in capitals, and `nullable` stands by itself."""
    if isinstance(schema, list):
        return [json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: value for name, value in schema.items() if name not in {"nullable", "propertyOrdering"}}
    for name in ("items", "anyOf", "any_of", "additionalProperties"):
        if name in found:
            found["anyOf" if name == "any_of" else name] = json_schema(found.pop(name))
    if isinstance(found.get("properties"), dict):
        found["properties"] = {name: json_schema(each) for name, each in found["properties"].items()}
    if isinstance(found.get("type"), str):
        found["type"] = found["type"].lower()
    if schema.get("nullable") is not True:
        return found
    if isinstance(found.get("type"), str) and "enum" not in found:
        return {**found, "type": [found["type"], "null"]}
    return {"anyOf": [found, {"type": "null"}]}


def _camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name)


def _turn(content: Given) -> Turn:
    role = content.text("role") or "user"
    if role not in {"user", "model", "function"}:
        raise InvalidRequestError(f"{content.at('role')} {role} cannot be translated.", parameter=content.at("role"))
    parts = tuple(_parts(content))
    return Turn(role="assistant" if role == "model" else "user", parts=parts)


def _matched(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Yield turns whose calls all have ids; what answers by a name has that of the first such call that waits."""
    waiting: list[ToolUse] = []
    numbers = itertools.count(1)

    def matched(part: Part) -> Part:
        if isinstance(part, ToolUse):
            waiting.append(msgspec.structs.replace(part, id=part.id or f"call-{next(numbers)}"))
            return waiting[-1]
        if not isinstance(part, ToolResult):
            return part
        by_id = (use for use in waiting if use.id == part.id)
        by_name = (use for use in waiting if use.name == part.id)
        found = next(itertools.chain(by_id, by_name), None)
        if found is None:
            return part
        waiting.remove(found)
        return msgspec.structs.replace(part, id=found.id)

    for turn in turns:
        yield msgspec.structs.replace(turn, parts=tuple(map(matched, turn.parts)))


def _parts(content: Given) -> Iterator[Part]:
    content.drop("role")
    for given in content.each("parts"):
        found = _part(given)
        if found is not None:
            yield found
        given.close()
    content.close()


def _part(given: Given) -> Part | None:
    if "functionCall" in given:
        call = given.inner("functionCall")
        arguments = msgspec.json.encode(call.take("args", dict[str, Any]) or {}).decode()
        signature = given.text("thoughtSignature")
        return ToolUse(id=call.text("id"), name=call.needed("name"), arguments=arguments, signature=signature)
    if "functionResponse" in given:
        return _result(given.inner("functionResponse"))
    if given.take("thought", bool):
        return Thinking(text=given.text("text"), signature=_signed(given.text("thoughtSignature")))
    if "inlineData" in given:
        blob = given.inner("inlineData")
        kind = blob.text("mimeType")
        return Media(kind=_kind(kind), media_type=kind, data=blob.needed("data"), name=blob.text("displayName"))
    if "fileData" in given:
        file = given.inner("fileData")
        kind = file.text("mimeType")
        exact = "" if kind.endswith("/*") else kind
        return Media(kind=_kind(kind), media_type=exact, url=file.needed("fileUri"), name=file.text("displayName"))
    return Text(text=given.text("text")) if "text" in given else None


def _signed(signature: str) -> str:
    """Return a signature with the mark of who has signed: without one it is Gemini's, in this protocol."""
    if signature.startswith(CLAUDE):
        return signature.removeprefix(CLAUDE).translate(_STANDARD)
    return signature if not signature or signature.startswith(SEALED) else GEMINI + signature


def _kind(media_type: str) -> MediaKind:
    return "image" if media_type.startswith("image/") else "audio" if media_type.startswith("audio/") else "document"


def _result(given: Given) -> ToolResult:
    """Return what a function answered: its text stands under `output`, or under `error` where it failed."""
    name = given.text("name")
    response = given.take("response", dict[str, Any]) or {}
    given.drop("willContinue", "scheduling")
    said = response.get("output", response.get("error"))
    is_alone = len(response) == 1 and isinstance(said, str)
    text = str(said) if is_alone else msgspec.json.encode(response).decode()
    found = ToolResult(id=given.text("id") or name, parts=(Text(text=text),), is_error=is_alone and "error" in response)
    given.close()
    return found


def _tools(given: Given) -> Iterator[Tool]:
    for declared in given.each("functionDeclarations"):
        schema = declared.take("parametersJsonSchema", dict[str, Any])
        yield Tool(
            name=declared.needed("name"),
            description=declared.text("description"),
            schema=schema or json_schema(declared.take("parameters", dict[str, Any]) or {}),
        )
        declared.close()
    given.close()


def _wishes(body: Given) -> Wishes:
    wanted = body.inner("generationConfig")
    answers = wanted.take("candidateCount", int)
    thinking = wanted.inner("thinkingConfig")
    tokens = thinking.take("thinkingBudget", int)
    thinking.drop("includeThoughts")
    level = thinking.text("thinkingLevel").upper()
    if level not in {"", "THINKING_LEVEL_UNSPECIFIED", *_EFFORTS}:
        thinking.lost.add(thinking.at("thinkingLevel"))
    wishes = Wishes(
        max_tokens=wanted.take("maxOutputTokens", int),
        temperature=wanted.take("temperature", float),
        top_p=wanted.take("topP", float),
        top_k=_whole(wanted.take("topK", float)),
        stop=tuple(wanted.take("stopSequences", list[str]) or ()),
        seed=wanted.take("seed", int),
        frequency_penalty=wanted.take("frequencyPenalty", float) or None,
        presence_penalty=wanted.take("presencePenalty", float) or None,
        choice=_choice(body.inner("toolConfig")),
        shape=_shape(wanted),
        effort=_EFFORTS.get(level),
        thinking_tokens=None if tokens is None or tokens < 0 else tokens,
        answers=None if answers == 1 else answers,
    )
    thinking.close()
    wanted.close()
    return wishes


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _choice(given: Given) -> Choice | None:
    config = given.inner("functionCallingConfig")
    mode = _MODES.get(config.text("mode").upper())
    names = config.take("allowedFunctionNames", list[str]) or []
    if len(names) > 1 or (names and mode != "any"):
        config.lost.add(config.at("allowedFunctionNames"))
    config.close()
    given.close()
    if mode == "any" and len(names) == 1:
        return Choice(mode="one", name=names[0])
    match mode:
        case "auto" | "none" | "any":
            return Choice(mode=mode)
    return None


def _shape(wanted: Given) -> Shape | None:
    media_type = wanted.text("responseMimeType")
    schema: Tree | None = wanted.take("responseJsonSchema", dict[str, Any])
    own = wanted.take("responseSchema", dict[str, Any])
    if media_type != "application/json":
        is_lost = media_type not in {"", "text/plain"} or schema is not None or own is not None
        wanted.lost.add(*([wanted.at("responseMimeType")] if is_lost else []))
        return None
    found = schema if schema is not None else None if own is None else json_schema(own)
    return Shape(schema=found, strict=found is not None)


def _grounds(given: Given) -> Iterator[Citation]:
    """Yield what an answer rests on: pages that were searched, and passages that were retrieved."""
    chunks = given.each("groundingChunks")
    for support in given.each("groundingSupports"):
        quote = support.inner("segment").text("text")
        for index in support.take("groundingChunkIndices", list[int]) or []:
            if 0 <= index < len(chunks):
                yield _ground(chunks[index], quote)


def _ground(chunk: Given, quote: str) -> Citation:
    if "web" in chunk:
        page = chunk.inner("web")
        return Citation(url=page.text("uri"), title=page.text("title"), quote=quote)
    passage = chunk.inner("retrievedContext")
    return Citation(document=passage.text("title") or passage.text("uri"), quote=passage.text("text") or quote)
