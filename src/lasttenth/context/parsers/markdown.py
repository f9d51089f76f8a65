"""Markdown: the block structure of CommonMark and GitHub's tables, line by line. Inline marks stay in the text."""

import re
from collections.abc import Callable
from typing import NamedTuple

from lasttenth.context.blocks import BlockKind, Parsed, Piece
from lasttenth.context.parsers.plain import decode

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_ATX = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"[ ]{0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"[ ]{0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_QUOTE = re.compile(r"[ ]{0,3}>")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_DELIMITER = re.compile(r"(?=.*\|)[ ]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_INDENTED = re.compile(r"(?: {4}|\t)")


class _Line(NamedTuple):
    text: str
    start: int
    end: int


class _Taken(NamedTuple):
    """How many lines a rule took, and what they are; no kind where they are not content."""

    size: int
    kind: BlockKind | None = None
    level: int = 0
    title: str = ""


def parse_markdown(name: str, data: bytes) -> Parsed:
    """Return a Markdown file as it is, and its blocks; YAML front matter, rules and comments are not content."""
    text = decode(name, data)
    lines = [_Line(match[0].rstrip("\r\n"), *match.span()) for match in _LINE.finditer(text)]
    pieces: list[Piece] = []
    index = _front_matter(lines)
    while index < len(lines):
        taken = _take(lines, index)
        if taken.kind:
            start, end = lines[index].start, lines[index + taken.size - 1].end
            pieces.append(Piece(taken.kind, start, end, taken.level, taken.title))
        index += taken.size
    return Parsed(text, pieces)


def _front_matter(lines: list[_Line]) -> int:
    if not lines or lines[0].text.rstrip() != "---":
        return 0
    closing = (index for index in range(1, len(lines)) if lines[index].text.rstrip() in {"---", "..."})
    return next(closing, -1) + 1


def _take(lines: list[_Line], index: int) -> _Taken:
    found = (rule(lines, index) for rule in _RULES)
    return next((taken for taken in found if taken), _paragraph(lines, index))


def _blank(lines: list[_Line], index: int) -> _Taken | None:
    return None if lines[index].text.strip() else _Taken(1)


def _comment(lines: list[_Line], index: int) -> _Taken | None:
    if not lines[index].text.lstrip().startswith("<!--"):
        return None
    count = _until(lines, index, lambda line: "-->" in line)
    return _Taken(count) if lines[index + count - 1].text.rstrip().endswith("-->") else None


def _fence(lines: list[_Line], index: int) -> _Taken | None:
    opening = _FENCE.match(lines[index].text)
    if not opening:
        return None
    closing = re.compile(rf"\s*{opening[1][0]}{{{len(opening[1])},}}\s*$")
    rest = _until(lines, index + 1, lambda line: closing.match(line) is not None)
    return _Taken(1 + rest, "code")


def _indented(lines: list[_Line], index: int) -> _Taken | None:
    if not _INDENTED.match(lines[index].text) or _ITEM.match(lines[index].text):
        return None
    return _Taken(_while(lines, index, lambda line: _INDENTED.match(line) is not None), "code")


def _heading(lines: list[_Line], index: int) -> _Taken | None:
    match = _ATX.match(lines[index].text)
    return _Taken(1, "heading", len(match[1]), (match[2] or "").strip()) if match else None


def _rule(lines: list[_Line], index: int) -> _Taken | None:
    return _Taken(1) if _RULE.match(lines[index].text) else None


def _quote(lines: list[_Line], index: int) -> _Taken | None:
    if not _QUOTE.match(lines[index].text):
        return None
    return _Taken(
        1 + _while(lines, index + 1, lambda line: _is_running(line) or _QUOTE.match(line) is not None), "quote"
    )


def _table(lines: list[_Line], index: int) -> _Taken | None:
    if "|" not in lines[index].text or index + 1 == len(lines) or not _DELIMITER.match(lines[index + 1].text):
        return None
    return _Taken(2 + _while(lines, index + 2, _is_running), "table")


def _item(lines: list[_Line], index: int) -> _Taken | None:
    if not _ITEM.match(lines[index].text):
        return None
    return _Taken(1 + _while(lines, index + 1, _is_running), "list_item")


def _paragraph(lines: list[_Line], index: int) -> _Taken:
    count = 1 + _while(lines, index + 1, lambda line: _is_running(line) and not _UNDERLINE.match(line))
    underline = _UNDERLINE.match(lines[index + count].text) if index + count < len(lines) else None
    if not underline:
        return _Taken(count, "paragraph")
    title = " ".join(line.text.strip() for line in lines[index : index + count])
    return _Taken(count + 1, "heading", 1 if underline[1][0] == "=" else 2, title)


_RULES: tuple[Callable[[list[_Line], int], _Taken | None], ...] = (
    _blank,
    _comment,
    _fence,
    _heading,
    _rule,
    _quote,
    _table,
    _item,
    _indented,
)


def _is_running(line: str) -> bool:
    """Tell whether a line goes on with the block above it."""
    starts = (_FENCE, _ATX, _RULE, _QUOTE, _ITEM)
    return bool(line.strip()) and not any(start.match(line) for start in starts)


def _while(lines: list[_Line], index: int, holds: Callable[[str], bool]) -> int:
    after = (end for end in range(index, len(lines)) if not holds(lines[end].text))
    return next(after, len(lines)) - index


def _until(lines: list[_Line], index: int, holds: Callable[[str], bool]) -> int:
    """Count the lines up to and with the first that holds, or all of them."""
    return min(_while(lines, index, lambda line: not holds(line)) + 1, len(lines) - index)
