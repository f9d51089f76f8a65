"""Responses, read: requests, replies, and streams of replies."""

from collections.abc import Iterator
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.bodies import Fields
from lasttenth.models.protocols.responses import KEPT
from lasttenth.models.translation.anthropic.reading import signed
from lasttenth.models.translation.given import TEXT_OR_LIST, TEXT_OR_TREE, Given, body_of, raise_fault, tree_of
from lasttenth.models.translation.neutral import (
    FOREIGN,
    Asked,
    Begun,
    Choice,
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
    Role,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Wishes,
    in_turns,
)
from lasttenth.models.translation.openai.reading import FORMATS, located, shape_of
from lasttenth.models.translation.responses.seals import unsealed
from lasttenth.models.usage_shapes import read_openai
from lasttenth.records.errors import InvalidRequestError, UpstreamError

_BETWEEN_SUMMARIES = "\n\n"
_ENCRYPTED = "reasoning.encrypted_content"
_SIDES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_REASONS: dict[str, Reason] = {"max_output_tokens": "length", "content_filter": "refused"}
_WORDS: dict[str, type[Text | Refusal | Thinking]] = {
    "response.output_text.delta": Text,
    "response.refusal.delta": Refusal,
    "response.reasoning_summary_text.delta": Thinking,
    "response.reasoning_text.delta": Thinking,
}
_REFERENCES = frozenset({"item_reference", "compaction"})
"""Items that stand for what was said before, and say it to OpenAI alone."""
_ALONE = -1
"""In the place of a part's number, for items that have no parts."""


def read_request(fields: Fields, lost: Lost) -> Asked:
    """Return what is asked. Raises InvalidRequestError."""
    body = body_of(fields, lost)
    for name in KEPT:
        if name in body:
            raise _kept(name)
    body.drop("model", "stream", "stream_options")
    instructions = body.text("instructions")
    system, turns = in_turns(_spoken(body))
    tools = tuple(tool for given in body.each("tools") if (tool := _tool(given)) is not None)
    asked = Asked(
        system=(*([Text(text=instructions)] if instructions else []), *system),
        turns=tuple(msgspec.structs.replace(turn, parts=tuple(signed(turn.parts))) for turn in turns),
        tools=tools,
        wishes=_wishes(body),
    )
    body.close()
    return asked


def read_reply(body: bytes, lost: Lost) -> list[Event]:
    """Return what a response says. Raises InvalidRequestError where it is none, UpstreamError where it has failed."""
    given = Given(tree_of(body, "The reply"), "", lost)
    raise_fault(given)
    if "output" not in given:
        raise InvalidRequestError("The reply has no output.", parameter="output")
    parts = list(signed(part for item in given.each("output") for part in _parts(item.text("type"), item)))
    pieces = [
        Piece(number=number, part=part)
        for number, part in enumerate(parts)
        if isinstance(part, Text | Refusal | Thinking | ToolUse)
    ]
    calls = any(isinstance(part, ToolUse) for part in parts)
    return [_begun(given), *pieces, *_ended(given, calls=calls), Over()]


class StreamReader:
    """Read a stream, event by event."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._numbers: dict[tuple[int, int], int] = {}
        self._heard: set[int] = set()
        self._calls = False
        self._signature = ""

    def read(self, data: bytes) -> list[Event]:
        """Return what an event's data says. Raises InvalidRequestError where it cannot be read."""
        if data == openai.DONE_DATA:
            return []
        given = Given(tree_of(data, "The event"), "", self._lost)
        kind = given.text("type")
        part = _delta(kind, given)
        events: list[Event] = [] if part is None else [self._piece(given, part)]
        match kind:
            case "response.created":
                events = [_begun(given.inner("response"))]
            case "response.output_item.added":
                events = self._opened(given)
            case "response.output_item.done":
                events = self._closed(given)
            case "response.completed" | "response.incomplete":
                events = [*_ended(given.inner("response"), calls=self._calls), Over()]
            case "response.failed" | "error":
                raise_fault(given.inner("response"))
                raise_fault(given)
                raise UpstreamError(f"The model failed: {given.text('message') or 'it does not say why'}.")
        return events

    def _number(self, given: Given, part: int) -> int:
        """Return the number of a part of an item."""
        return self._numbers.setdefault((given.take("output_index", int) or 0, part), len(self._numbers))

    def _piece(self, given: Given, part: Text | Refusal | Thinking | ToolUse) -> Piece:
        place = given.take("content_index", int) or 0
        number = self._number(given, place if isinstance(part, Text | Refusal) else _ALONE)
        self._heard.add(number)
        return Piece(number=number, part=part)

    def _opened(self, given: Given) -> list[Event]:
        item = given.inner("item")
        if item.text("type") != "function_call":
            return []
        self._calls = True
        signature, self._signature = self._signature, ""
        use = ToolUse(id=item.text("call_id"), name=item.text("name"), signature=signature)
        return [Piece(number=self._number(given, _ALONE), part=use)]

    def _closed(self, given: Given) -> list[Event]:
        """Return what of an item was not said before: what seals a thought, and from terse servers all of it."""
        found: list[Event] = []
        place = given.take("output_index", int) or 0
        item = Given(given.take("item", dict[str, Any]) or {}, f"output.{place}", self._lost)
        for index, part in enumerate(_parts(item.text("type"), item)):
            key = place, index if isinstance(part, Text | Refusal) else _ALONE
            number = self._numbers.setdefault(key, len(self._numbers))
            self._calls |= isinstance(part, ToolUse)
            if isinstance(part, Thinking) and part.hidden.startswith(FOREIGN):
                self._signature = part.hidden.removeprefix(FOREIGN)
            elif number not in self._heard and isinstance(part, Text | Refusal | Thinking | ToolUse):
                found.append(Piece(number=number, part=part))
            elif isinstance(part, Thinking) and part.proof:
                found.append(Piece(number=number, part=msgspec.structs.replace(part, text="")))
        return found


def _delta(kind: str, given: Given) -> Text | Refusal | Thinking | ToolUse | None:
    """Return what an event adds to a part, None for events that add nothing."""
    words = _WORDS.get(kind)
    if words is not None:
        return words(text=given.text("delta"))
    match kind:
        case "response.reasoning_summary_part.added" if given.take("summary_index", int):
            return Thinking(text=_BETWEEN_SUMMARIES)
        case "response.function_call_arguments.delta":
            return ToolUse(arguments=given.text("delta"))
        case "response.output_text.annotation.added":
            citation = _citation(given.inner("annotation"))
            return None if citation is None else Text(text="", citations=(citation,))
    return None


def _spoken(body: Given) -> Iterator[tuple[Role, list[Part]]]:
    """Yield what is said in a request, and by whom. Raises InvalidRequestError."""
    content: str | list[Any] | None = body.take("input", TEXT_OR_LIST)
    if isinstance(content, str):
        yield "user", [Text(text=content)] if content else []
        return
    for number, each in enumerate(content or ()):
        item = Given(each, f"input.{number}", body.lost)
        kind = item.text("type") or "message"
        if kind in _REFERENCES:
            raise _kept(item.place)
        yield _side(kind, item), [_uncited(part, item) for part in _parts(kind, item)]


def _side(kind: str, item: Given) -> Role:
    """Return who says an item. Raises InvalidRequestError."""
    if kind != "message":
        return "user" if kind == "function_call_output" else "assistant"
    role = item.needed("role")
    if role not in _SIDES:
        raise InvalidRequestError(f"{item.at('role')} {role} cannot be translated.", parameter=item.at("role"))
    return _SIDES[role]


def _uncited(part: Part, item: Given) -> Part:
    """Return a part without what an answer has rested on: nobody takes that back."""
    if not (isinstance(part, Text) and part.citations):
        return part
    item.lost.add(item.at("annotations"))
    return Text(text=part.text)


def _parts(kind: str, item: Given) -> Iterator[Part]:
    """Yield what an item says; one that nobody else can say is lost."""
    read = _ITEMS.get(kind)
    if read is None:
        item.lost.add(item.place)
        return
    item.drop("id", "status")
    yield from read(item)
    item.close()


def _message(item: Given) -> Iterator[Part]:
    item.drop("role")
    yield from _content(item, "content")


def _reasoning(item: Given) -> Iterator[Part]:
    summary = _BETWEEN_SUMMARIES.join(each.text("text") for each in item.each("summary"))
    spoken = "".join(each.text("text") for each in item.each("content"))
    thought = unsealed(spoken or summary, item.text("encrypted_content"))
    if thought != Thinking():
        yield thought


def _function_call(item: Given) -> Iterator[Part]:
    yield ToolUse(id=item.needed("call_id"), name=item.needed("name"), arguments=item.text("arguments"))


def _function_call_output(item: Given) -> Iterator[Part]:
    parts = tuple(part for part in _content(item, "output") if isinstance(part, Text | Media))
    yield ToolResult(id=item.needed("call_id"), parts=parts)


_ITEMS = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "function_call_output": _function_call_output,
}


def _content(item: Given, name: str) -> Iterator[Text | Refusal | Media]:
    content: str | list[Any] | None = item.take(name, TEXT_OR_LIST)
    if isinstance(content, str):
        if content:
            yield Text(text=content)
        return
    for number, part in enumerate(content or ()):
        given = Given(part, f"{item.at(name)}.{number}", item.lost)
        found = _part(given)
        if found is None:
            given.lost.add(given.place)
        else:
            yield found
            given.close()


def _part(given: Given) -> Text | Refusal | Media | None:
    match given.text("type"):
        case "input_text" | "output_text" | "text":
            given.drop("logprobs")
            citations = tuple(found for each in given.each("annotations") if (found := _citation(each)) is not None)
            return Text(text=given.text("text"), citations=citations)
        case "refusal":
            return Refusal(text=given.text("refusal"))
        case "input_image":
            detail = given.text("detail")
            image = Media(kind="image", file=given.text("file_id"), detail="" if detail == "auto" else detail)
            return located(given.text("image_url"), image)
        case "input_file":
            file = Media(kind="document", file=given.text("file_id"), name=given.text("filename"))
            return located(given.text("file_data") or given.text("file_url"), file)
        case "input_audio":
            audio = given.inner("input_audio")
            form = audio.text("format")
            return Media(kind="audio", media_type=FORMATS.get(form, f"audio/{form}"), data=audio.needed("data"))
    return None


def _citation(given: Given) -> Citation | None:
    """Return an annotation, None where nobody else can say it, which is lost."""
    match given.text("type"):
        case "url_citation":
            return Citation(url=given.text("url"), title=given.text("title"), at=given.take("end_index", int))
        case "file_citation":
            return Citation(
                document=given.text("filename"),
                quote=given.text("quote"),
                start=given.take("start", int) or 0,
                end=given.take("end", int) or 0,
                at=given.take("index", int),
            )
    given.lost.add(given.place)
    return None


def _tool(given: Given) -> Tool | None:
    if given.text("type") != "function":
        given.lost.add(given.place)
        return None
    found = Tool(
        name=given.needed("name"),
        description=given.text("description"),
        schema=given.take("parameters", dict[str, Any]) or {},
        strict=bool(given.take("strict", bool)),
    )
    given.close()
    return found


def _wishes(body: Given) -> Wishes:
    user = body.text("user")
    reasoning = body.inner("reasoning")
    reasoning.drop("summary", "generate_summary")
    text = body.inner("text")
    form = text.inner("format")
    text.close()
    wishes = Wishes(
        max_tokens=body.take("max_output_tokens", int),
        temperature=body.take("temperature", float),
        top_p=body.take("top_p", float),
        choice=_choice(body),
        one_tool_at_a_time=body.take("parallel_tool_calls", bool) is False,
        shape=shape_of(form, form),
        effort=reasoning.one_of("effort", Effort),
        user=body.text("safety_identifier") or user or None,
    )
    reasoning.close()
    if set(body.take("include", list[str]) or ()) - {_ENCRYPTED}:
        body.lost.add("include")
    if body.text("truncation") not in {"", "disabled"}:
        body.lost.add("truncation")
    return wishes


def _choice(body: Given) -> Choice | None:
    wanted: Any = body.take("tool_choice", TEXT_OR_TREE)
    match wanted:
        case None:
            return None
        case "auto" | "none":
            return Choice(mode=wanted)
        case "required":
            return Choice(mode="any")
        case {"type": "function", "name": str(name)}:
            return Choice(mode="one", name=name)
    body.lost.add("tool_choice")
    return None


def _begun(given: Given) -> Begun:
    created = given.take("created_at", float) or 0.0
    return Begun(id=given.text("id"), model=given.text("model"), created=int(created))


def _ended(given: Given, *, calls: bool) -> Iterator[Event]:
    """Yield why a response ended, and what it consumed."""
    reason: Reason = "tool_use" if calls else "stop"
    if given.text("status") == "incomplete":
        reason = _REASONS.get(given.inner("incomplete_details").text("reason"), "length")
    yield Stopped(reason=reason)
    reported = given.take("usage", dict[str, Any])
    usage = None if reported is None else read_openai(msgspec.json.encode(reported))
    if usage is not None:
        yield Consumed(usage=usage)


def _kept(name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{name} stands for what another provider keeps, and this model cannot see.",
        hint="Send the whole conversation in input.",
        parameter=name,
    )
