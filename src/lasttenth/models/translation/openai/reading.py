"""Chat completions, read: requests, replies, and streams of replies.

Beside OpenAI's own fields stand those that its compatible servers share: `reasoning_content` and `reasoning_details` of
what was thought, `cache_control` on parts, `top_k`, and signatures of tool calls in `extra_content.google`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.bodies import Fields
from lasttenth.models.translation.given import (
    TEXT_OR_LIST,
    TEXT_OR_TEXTS,
    TEXT_OR_TREE,
    Given,
    body_of,
    raise_fault,
    tree_of,
)
from lasttenth.models.translation.neutral import (
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
    Shape,
    Status,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Tree,
    Wishes,
    in_turns,
)
from lasttenth.models.usage_shapes import read_openai
from lasttenth.records.errors import InvalidRequestError

FORMATS = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/opus", "aac": "audio/aac"}
_READ_ELSEWHERE = ("model", "stream", "stream_options")
_SIDES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "tool": "user",
    "assistant": "assistant",
}
_ENVELOPE = ("object", "system_fingerprint", "service_tier", "provider", "obfuscation", "x_groq")
_REASONS: dict[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refused",
}
_TEXT, _THINKING, _REFUSAL, _TOOLS = range(4)
"""The numbers of an answer's parts; tool calls have those from the last on."""


def read_request(fields: Fields, lost: Lost) -> Asked:
    """Return what is asked. Raises InvalidRequestError."""
    body = body_of(fields, lost)
    body.drop(*_READ_ELSEWHERE)
    system, turns = in_turns(map(_spoken, body.each("messages")))
    tools = tuple(tool for given in body.each("tools") if (tool := _tool(given)) is not None)
    asked = Asked(system=system, turns=turns, tools=tools, wishes=_wishes(body))
    body.close()
    return asked


def read_reply(body: bytes, lost: Lost) -> list[Event]:
    """Return what a completion says. Raises InvalidRequestError where it is none."""
    given = Given(tree_of(body, "The reply"), "", lost)
    begun = _begun(given)
    events: list[Event] = [begun]
    for choice in given.each("choices"):
        events += _said_in(choice, "message", begun.id)
    events += _usage(given)
    given.drop(*_ENVELOPE)
    given.close()
    return [*events, Over()]


class StreamReader:
    """Read a stream, event by event."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._has_begun = False

    def read(self, data: bytes) -> list[Event]:
        """Return what an event's data says. Raises InvalidRequestError where it cannot be read."""
        if data == openai.DONE_DATA:
            return [Over()]
        given = Given(tree_of(data, "The event"), "", self._lost)
        begun = _begun(given)
        events: list[Event] = [] if self._has_begun else [begun]
        self._has_begun = True
        status = given.take(openai.STATUS, dict[str, Any])
        if status is not None:
            events.append(Status(said=status))
        for choice in given.each("choices"):
            events += _said_in(choice, "delta", begun.id)
        events += _usage(given)
        given.drop(*_ENVELOPE)
        given.close()
        return events


def _thoughts(given: Given) -> list[Thinking]:
    """Return what a message, or a piece of one, says was thought."""
    details = given.each("reasoning_details")
    spoken = given.text("reasoning_content") or given.text("reasoning")
    given.drop("reasoning")
    if not details:
        return [Thinking(text=spoken)] if spoken else []
    found = [
        Thinking(
            text=detail.text("text") or detail.text("summary"),
            signature=detail.text("signature"),
            hidden=detail.text("data"),
        )
        for detail in details
    ]
    return [each for each in found if each != Thinking()]


def _spoken(message: Given) -> tuple[Role, list[Part]]:
    """Return whose message it is, and what it says. Raises InvalidRequestError."""
    role = message.needed("role")
    side = _SIDES.get(role)
    if side is None:
        raise InvalidRequestError(f"{message.at('role')} {role} cannot be translated.", parameter=message.at("role"))
    parts = list(_parts(message, role))
    message.close()
    return side, parts


def _parts(message: Given, role: str) -> Iterator[Part]:
    if role == "tool":
        parts = tuple(part for part in _content(message) if isinstance(part, Text | Media))
        yield ToolResult(id=message.needed("tool_call_id"), parts=parts)
    elif role == "assistant":
        yield from _thoughts(message)
        yield from _content(message)
        if refusal := message.text("refusal"):
            yield Refusal(text=refusal)
        for call in message.each("tool_calls"):
            yield from _tool_use(call)
    else:
        yield from _content(message)


def _tool_use(call: Given) -> Iterator[ToolUse]:
    call.drop("type", "index")
    if "function" not in call:
        call.close()  # a custom tool: its input is no JSON
        return
    function = call.inner("function")
    yield ToolUse(
        id=call.text("id"),
        name=function.needed("name"),
        arguments=function.text("arguments"),
        signature=_signature(call),
    )
    function.close()
    call.close()


def _content(message: Given) -> Iterator[Text | Refusal | Media | Thinking]:
    """Yield what content says. Some servers, Mistral's among them, have thought in it as well."""
    content: str | list[Any] | None = message.take("content", TEXT_OR_LIST)
    if isinstance(content, str):
        if content:
            yield Text(text=content)
        return
    for number, part in enumerate(content or ()):
        given = Given(part, f"{message.at('content')}.{number}", message.lost)
        found = _part(given)
        if found is not None:
            yield found
        given.close()


_WORDS: dict[str, Callable[[Given, Tree | None], Text | Refusal | Thinking]] = {
    "text": lambda given, cache: Text(text=given.text("text"), cache=cache),
    "refusal": lambda given, _cache: Refusal(text=given.text("refusal")),
    "thinking": lambda given, _cache: Thinking(text="".join(each.text("text") for each in given.each("thinking"))),
}


def _part(given: Given) -> Text | Refusal | Media | Thinking | None:
    kind = given.text("type") or "text"
    cache = given.take("cache_control", dict[str, Any])
    if kind in _WORDS:
        return _WORDS[kind](given, cache)
    if kind == "image_url":
        image = given.inner("image_url")
        detail = image.text("detail")
        shown = Media(kind="image", detail="" if detail == "auto" else detail, cache=cache)
        return located(_only(image, image.needed("url")), shown)
    if kind == "input_audio":
        audio = given.inner("input_audio")
        form = audio.text("format")
        data = _only(audio, audio.needed("data"))
        return Media(kind="audio", media_type=FORMATS.get(form, f"audio/{form}"), data=data, cache=cache)
    if kind == "file":
        file = given.inner("file")
        found = Media(kind="document", file=file.text("file_id"), name=file.text("filename"), cache=cache)
        return located(_only(file, file.text("file_data")), found)
    given.lost.add(given.place)
    given.drop(*(kind, "type", "text"))
    return None


def _only(given: Given, value: str) -> str:
    """Return the last value that is taken of an object."""
    given.close()
    return value


def located(url: str, media: Media) -> Media:
    """Return media with where it is: in its own address, or elsewhere (RFC 2397 for `data:`)."""
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma and head.endswith(";base64")):
        return msgspec.structs.replace(media, url=url)
    return msgspec.structs.replace(media, media_type=head[len("data:") : -len(";base64")], data=data)


def _tool(given: Given) -> Tool | None:
    if given.text("type") not in {"function", ""} or "function" not in given:
        given.lost.add(given.place)
        return None
    function = given.inner("function")
    found = Tool(
        name=function.needed("name"),
        description=function.text("description"),
        schema=function.take("parameters", dict[str, Any]) or {},
        strict=bool(function.take("strict", bool)),
        cache=given.take("cache_control", dict[str, Any]),
    )
    function.close()
    given.close()
    return found


def _wishes(body: Given) -> Wishes:
    most = body.take("max_tokens", int)
    stop: str | list[str] | None = body.take("stop", TEXT_OR_TEXTS)
    answers = body.take("n", int)
    form = body.inner("response_format")
    user = body.text("user")
    return Wishes(
        max_tokens=body.take("max_completion_tokens", int) or most,
        temperature=body.take("temperature", float),
        top_p=body.take("top_p", float),
        top_k=body.take("top_k", int),
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        seed=body.take("seed", int),
        frequency_penalty=body.take("frequency_penalty", float) or None,
        presence_penalty=body.take("presence_penalty", float) or None,
        choice=_choice(body),
        one_tool_at_a_time=body.take("parallel_tool_calls", bool) is False,
        shape=shape_of(form, form.inner("json_schema")),
        effort=body.one_of("reasoning_effort", Effort),
        user=body.text("safety_identifier") or user or None,
        answers=None if answers == 1 else answers,
    )


def _choice(body: Given) -> Choice | None:
    wanted: Any = body.take("tool_choice", TEXT_OR_TREE)
    match wanted:
        case None:
            return None
        case "auto" | "none":
            return Choice(mode=wanted)
        case "required":
            return Choice(mode="any")
        case {"type": "function", "function": {"name": str(name)}}:
            return Choice(mode="one", name=name)
    body.lost.add("tool_choice")
    return None


def shape_of(form: Given, schema: Given) -> Shape | None:
    """Return what form an answer is to have; its schema may stand in an object of its own."""
    kind = form.text("type")
    if kind == "json_object":
        return Shape()
    if kind != "json_schema":
        form.lost.add(*([form.place] if kind not in {"", "text"} else []))
        return None
    found = Shape(
        schema=schema.take("schema", dict[str, Any]) or {},
        name=schema.text("name"),
        strict=bool(schema.take("strict", bool)),
    )
    schema.close()
    return found


def _begun(given: Given) -> Begun:
    """Return how a reply begins. Raises UpstreamError where it is an error."""
    raise_fault(given)
    created = given.take("created", int) or 0
    return Begun(id=given.text("id"), model=given.text("model"), created=created)


def _said_in(choice: Given, name: str, reply: str) -> Iterator[Event]:
    """Yield what a choice of a reply says; a call without an id gets one, since other protocols answer to it."""
    answer = choice.take("index", int) or 0
    message = choice.inner(name)
    for thought in _thoughts(message):
        yield Piece(number=_THINKING, part=thought, answer=answer)
    said = list(_content(message))
    for part in said:
        if isinstance(part, Thinking):
            yield Piece(number=_THINKING, part=part, answer=answer)
        if isinstance(part, Media):
            message.lost.add(message.at(part.kind))
    text = "".join(part.text for part in said if isinstance(part, Text))
    refusal = message.text("refusal") + "".join(part.text for part in said if isinstance(part, Refusal))
    citations = tuple(found for given in message.each("annotations") if (found := _citation(given)) is not None)
    if text or citations:
        yield Piece(number=_TEXT, part=Text(text=text, citations=citations), answer=answer)
    if refusal:
        yield Piece(number=_REFUSAL, part=Refusal(text=refusal), answer=answer)
    for number, call in enumerate(message.each("tool_calls")):
        place = call.take("index", int)
        place = number if place is None else place
        function = call.inner("function")
        called = function.text("name")
        use = ToolUse(
            id=call.text("id") or (f"{reply or 'call'}-{answer}-{place}" if called else ""),
            name=called,
            arguments=function.text("arguments"),
            signature=_signature(call),
        )
        yield Piece(number=_TOOLS + place, part=use, answer=answer)
    message.drop("role")
    message.close()
    reason = choice.text("finish_reason")
    choice.close()
    if reason:
        yield Stopped(reason=_REASONS.get(reason, "stop"), answer=answer)


def _citation(given: Given) -> Citation | None:
    if given.text("type") != "url_citation":
        given.lost.add(given.place)
        return None
    document = given.take("document", str)
    if document is not None:
        return Citation(
            document=document,
            quote=given.text("quote"),
            start=given.take("start", int) or 0,
            end=given.take("end", int) or 0,
            at=given.take("at", int),
        )
    page = given.inner("url_citation")
    return Citation(url=page.text("url"), title=page.text("title"), at=page.take("end_index", int))


def _usage(given: Given) -> Iterator[Event]:
    reported = given.take("usage", dict[str, Any])
    usage = None if reported is None else read_openai(msgspec.json.encode(reported))
    if usage is not None:
        yield Consumed(usage=usage)


def _signature(given: Given) -> str:
    """Return the signature of a call of a tool, empty where it has none."""
    return given.inner("extra_content").inner("google").text("thought_signature")
