r"""Where sentences, words, numbers and negations lie in a text. Rules alone: no model and no state.

Typographic characters that resemble ASCII ones are written as escapes: \u2018 and \u2019 are single quotation marks,
\u2013 is the en dash, \u2212 the minus sign, \uff01, \uff1f and \uff09 the full-width "!", "?" and ")".
"""

import re
from typing import NamedTuple


def _entries(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP = re.compile(
    r"""(?<![.!?…])(?P<mark>[.!?…]++)(?P<close>["'”\u2019»)\]]*(?:\[\d{1,3}\])*)(?=\s|\Z)"""
    r"""|(?P<wide>[。\uff01\uff1f｡]+["'”\u2019」』\uff09]*)"""
    r"""|(?P<blank>\r?\n[^\S\n]*\n|\r[^\S\r\n]*\r|\u2029)"""
)
_NEXT = re.compile(r"""[\s"'“\u2018«(\[¿¡*_]*(?P<word>[^\W_]*)""")
_LAST = re.compile(r"""[^\s"'“”\u2018\u2019«»()\[\]*_/\u2013—]*\Z""")
_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_ENUMERATOR = re.compile(r"[^\w\s]*(?:\d{1,3}(?:\.\d{1,3})*|[^\W\d_]|[ivxIVX]{1,5})")

# Abbreviations that never end a sentence, that do not where a number follows, and that may do either.
_INNER = _entries(
    "adm approx asst attn ave bros capt cf cmdr col dr e.g eg eq eqs esp fig figs ft gen gov hon i.e ie lt maj messrs"
    " mr mrs ms mt prof ref refs rep resp rev sen sgt st supt viz vs"
)
_BEFORE_NUMBERS = _entries(
    "apr art aug c ca ch chap dec ed feb fol jan jul jun mar n no nos nov nr oct p par para pp pt sec sect sep sept tab"
    " vol vols"
)
_EITHER = _entries("al assn co corp dept dist est etc inc jr llc ltd phd plc sr univ")
_OPENERS = _entries(
    "a after all although an and as at because both but by despite during each finally first for from furthermore"
    " having he hence here how however i if in it its moreover most no nor not on one our second she since so some such"
    " that the their then there therefore these they this those though thus to two under until we what when where"
    " whereas whether which while who why with yet you your"
)
_NEGATIONS = _entries("barely cannot hardly neither never no nobody none nor not nothing nowhere scarcely without")

_NUMBER = r"\d+(?:[,\u00a0\u2009\u202f]\d{3}(?!\d))*(?:\.\d+)*(?:[eE][-+\u2212]?\d+(?![^\W_]))?"
_SIGN = r"(?:(?<![\w%.)\]])[-+\u2212\u2013])?"
_PERCENT = r"(?:[ \u00a0\u202f]?[%‰])?"
_FIGURE = re.compile(rf"[^\W\d]\w*|(?P<sign>{_SIGN})(?P<digits>{_NUMBER})(?P<percent>{_PERCENT})")
WORD_PATTERN = rf"[^\W\d_]\w*(?:['\u2019]\w+)*|{_SIGN}{_NUMBER}(?:[,:/\u2013-]{_NUMBER})*{_PERCENT}|\w"
"""A word or a number as a regular expression, for those who look for other marks beside them."""

_WORD = re.compile(WORD_PATTERN)
_GROUPING = re.compile(r"[,\u00a0\u2009\u202f]")


class Span(NamedTuple):
    """A piece of a text as half-open character offsets: `text[start:end]`."""

    start: int
    end: int


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the sentences of `text[start:end]`, in order, as offsets into `text`.

    The spans are disjoint, trimmed of white space and hold every character that is not white space. A blank line ends a
    sentence; a full stop does not where an abbreviation, an initial, a number or a lower-case word says otherwise.

    Example:
        >>> [piece.end for piece in sentences("Dr. J. Smith waited 3.5 h. Then he left.")]
        [26, 40]
    """
    stop = len(text) if end is None else end
    found: list[Span] = []
    begin = start
    for mark in _STOP.finditer(text, start, stop):
        if _ends_sentence(mark, text, begin, stop):
            _add(found, text, begin, mark.end())
            begin = mark.end()
    _add(found, text, begin, stop)
    return found


def word_spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return where the words and numbers of `text[start:end]` lie; punctuation and symbols are left out."""
    stop = len(text) if end is None else end
    return [Span(*match.span()) for match in _WORD.finditer(text, start, stop)]


def words(text: str) -> list[str]:
    """Return the lower-cased words; numbers stay whole with sign, range and percent, hyphens part words.

    Example:
        >>> words("Don't lose 10-20% of 3.5 mg")
        ["don't", 'lose', '10-20%', 'of', '3.5', 'mg']
    """
    return [text[span.start : span.end].lower().replace("\u2019", "'") for span in word_spans(text)]


def numbers(text: str) -> list[str]:
    """Return the numbers in order, written one way: no grouping, no plus sign, no unit but percent and per mille.

    Digits inside a name ("CD33", "S100A9") belong to the name. Decimals stay as written: 3.50 claims more than 3.5.

    Example:
        >>> numbers("1,000 people, -3.50 °C and 10-20 % in CD33")
        ['1000', '-3.50', '10', '20%']
    """
    return [_figure(match) for match in _FIGURE.finditer(text) if match["digits"]]


def negations(text: str) -> list[str]:
    """Return the negating words in order; "n't" and "cannot" count as "not". Prefixes ("unable") are not counted.

    Example:
        >>> negations("It doesn't work without it, nor can it be undone.")
        ['not', 'without', 'nor']
    """
    found = (negation(word) for word in words(text))
    return [word for word in found if word]


def negation(word: str) -> str:
    """Return the negation a lower-cased word stands for, or an empty string where it negates nothing."""
    if word.endswith("n't") or word == "cannot":
        return "not"
    return word if word in _NEGATIONS else ""


def _ends_sentence(mark: re.Match[str], text: str, begin: int, stop: int) -> bool:
    if mark["mark"] is None:
        return True
    following = _NEXT.match(text, mark.end(), stop)
    word = following["word"] if following else ""
    if not word:
        return True
    if word[0].islower() and word.islower():
        return "." not in mark["mark"] and "…" not in mark["mark"] and not mark["close"]
    if mark["mark"] != ".":
        return True
    return not _is_abbreviated(text, begin, mark, word)


def _is_abbreviated(text: str, begin: int, mark: re.Match[str], following: str) -> bool:
    last = _LAST.search(text, max(begin, mark.start() - 24), mark.start())
    before = last[0] if last else ""
    known = before.lower()
    if known in _INNER:
        return True
    if known in _BEFORE_NUMBERS and following[0].isdigit():
        return True
    if _ENUMERATOR.fullmatch(text[begin : min(mark.start(), begin + 64)].strip()):
        return True
    if known in _EITHER or _LETTERS.fullmatch(before):
        return following.lower() not in _OPENERS
    return False


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        begin = start + len(piece) - len(piece.lstrip())
        found.append(Span(begin, begin + len(bare)))


def _figure(match: re.Match[str]) -> str:
    sign = "-" if match["sign"] in {"-", "\u2212", "\u2013"} else ""
    digits = _GROUPING.sub("", match["digits"]).replace("\u2212", "-").lower()
    return sign + digits + match["percent"].strip()
