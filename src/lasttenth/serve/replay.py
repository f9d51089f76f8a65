"""A chat reply as a stream and as a whole: one is made from the other without knowing the fields that models invent.

Pieces of a stream are put together as OpenAI's protocol means them: texts grow, lists whose items have an `index` are
merged item by item, other lists grow, and everything else is said anew. `_NAMES` are texts that do not grow.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.serve.events import EventCutter, data_of

_NAMES = frozenset({"finish_reason", "id", "name", "role", "type"})
_NOT_OF_EVERY_EVENT = frozenset({"choices", "object", "usage"})

Tree = dict[str, Any]


def whole_of(stream: bytes) -> Tree | None:
    """Return the completion that a stream came to, None where it does not say how each of its choices ended."""
    reply: Tree = {}
    choices: dict[int, Tree] = {}
    for event in EventCutter().feed(stream):
        data = data_of(event)
        if not data or data == openai.DONE_DATA:
            continue
        said = msgspec.json.decode(data, type=Tree)
        for choice in said.pop("choices", None) or ():
            place = choices.setdefault(choice["index"], {"message": {}})
            _merge(place["message"], choice.pop("delta", None) or {})
            _merge(place, choice)
        reply |= {name: value for name, value in said.items() if value is not None}
    if not choices or not all(choice.get("finish_reason") for choice in choices.values()):
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


def _delta(message: Tree) -> Tree:
    calls = message.get("tool_calls")
    if not calls:
        return message
    return {**message, "tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]}


def _merge(known: Tree, said: Tree) -> None:
    for name, value in said.items():
        before = known.get(name)
        if isinstance(value, list):
            known[name] = _joined(before or [], value)
        elif isinstance(value, dict):
            known[name] = before or {}
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
        place = next((each for each in known if each.get("index") == item["index"]), None)
        if place is None:
            place = {}
            known.append(place)
        _merge(place, item)
    return known
