"""Messages, read: requests, replies, and streams of replies."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from lasttenth.models.bodies import Fields
from lasttenth.models.translation.given import TEXT_OR_LIST, Given, body_of, raise_fault, tree_of
from lasttenth.models.translation.neutral import (
    FOREIGN,
    Asked,
    Begun,
    Choice,
    Citation,
    Consumed,
    Event,
    Lost,
    Media,
    Over,
    Part,
    Piece,
    Reason,
    Role,
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
from lasttenth.models.usage_shapes import read_usage
from lasttenth.records.errors import InvalidRequestError

_REASONS: dict[str, Reason] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_use",
    "pause_turn": "paused",
    "refusal": "refused",
}
_ENVELOPE = ("type", "role", "container", "stop_details", "diagnostics", "context_management")


def read_request(fields: Fields, lost: Lost) -> Asked:
    """Return what is asked. Raises InvalidRequestError."""
    body = body_of(fields, lost)
    body.drop("model", "stream")
    system = tuple(part for part in content_of(body, "system") if isinstance(part, Text))
    turns = tuple(turn for message in body.each("messages") if (turn := _turn(message)).parts)
    tools = tuple(tool for given in body.each("tools") if (tool := _tool(given)) is not None)
    asked = Asked(system=system, turns=turns, tools=tools, wishes=_wishes(body))
    body.close()
    return asked


def read_reply(body: bytes, lost: Lost) -> list[Event]:
    """Return what a message says. Raises InvalidRequestError where it is none."""
    given = Given(tree_of(body, "The reply"), "", lost)
    raise_fault(given)
    events: list[Event] = [Begun(id=given.text("id"), model=given.text("model"))]
    for number, part in enumerate(signed(content_of(given, "content"))):
        if isinstance(part, Text | Thinking | ToolUse):
            events.append(Piece(number=number, part=part))
    events += _stopped(given)
    reported = given.take("usage", dict[str, Any])
    usage = None if reported is None else read_usage("anthropic", msgspec.json.encode(reported))
    given.drop(*_ENVELOPE)
    given.close()
    return [*events, *([] if usage is None else [Consumed(usage=usage)]), Over()]


class StreamReader:
    """Read a stream, event by event."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._reports: list[bytes] = []
        self._signature = ""
        self._unread: set[int] = set()
        """Blocks that nobody else can say."""
        self._bare: set[int] = set()
        """Calls of tools that have said no arguments yet."""

    def read(self, data: bytes) -> list[Event]:
        """Return what an event's data says. Raises InvalidRequestError where it cannot be read."""
        given = Given(tree_of(data, "The event"), "", self._lost)
        match given.text("type"):
            case "message_start":
                message = given.inner("message")
                return [Begun(id=message.text("id"), model=message.text("model")), *self._consumed(message)]
            case "content_block_start":
                return self._opened(given)
            case "content_block_delta" | "content_block_stop":
                return self._grown(given)
            case "message_delta":
                return [*_stopped(given.inner("delta")), *self._consumed(given)]
            case "message_stop":
                return [Over()]
            case "error":
                raise_fault(given)
        return []

    def _opened(self, given: Given) -> list[Event]:
        block, number = given.inner("content_block"), _number(given)
        part = part_of(block)
        if isinstance(part, Thinking) and part.hidden.startswith(FOREIGN):
            self._signature = part.hidden.removeprefix(FOREIGN)
            return []
        if isinstance(part, ToolUse):
            signature, self._signature = self._signature, ""
            arguments = "" if part.arguments == "{}" else part.arguments
            self._bare |= {number} if not arguments else set()
            part = msgspec.structs.replace(part, arguments=arguments, signature=signature)
        if not isinstance(part, Text | Thinking | ToolUse):
            self._unread.add(number)
            return []
        return [Piece(number=number, part=part)]

    def _grown(self, given: Given) -> list[Event]:
        """Return what a block says more, and as it ends, that a call has no arguments where it has said none."""
        number = _number(given)
        is_over = "delta" not in given
        part = None if number in self._unread else _delta(given.inner("delta"))
        if is_over and number in self._bare:
            part = ToolUse(arguments="{}")
        if isinstance(part, ToolUse):
            self._bare.discard(number)
        return [] if part is None else [Piece(number=number, part=part)]

    def _consumed(self, given: Given) -> list[Event]:
        """Return what is reported; a later report completes an earlier one."""
        reported = given.take("usage", dict[str, Any])
        if reported is None:
            return []
        self._reports.append(msgspec.json.encode(reported))
        usage = read_usage("anthropic", *self._reports)
        return [] if usage is None else [Consumed(usage=usage)]


def _delta(delta: Given) -> Text | Thinking | ToolUse | None:
    """Return what is added to a block, None for nothing."""
    match delta.text("type"):
        case "text_delta":
            return Text(text=delta.text("text"))
        case "thinking_delta":
            return Thinking(text=delta.text("thinking"))
        case "signature_delta":
            return Thinking(signature=delta.text("signature"))
        case "input_json_delta":
            arguments = delta.text("partial_json")
            return ToolUse(arguments=arguments) if arguments else None
        case "citations_delta":
            return Text(text="", citations=(citation_of(delta.inner("citation")),))
    delta.close()
    return None


def content_of(given: Given, name: str) -> Iterator[Part]:
    """Yield what content says, which is a text or a list of blocks."""
    content: str | list[Any] | None = given.take(name, TEXT_OR_LIST)
    if isinstance(content, str):
        if content:
            yield Text(text=content)
        return
    for number, block in enumerate(content or ()):
        inner = Given(block, f"{given.at(name)}.{number}", given.lost)
        found = part_of(inner)
        if found is not None:
            yield found


def part_of(given: Given) -> Part | None:
    """Return what a block says, None where nobody else can say it, which is lost."""
    kind = given.text("type")
    read = _READERS.get(kind)
    if read is None:
        given.lost.add(given.place)
        return None
    cache = given.take("cache_control", dict[str, Any])
    found = read(given, cache)
    given.close()
    return found


def citation_of(given: Given) -> Citation:
    """Return a citation of a text block: of a page, or of a document. Pages and blocks of documents are lost."""
    found = Citation(
        quote=given.text("cited_text"),
        title=given.text("title"),
        url=given.text("url") or given.text("source"),
        document=given.text("document_title"),
        start=given.take("start_char_index", int) or 0,
        end=given.take("end_char_index", int) or 0,
    )
    given.drop("type", "document_index", "encrypted_index", "search_result_index", "file_id")
    given.close()
    return found


def _text(given: Given, cache: Tree | None) -> Part:
    citations = tuple(citation_of(each) for each in given.each("citations"))
    return Text(text=given.text("text"), citations=citations, cache=cache)


def _image(given: Given, cache: Tree | None) -> Part:
    return _located(given.inner("source"), Media(kind="image", cache=cache))


def _document(given: Given, cache: Tree | None) -> Part | None:
    source = given.inner("source")
    name = given.text("title")
    kind = source.text("type")
    if kind == "text":
        data = source.text("data")
        source.drop("media_type")
        source.close()
        encoded = base64.b64encode(data.encode()).decode()
        return Media(kind="document", media_type="text/plain", data=encoded, name=name, cache=cache)
    if kind == "content":
        source.lost.add(source.place)
        return None
    return _located(source, Media(kind="document", name=name, cache=cache))


def _thinking(given: Given, _cache: Tree | None) -> Part:
    return Thinking(text=given.text("thinking"), signature=given.text("signature"))


def _hidden(given: Given, _cache: Tree | None) -> Part:
    return Thinking(hidden=given.text("data"))


def _tool_use(given: Given, cache: Tree | None) -> Part:
    given.drop("caller")
    arguments = msgspec.json.encode(given.take("input", dict[str, Any]) or {}).decode()
    return ToolUse(id=given.needed("id"), name=given.needed("name"), arguments=arguments, cache=cache)


def _tool_result(given: Given, cache: Tree | None) -> Part:
    parts = tuple(part for part in content_of(given, "content") if isinstance(part, Text | Media))
    is_error = bool(given.take("is_error", bool))
    return ToolResult(id=given.needed("tool_use_id"), parts=parts, is_error=is_error, cache=cache)


_READERS = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _hidden,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}


def _located(source: Given, media: Media) -> Media:
    found = msgspec.structs.replace(
        media,
        media_type=source.text("media_type"),
        data=source.text("data"),
        url=source.text("url"),
        file=source.text("file_id"),
    )
    source.drop("type")
    source.close()
    return found


def _turn(message: Given) -> Turn:
    role: Role | None = message.one_of("role", Role)
    if role is None:
        raise InvalidRequestError(f"{message.at('role')} must be user or assistant.", parameter=message.at("role"))
    parts = tuple(signed(content_of(message, "content")))
    message.close()
    return Turn(role=role, parts=parts)


def signed(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield parts: another provider's signature goes back to the call of a tool that it belongs to."""
    signature = ""
    for part in parts:
        if isinstance(part, Thinking) and part.hidden.startswith(FOREIGN):
            signature = part.hidden.removeprefix(FOREIGN)
        elif isinstance(part, ToolUse) and signature:
            yield msgspec.structs.replace(part, signature=signature)
            signature = ""
        else:
            yield part


def _tool(given: Given) -> Tool | None:
    if given.text("type") not in {"custom", ""}:
        given.lost.add(given.place)  # run by the provider itself
        return None
    found = Tool(
        name=given.needed("name"),
        description=given.text("description"),
        schema=given.take("input_schema", dict[str, Any]) or {},
        strict=bool(given.take("strict", bool)),
        cache=given.take("cache_control", dict[str, Any]),
    )
    given.close()
    return found


def _wishes(body: Given) -> Wishes:
    output = body.inner("output_config")
    thinking = body.inner("thinking")
    kind = thinking.text("type")
    thinking.drop("display")
    choice = body.inner("tool_choice")
    metadata = body.inner("metadata")
    wishes = Wishes(
        max_tokens=body.take("max_tokens", int),
        temperature=body.take("temperature", float),
        top_p=body.take("top_p", float),
        top_k=body.take("top_k", int),
        stop=tuple(body.take("stop_sequences", list[str]) or ()),
        choice=_choice(choice),
        one_tool_at_a_time=bool(choice.take("disable_parallel_tool_use", bool)),
        shape=_shape(output),
        effort=output.one_of("effort", Literal["low", "medium", "high", "xhigh", "max"]),
        thinking_tokens=0 if kind == "disabled" else thinking.take("budget_tokens", int),
        user=metadata.text("user_id") or None,
    )
    for each in (output, thinking, choice, metadata):
        each.close()
    return wishes


def _choice(given: Given) -> Choice | None:
    match given.text("type"):
        case "auto":
            return Choice(mode="auto")
        case "any":
            return Choice(mode="any")
        case "none":
            return Choice(mode="none")
        case "tool":
            return Choice(mode="one", name=given.needed("name"))
    return None


def _shape(output: Given) -> Shape | None:
    wanted = output.inner("format")
    if wanted.text("type") != "json_schema":
        wanted.close()
        return None
    return Shape(schema=wanted.take("schema", dict[str, Any]) or {}, strict=True)


def _stopped(given: Given) -> Iterator[Event]:
    reason, sequence = given.text("stop_reason"), given.text("stop_sequence")
    if reason:
        yield Stopped(reason=_REASONS.get(reason, "stop"), sequence=sequence)


def _number(given: Given) -> int:
    return given.take("index", int) or 0
