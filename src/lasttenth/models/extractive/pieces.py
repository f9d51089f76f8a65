"""Which pieces of a passage can be quoted: sentences of prose, list items, table rows and lines of code, as offsets.

It reads Markdown as far as lines tell it and leaves the sentence boundaries inside a block to `records.sentences`.
"""

import re
from collections.abc import Iterator

from lasttenth.records.sentences import Span, sentences

_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]")
_RULE = re.compile(r"[ \t]{0,3}(?:=+|-{2,}|\*{3,}|_{3,})[ \t]*$")
_DIVIDER = re.compile(r"[ \t]*\|?[ \t:|-]*-[ \t:|-]*$")
_MARKER = re.compile(r"[ \t]*(?:>[ \t]?)*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*$")


def pieces(text: str) -> list[Span]:
    """Return what can be quoted from a Markdown or plain text, in order; headings, rules and fences are left out.

    Example:
        >>> text = "# Refunds\\n- Within 30 days.\\n- Unopened only."
        >>> [text[start:end] for start, end in pieces(text)]
        ['Within 30 days.', 'Unopened only.']
    """
    return [piece for block in _blocks(text) for piece in sentences(text, block.start, block.end)]


def _blocks(text: str) -> Iterator[Span]:
    """Yield runs of lines that belong together; prose runs on over line ends, everything else is a block per line."""
    begin: int | None = None
    code = False
    for line in re.finditer(r"[^\n]*\n?", text):
        start, end = line.span()
        fence = _FENCE.match(text, start, end) is not None
        if begin is not None and (fence or code or _stands_alone(line[0])):
            yield Span(begin, start)
            begin = None
        code ^= fence
        if fence or (not code and _is_furniture(line[0])):
            continue
        if begin is None:
            begin = start if code else start + _marker(line[0])
    if begin is not None:
        yield Span(begin, len(text))


def _stands_alone(line: str) -> bool:
    """Say whether a line begins a block of its own: a list item, a row, a heading, a rule or a quotation."""
    return bool(_ROW.match(line)) or _is_furniture(line) or bool(line[: _marker(line)].strip())


def _is_furniture(line: str) -> bool:
    bare = line.rstrip("\r\n")
    return bool(_HEADING.match(bare) or _RULE.match(bare) or (bare.strip() and _DIVIDER.match(bare)))


def _marker(line: str) -> int:
    """Return how many characters at the start of a line belong to quotation and list marks."""
    found = _MARKER.match(line)
    return found.end() if found else 0
