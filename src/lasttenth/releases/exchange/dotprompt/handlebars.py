"""Handlebars: a text and the tags in it, with the white space around tags resolved, and the tree that the tags make.

It knows what a tag looks like, and not what its words mean. Source: https://handlebarsjs.com and its grammar; as there,
a line that holds nothing but a tag of a block, a comment or a partial is no line of what is written.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from lasttenth.records.errors import ConfigurationError

DEEPEST = 30
"""How many blocks may stand within each other."""
_COMMENT = re.compile(r"\{\{~?!(?:--.*?--|(?!--).*?)~?\}\}", re.DOTALL)
_TRIPLE = re.compile(r"\{\{(?P<left>~?)\{(?P<inner>[^{}]*+)\}(?P<right>~?)\}\}")
_TAG = re.compile(
    r"""\{\{(?P<left>~?)\s*(?P<sign>[#^/>&]?)(?P<inner>(?:"[^"]*"|'[^']*'|[^"'{}~]|\}(?!\}))*+)(?P<right>~?)\}\}"""
)
_WORD = re.compile(r"""\s*(?:(?P<key>[^\s=|()"'\[\]]+)\s*=\s*)?(?P<value>"[^"]*"|'[^']*'|[^\s=|()"'\[\]]+)(?=\s|\Z)""")
_NAMES = re.compile(r"\s+as\s*\|\s*([^|]*?)\s*\|\s*\Z")
_ALONE_BEFORE, _ALONE_AFTER = re.compile(r"\n[ \t]*\Z"), re.compile(r"[ \t]*\n")
_STANDING_ALONE = frozenset({"#", "^", "/", ">", "!", "else"})


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between double braces; `words` is empty where it is not made of words."""

    place: str
    text: str
    sign: str = ""
    """What it begins with: `#`, `^`, `/`, `>`, `!` for a comment, `else`, or nothing for a value."""
    words: tuple[str, ...] = ()
    named: dict[str, str] = {}
    """Its words with a name, as in `{{media url=x}}`."""
    names: tuple[str, ...] = ()
    """What a block calls what it goes through, as in `{{#each x as |y|}}`."""
    tight: tuple[bool, bool] = (False, False)
    """Whether it takes the white space before it and after it."""


class Value(NamedTuple):
    """A tag that puts something in its place."""

    tag: Tag


class Block(NamedTuple):
    """A tag with what stands up to its end, and what stands behind its `else`."""

    tag: Tag
    body: list[Any]
    other: list[Any]


Node = str | Value | Block
Partial = Callable[[Tag, str], Sequence[Node]]
"""Returns what stands in place of a partial, which is indented like its tag."""


def read(text: str, *, source: str = "", line: int = 1, partial: Partial) -> list[Node]:
    """Return the nodes of a template that begins in a line of a source. Raises ConfigurationError."""
    return _Tree(partial).grown(without_blanks(list(_pieces(text, source, line))))


def is_alone(pieces: Sequence[str | Tag], place: int) -> bool:
    """Tell whether a tag is the only thing on its line, so that the line vanishes with it."""
    piece = pieces[place]
    if isinstance(piece, str) or piece.sign not in _STANDING_ALONE:
        return False
    before = pieces[place - 1] if place else "\n"
    after = pieces[place + 1] if place + 1 < len(pieces) else "\n"
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    first = "\n" if place == 1 else ""
    last = "\n" if place + 2 == len(pieces) else ""
    return bool(_ALONE_BEFORE.search(first + before)) and bool(_ALONE_AFTER.match(after + last))


def without_blanks(pieces: Sequence[str | Tag]) -> list[tuple[str | Tag, str]]:
    """Return the pieces without the white space that their tags take, each with the indentation of its line if alone."""
    texts = {place: piece for place, piece in enumerate(pieces) if isinstance(piece, str)}
    indents: dict[int, str] = {}
    for place, piece in enumerate(pieces):
        if isinstance(piece, str):
            continue
        before, after = texts.get(place - 1, ""), texts.get(place + 1, "")
        if is_alone(pieces, place):
            start = before.rstrip(" \t")
            indents[place] = before[len(start) :]
            before, after = start, re.sub(r"\A[ \t]*\n?", "", after)
        kept = {
            place - 1: before.rstrip() if piece.tight[0] else before,
            place + 1: after.lstrip() if piece.tight[1] else after,
        }
        texts |= {beside: text for beside, text in kept.items() if beside in texts}
    return [(texts.get(place, piece), indents.get(place, "")) for place, piece in enumerate(pieces)]


def _pieces(text: str, source: str, line: int) -> Iterator[str | Tag]:
    """Yield the texts and the tags of a template; no two texts stand beside each other."""
    literal, position, lines = "", 0, line
    while (start := text.find("{{", position)) >= 0:
        lines += text.count("\n", position, start)
        literal += text[position:start]
        escapes = len(literal) - len(literal.rstrip("\\"))
        if escapes:
            literal = literal[:-1]
        if escapes == 1:
            literal, position = literal + "{{", start + 2
            continue
        place = f"{source}, line {lines}" if source else f"line {lines}"
        tag, end = _tag_at(text, start, place)
        if literal:
            yield literal
        yield tag
        lines += text.count("\n", start, end)
        literal, position = "", end
    if literal + text[position:]:
        yield literal + text[position:]


def _tag_at(text: str, start: int, place: str) -> tuple[Tag, int]:
    comment = _COMMENT.match(text, start)
    if comment is not None:
        tight = comment[0].startswith("{{~"), comment[0].endswith("~}}")
        return Tag(place=place, text=comment[0], sign="!", tight=tight), comment.end()
    found = _TRIPLE.match(text, start) or _TAG.match(text, start)
    if found is None:
        raise ConfigurationError(f"The template has a tag that cannot be read, {place}.", hint="Is it closed by }}?")
    return _tag(found, place), found.end()


def _tag(found: re.Match[str], place: str) -> Tag:
    sign, inner = found.groupdict().get("sign") or "", found["inner"].strip()
    if not sign and re.match(r"else(?=\s|\Z)", inner):
        sign, inner = "else", inner.removeprefix("else").strip()
    elif sign == "^" and not inner:
        sign = "else"
    names = _NAMES.search(inner)
    words, named = _words(inner[: names.start()] if names else inner)
    return Tag(
        place=place,
        text=found[0],
        sign="" if sign == "&" else sign,
        words=words,
        named=named,
        names=tuple(names[1].split()) if names else (),
        tight=(bool(found["left"]), bool(found["right"])),
    )


def _words(inner: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the words of a tag, without and with names; nothing where something else stands among them."""
    words: list[str] = []
    named: dict[str, str] = {}
    position = 0
    while position < len(inner.rstrip()):
        word = _WORD.match(inner, position)
        if word is None:
            return (), {}
        if word["key"]:
            named[word["key"]] = word["value"]
        else:
            words.append(word["value"])
        position = word.end()
    return tuple(words), named


class _Open(NamedTuple):
    """A block that is not closed yet: its tag, its two parts, and whether it ends with the block around it."""

    tag: Tag
    parts: tuple[list[Node], list[Node]]
    is_chained: bool


class _Tree:
    """Makes a tree of pieces."""

    def __init__(self, partial: Partial) -> None:
        self._partial = partial
        self._root: list[Node] = []
        self._open: list[_Open] = []
        self._into: list[list[Node]] = [self._root]

    def grown(self, pieces: Sequence[tuple[str | Tag, str]]) -> list[Node]:
        """Return the tree. Raises ConfigurationError."""
        for piece, indent in pieces:
            if isinstance(piece, str):
                self._into[-1] += [piece] if piece else []
            else:
                self._take(piece, indent)
        if self._open:
            tag = self._open[-1].tag
            raise ConfigurationError(f"The template does not close {tag.text}, {tag.place}.", hint="Add its end.")
        return self._root

    def _take(self, tag: Tag, indent: str) -> None:
        if tag.sign == "!":
            return
        if tag.sign == ">":
            self._into[-1] += self._partial(tag, indent)
        elif tag.sign in {"#", "^"}:
            self._begin(tag, is_chained=False)
        elif tag.sign == "else":
            self._otherwise(tag)
        elif tag.sign == "/":
            self._end(tag)
        else:
            self._into[-1].append(Value(tag))

    def _begin(self, tag: Tag, *, is_chained: bool) -> None:
        if len(self._open) >= DEEPEST:
            raise ConfigurationError(f"The template has more than {DEEPEST} blocks in each other, {tag.place}.")
        body: list[Node] = []
        other: list[Node] = []
        self._into[-1].append(Block(tag, body, other))
        self._open.append(_Open(tag, (body, other), is_chained))
        self._into.append(body)

    def _otherwise(self, tag: Tag) -> None:
        if not self._open or self._into[-1] is self._open[-1].parts[1]:
            raise ConfigurationError(f"The template has an else too many, {tag.place}.")
        self._into[-1] = self._open[-1].parts[1]
        if tag.words:
            self._begin(tag, is_chained=True)

    def _end(self, tag: Tag) -> None:
        while self._open and self._open[-1].is_chained:
            self._close()
        opened = self._open[-1].tag if self._open else None
        if opened is None or opened.words[:1] != tag.words[:1]:
            raise ConfigurationError(f"The template closes what it did not open: {tag.text}, {tag.place}.")
        self._close()

    def _close(self) -> None:
        self._open.pop()
        self._into.pop()
