"""A chat reply as a stream and as a whole: one is made from the other without knowing the fields that models invent.

Pieces of a stream are put together as OpenAI's protocol means them: texts grow, lists whose items have an `index` are
merged item by item, other lists grow, and everything else is said anew. `_NAMES` are texts that do not grow.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.net.events import EventCutter, data_of

_NAMES = frozenset({"finish_reason", "id", "name", "role", "type"})
_ENDINGS = frozenset({"stop", "length", "tool_calls", "function_call"})
_NOT_OF_EVERY_EVENT = frozenset({"choices", "object", "usage"})

Tree = dict[str, Any]


class _Message(msgspec.Struct):
    refusal: Any = None
    tool_calls: list[Tree] | None = None


class _Choice(msgspec.Struct):
    """What must hold of each choice, of an event or of a whole reply, for it to be replayed."""

    index: int
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Choices(msgspec.Struct):
    choices: list[_Choice] | None = None


def is_answer(reply: Tree) -> bool:
    """Tell whether a completion has come to its end, in the protocol's shape, without a refusal."""
    try:
        choices = msgspec.convert(reply, _Choices).choices
    except msgspec.ValidationError:
        return False
    return bool(choices) and all(
        choice.finish_reason in _ENDINGS and choice.message is not None and not choice.message.refusal
        for choice in choices or ()
    )


def whole_of(stream: bytes) -> Tree | None:
    """Return the completion that a stream came to, None where an event has another shape than the protocol's."""
    reply: Tree = {}
    choices: dict[int, Tree] = {}
    try:
        for event in EventCutter().feed(stream):
            data = data_of(event)
            if data and data != openai.DONE_DATA:
                _take(msgspec.json.decode(data, type=Tree), reply, choices)
    except bodies.UNREADABLE:
        return None
    for choice in choices.values():
        for call in choice["message"].get("tool_calls") or ():
            call.pop("index", None)
    return {**reply, "object": "chat.completion", "choices": [choices[index] for index in sorted(choices)]}


def stream_of(reply: Tree, *, include_usage: bool) -> Iterator[bytes]:
    """Yield a completion as the events of a stream: what each choice says, how it ended, and its usage."""
    head = {name: value for name, value in reply.items() if name not in _NOT_OF_EVERY_EVENT}
    head["object"] = "chat.completion.chunk"
    for choice in reply["choices"]:
        said = {name: value for name, value in choice.items() if name not in {"message", "finish_reason"}}
        yield openai.event({**head, "choices": [{**said, "delta": _delta(choice["message"]), "finish_reason": None}]})
    for choice in reply["choices"]:
        end = {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}
        yield openai.event({**head, "choices": [end]})
    if include_usage:
        yield openai.event({**head, "choices": [], "usage": reply.get("usage")})
    yield openai.DONE


def _take(said: Tree, reply: Tree, choices: dict[int, Tree]) -> None:
    msgspec.convert(said, _Choices)
    for choice in said.pop("choices", None) or ():
        place = choices.setdefault(choice["index"], {"message": {}})
        _merge(place["message"], choice.pop("delta", None) or {})
        _merge(place, choice)
    reply |= {name: value for name, value in said.items() if value is not None}


def _delta(message: Tree) -> Tree:
    calls = message.get("tool_calls")
    if not calls:
        return message
    return {**message, "tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]}


def _merge(known: Tree, said: Tree) -> None:
    for name, value in said.items():
        before = known.get(name)
        if isinstance(value, list):
            known[name] = _joined(before if isinstance(before, list) else [], value)
        elif isinstance(value, dict):
            known[name] = before if isinstance(before, dict) else {}
            _merge(known[name], value)
        elif isinstance(value, str) and isinstance(before, str) and name not in _NAMES:
            known[name] = before + value
        elif value is not None or name not in known:
            known[name] = value


def _joined(known: list[Any], said: list[Any]) -> list[Any]:
    for item in said:
        if not isinstance(item, dict) or "index" not in item:
            known.append(item)
            continue
        numbered = (each for each in known if isinstance(each, dict) and "index" in each)
        place = next((each for each in numbered if each["index"] == item["index"]), None)
        if place is None:
            place = {}
            known.append(place)
        _merge(place, item)
    return known
