"""What every parser hands back: a text and its pieces; and the blocks under headings that are made of them."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

BlockKind = Literal["heading", "paragraph", "list_item", "code", "table", "quote"]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A structural part of a document: `text[start:end]`, trimmed of white space.

    `headings` are the titles above it, outermost first; a heading's own title is the last of its own path.
    """

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...] = ()


class Piece(NamedTuple):
    """A block as a parser sees it. A `level` above zero opens a section called `title`."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    title: str = ""


class Parsed(NamedTuple):
    """The canonical text of a document, which all offsets refer to, and its pieces in order."""

    text: str
    pieces: list[Piece]


def outline(text: str, pieces: Iterable[Piece]) -> tuple[Block, ...]:
    """Return the blocks of a text: pieces trimmed, blank ones dropped, each with its path of headings."""
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for piece in pieces:
        if piece.level:
            path = [(level, title) for level, title in path if level < piece.level]
            path.append((piece.level, piece.title))
        bare = text[piece.start : piece.end].strip()
        if bare:
            start = text.index(bare, piece.start)
            headings = tuple(title for _, title in path if title)
            blocks.append(Block(kind=piece.kind, start=start, end=start + len(bare), headings=headings))
    return tuple(blocks)


def paragraphs(text: str, start: int = 0, end: int | None = None) -> list[Piece]:
    """Return the paragraphs of `text[start:end]`: what lies between blank lines."""
    found: list[Piece] = []
    begin = position = start
    stop = len(text) if end is None else end
    for line in text[start:stop].splitlines(keepends=True):
        if not line.strip():
            found.append(Piece("paragraph", begin, position))
            begin = position
        position += len(line)
    found.append(Piece("paragraph", begin, position))
    return [piece for piece in found if text[piece.start : piece.end].strip()]
