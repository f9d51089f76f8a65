"""HTML: the text a reader sees, with every line end of the source, so that a line number is true in the file."""

import html
import re
from html.parser import HTMLParser

from lasttenth.context.blocks import BlockKind, Parsed, Piece
from lasttenth.context.parsers.plain import decode

_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_BORDER = "\u2029"
"""The paragraph separator: it ends a sentence as a blank line does, and leaves the count of lines as it is."""

_DROPPED = frozenset({"script", "style", "template", "svg", "head"})
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, BlockKind] = {
    **dict.fromkeys(_LEVELS, "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "list_item"),
    "pre": "code",
}
_OUTER: dict[str, BlockKind] = {"blockquote": "quote", "table": "table"}
_PLAIN_BLOCKS = (
    "address article aside body caption center details dialog div dl fieldset figcaption figure footer form header hr"
    " html legend main nav ol p section summary tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset([*_KINDS, *_OUTER, *_PLAIN_BLOCKS.split()])


def parse_html(name: str, data: bytes) -> Parsed:
    """Return the visible text of a page and its blocks; head, scripts and styles are dropped, entities decoded."""
    declared = _CHARSET.search(data[:1024])
    text = decode(name, data, declared[1].decode("ascii") if declared else "utf-8")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.parsed()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._length = 0
        self._lines = 0
        self._pieces: list[Piece] = []
        self._start = self._first = 0
        self._kind: BlockKind = "paragraph"
        self._level = 0
        self._dropping = ""
        self._outer: list[str] = []

    def parsed(self) -> Parsed:
        self._close_block()
        return Parsed("".join(self._out), self._pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs  # the base class asks for them; what a reader sees does not depend on them
        if self._dropping == "head" and tag in _BLOCKS:
            self._dropping = ""
        if self._dropping:
            return
        if tag in _DROPPED:
            self._dropping = tag
        elif tag == "br":
            self._write(" ")
        elif tag in _BLOCKS:
            self._open_block(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            self._dropping = "" if tag == self._dropping else self._dropping
        elif tag in _BLOCKS:
            self._leave(tag)

    def handle_data(self, data: str) -> None:
        if self._dropping:
            return
        self._keep_lines()
        self._write(data)
        self._lines += data.count("\n")

    def handle_entityref(self, name: str) -> None:
        self._write_reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write_reference(f"&#{name};")

    def _write_reference(self, reference: str) -> None:
        if not self._dropping:
            self._keep_lines()
            self._write(html.unescape(reference).replace("\n", " "))

    def _keep_lines(self) -> None:
        missing = self.getpos()[0] - 1 - self._lines
        self._write("\n" * missing)
        self._lines += missing

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._length += len(text)

    def _open_block(self, tag: str) -> None:
        inside_table = "table" in self._outer
        if tag in _OUTER:
            self._close_block()
            self._outer.append(tag)
        elif inside_table:
            self._write(" ")
            return
        else:
            self._close_block()
        self._kind = _OUTER[self._outer[-1]] if self._outer else _KINDS.get(tag, "paragraph")
        self._level = _LEVELS.get(tag, 0) if not self._outer else 0

    def _leave(self, tag: str) -> None:
        if tag in _OUTER and tag in self._outer:
            self._close_block()
            while self._outer.pop() != tag:
                continue
        elif "table" in self._outer:
            self._write(" ")
            return
        else:
            self._close_block()
        self._kind = _OUTER[self._outer[-1]] if self._outer else "paragraph"
        self._level = 0

    def _close_block(self) -> None:
        if self._length > self._start:
            title = " ".join("".join(self._out[self._first :]).split()) if self._level else ""
            self._pieces.append(Piece(self._kind, self._start, self._length, self._level, title))
            self._write(_BORDER)
        self._start = self._length
        self._first = len(self._out)
