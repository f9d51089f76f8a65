"""How a document is cut into chunks: along its sections, blocks and sentences, and never with a changed character."""

import re
from collections.abc import Iterator

import msgspec

from lasttenth.context.blocks import Block
from lasttenth.context.documents import Document
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.sentences import Span, sentences

SPLITTER_VERSION = "1"
"""Part of an index's identity: it changes whenever the same document would be cut otherwise."""

_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_GAP = re.compile(r"\s+")
_PROSE = frozenset({"paragraph", "list_item", "quote"})


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A passage of a document: `text` is exactly `document.text[start:end]`, beginning on line `line` (from 1)."""

    text: str
    start: int
    end: int
    line: int
    headings: tuple[str, ...] = ()


def split(document: Document, *, size: int = 900, overlap: int = 1) -> tuple[Chunk, ...]:
    """Return the chunks of a document in order, each of at most `size` characters and within one section.

    Whole blocks are packed first, whole sentences of a block where it does not fit, and pieces of a sentence (lines of
    code) only where one alone is too long. The default suits embedders that read 256 tokens, about 1,000 characters of
    English. A chunk that continues a section repeats up to `overlap` sentences of the one before.

    Raises:
        InvalidRequestError: `size` is below 1 or `overlap` below 0.
    """
    if size < 1 or overlap < 0:
        raise InvalidRequestError(
            f"Chunks of {size} characters with {overlap} sentences of overlap cannot be made.",
            hint="Choose a size of at least 1 and an overlap of at least 0.",
        )
    chunks: list[Chunk] = []
    line, position = 1, 0
    for section in _sections(document.blocks):
        packer = _Packer(document.text, size, overlap)
        for block in section:
            packer.add(block)
        for start, end in packer.spans():
            line += document.text.count("\n", position, start) - document.text.count("\n", start, position)
            position = start
            text = document.text[start:end]
            chunks.append(Chunk(text=text, start=start, end=end, line=line, headings=section[-1].headings))
    return tuple(chunks)


def _sections(blocks: tuple[Block, ...]) -> Iterator[list[Block]]:
    """Yield runs of blocks under one path of headings; a heading begins a run even where its title repeats."""
    section: list[Block] = []
    for block in blocks:
        if section and (block.kind == "heading" or block.headings != section[-1].headings):
            yield section
            section = []
        section.append(block)
    if section:
        yield section


class _Packer:
    """Fill chunks of one section, one block at a time."""

    def __init__(self, text: str, size: int, overlap: int) -> None:
        self._text = text
        self._size = size
        self._overlap = overlap
        self._done: list[Span] = []
        self._current: Span | None = None
        self._tail: list[Span] = []

    def spans(self) -> list[Span]:
        """Return what was packed."""
        return [*self._done, *([self._current] if self._current else [])]

    def add(self, block: Block) -> None:
        """Append a block: whole if it fits here, or if the chunk before it can be closed half full."""
        whole = Span(block.start, block.end)
        half_full = self._current is None or 2 * (self._current.end - self._current.start) >= self._size
        if self._fits(whole) or (half_full and block.end - block.start <= self._size):
            self._append(whole, block)
        else:
            for piece in self._pieces(block):
                self._append(piece, block)

    def _fits(self, span: Span) -> bool:
        start = span.start if self._current is None else self._current.start
        return span.end - start <= self._size

    def _append(self, span: Span, block: Block) -> None:
        if self._current is None:
            self._current = span
        elif self._fits(span):
            self._current = Span(self._current.start, span.end)
        else:
            self._done.append(self._current)
            self._current = Span(self._repeat_from(self._current.start, span), span.end)
        kept = [*self._tail, *sentences(self._text, *span)] if block.kind in _PROSE else []
        self._tail = kept[len(kept) - self._overlap :] if self._overlap else []

    def _repeat_from(self, closed: int, span: Span) -> int:
        """Return where a chunk with `span` begins: at the last sentences of the closed one, if they fit."""
        starts = (sentence.start for sentence in self._tail)
        return next((start for start in starts if start > closed and span.end - start <= self._size), span.start)

    def _pieces(self, block: Block) -> Iterator[Span]:
        parts = sentences if block.kind in _PROSE else _lines
        for part in parts(self._text, block.start, block.end):
            yield from _cut(self._text, part, self._size)


def _lines(text: str, start: int, end: int) -> list[Span]:
    return [Span(start + line.start(), start + line.end()) for line in _LINE.finditer(text[start:end])]


def _cut(text: str, span: Span, size: int) -> Iterator[Span]:
    """Yield a span in pieces of at most `size` characters, parted at white space in their second half."""
    start = span.start
    while span.end - start > size:
        gaps = _GAP.finditer(text, start + max(size // 2, 1), start + size + 1)
        middle = max((gap.start() for gap in gaps), default=start + size)
        yield Span(start, start + len(text[start:middle].rstrip()))
        start = span.end - len(text[middle : span.end].lstrip())
    yield Span(start, span.end)
