"""The text of a span that full-text search finds it by: its name, and what stands in its input and output.

Of JSON only the strings count, not the names of fields. The pieces of a stream are put together again: whatever stands at
the same place in each of its events is one text. No provider's protocol is known here.

Of a long text only its beginning and its end count: the instructions, and what is new in a conversation.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lasttenth.storage.traces.bodies import ALL, is_stream

MOST = 200_000
"""Characters of a span that are indexed."""
BEGINNING, END = 2_000, 8_000
"""Characters of a payload that are indexed where it is longer than both."""

_WORD = re.compile(r"[^\W_]+")
_FIELD = re.compile(r'"(?<!\\")\w+"\s*:')  # begins with a letter that is quick to find
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")
_DATA = b"data:"
_Path = tuple[str, ...]


class Said(NamedTuple):
    """A payload, or the ends of one, of which what lies between was not read."""

    media_type: str
    beginning: bytes
    end: bytes | None = None
    """None where the beginning is all."""


def text_of(name: str, said: Sequence[Said], *, indexed: int) -> str:
    """Return the text of a span, one part a line.

    Args:
        name: of the span.
        said: its payloads.
        indexed: what the body of the span says.
    """
    parts = [name, *(_text(each) if indexed == ALL else _ends(each) for each in said)]
    return "\n".join(parts)[:MOST]


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case and without accents: what is indexed, and what is looked for."""
    lower = text.lower()
    if not lower.isascii():
        # Some capitals show only when they are taken apart, as mathematical ones do.
        parts = unicodedata.normalize("NFKD", lower).lower()
        # Decomposed letters are more than before, and what is indexed has its bound.
        lower = "".join(letter for letter in parts if not unicodedata.combining(letter))[:MOST]
    return _WORD.findall(lower)


def _ends(said: Said) -> str:
    if said.end is None:
        text = _text(said)
        return text if len(text) <= BEGINNING + END else f"{text[:BEGINNING]}\n{text[-END:]}"
    read = _fragment if "json" in said.media_type else _plain
    return f"{read(said.beginning[:BEGINNING])}\n{read(said.end[-END:])}"


def _text(said: Said) -> str:
    if is_stream(said.media_type):
        return _joined(said.beginning)
    if "json" in said.media_type:
        found = [text for _, text in _strings(said.beginning)]
        if found:
            return "\n".join(found)
    return _plain(said.beginning)


def _plain(data: bytes) -> str:
    return data.decode(errors="replace")


def _fragment(data: bytes) -> str:
    """Return the text of a piece of JSON that may begin and end in any place, without the names of fields."""
    text = _FIELD.sub(" ", _plain(data))
    if "\\" not in text:
        return text
    # Letters beyond 16 bits were written as two, and one of them may have been cut off.
    return _ESCAPE.sub(_unescaped, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else " "


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
