"""The text of a span that full-text search finds it by: its name, and what stands in its input and output.

Of JSON only the strings count, not the names of fields. The pieces of a stream are put together again: whatever stands at
the same place in each of its events is one text. No provider's protocol is known here.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from lasttenth.records.traces import Payload
from lasttenth.storage.traces.bodies import Body

MOST = 200_000
"""Characters of a span that are indexed."""

_WORD = re.compile(r"[^\W_]+")
_DATA = b"data:"
_Path = tuple[str, ...]


def text_of(name: str, body: Body) -> str:
    """Return the text of a span, one part a line."""
    parts = [name, *(_text(payload) for payload in (body.input, body.output) if payload is not None)]
    return "\n".join(parts)[:MOST]


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case and without accents: what is indexed, and what is looked for."""
    lower = text.lower()
    if not lower.isascii():
        parts = unicodedata.normalize("NFKD", lower)
        # Decomposed letters are more than before, and what is indexed has its bound.
        lower = "".join(letter for letter in parts if not unicodedata.combining(letter))[:MOST]
    return _WORD.findall(lower)


def _text(payload: Payload) -> str:
    if payload.media_type.startswith("text/event-stream"):
        return _joined(payload.body)
    if "json" in payload.media_type:
        found = [text for _, text in _strings(payload.body)]
        if found:
            return "\n".join(found)
    return payload.body.decode(errors="replace")


def _joined(stream: bytes) -> str:
    texts: dict[_Path, list[str]] = {}
    for line in stream.split(b"\n"):
        if line.startswith(_DATA):
            for path, text in _strings(line.removeprefix(_DATA)):
                texts.setdefault(path, []).append(text)
    # What is repeated in every event, as an id is, counts once.
    return "\n".join("".join(pieces) if len(set(pieces)) > 1 else pieces[0] for pieces in texts.values())


def _strings(data: bytes) -> Iterator[tuple[_Path, str]]:
    """Yield the strings of a JSON text with their places, in order; none where it is no JSON, as where a stream was cut."""
    try:
        waiting: list[tuple[_Path, Any]] = [((), msgspec.json.decode(data))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            waiting += [((*path, name), each) for name, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, str(number)), each) for number, each in reversed(list(enumerate(value)))]
