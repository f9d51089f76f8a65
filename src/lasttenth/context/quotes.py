"""Strict verification of quotations: where, if anywhere, a text says what a model claims it says.

Readers are shown `text[match.start:match.end]`, never the model's wording. So a match may be lenient about what
carries no meaning (case, spaces, punctuation, typographic marks, one slip of the finger) and must not be about what
does: numbers, signs, units, comparisons, negations, the order and the number of words.

An elision ("A ... B") is accepted where the parts follow one another closely, and
- inside one sentence nothing that limits it was left out: no negation, no "unless", "except", "only" or "if";
- across sentences the parts are not spliced: one of them is whole at the seam, and again no limit was left out there.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from lasttenth.context.spelling import is_misspelling
from lasttenth.records.sentences import WORD_PATTERN, negation, sentences

MAX_ELISION = 600
"""The most characters that one elision may leave out."""

_TOKEN = re.compile(rf"{WORD_PATTERN}|(?<=[^\n])>|[<≤≥=±≈≠~\u00d7÷$€£¥°↑↓→←]")
_ELISION = re.compile(r"\s*(?:\[\s*(?:…|\.{3,})\s*\]|\(\s*(?:…|\.{3,})\s*\)|…|\.{3,}|\.(?: \.){2,})\s*")
_GROUPING = re.compile(r"[,\u00a0\u2009\u202f](?=\d{3}(?!\d))|\s+|^\+")
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'"})
_WRAPPING = "\"'“”\u2018\u2019«»` \t\r\n"
_LIMITING = (
    "absence absent deny denied denies except excepting excluded excluding fail failed fails failing failure false if"
    " instead lack lacked lacking lacks least less only rather unless unlike unlikely until"
)
_LIMITS = frozenset(_LIMITING.split())


class QuoteMatch(NamedTuple):
    """Where a quotation stands: `text[start:end]`; `exact` where it says so character for character."""

    start: int
    end: int
    exact: bool


class _Token(NamedTuple):
    key: str
    start: int
    end: int


class _Run(NamedTuple):
    """A part of a quotation found in the tokens `first` to `last`, both included."""

    first: int
    last: int
    slips: int


class _Chain(NamedTuple):
    """The parts of a quotation in order: the first run, the last, and the slips of all."""

    head: _Run
    tail: _Run
    slips: int


def find_quote(quote: str, text: str, *, start: int = 0, end: int | None = None) -> QuoteMatch | None:
    """Return where `text[start:end]` says the quotation, or None where it does not.

    A quotation of fewer than three words must stand there exactly, and only once. Each part of an elided one needs two
    words. Of several places the one with the fewest slips counts, then the shortest.

    Example:
        >>> text = "The dose was 2.5 mg. It was not changed in any patient."
        >>> find_quote("it was NOT changd in any patient", text)
        QuoteMatch(start=21, end=54, exact=False)
        >>> find_quote("It was changed in any patient", text), find_quote("The dose was 5 mg", text)
        (None, None)
    """
    stop = len(text) if end is None else end
    bare = quote.strip(_WRAPPING)
    size = len(_tokens(bare, 0, len(bare)))
    places = _verbatim(bare, text, start, stop) if size else iter(())
    first = next(places, None)
    if first and (size >= 3 or next(places, None) is None):
        return first
    if size < 3:
        return None
    parts = [tokens for part in _ELISION.split(bare) if (tokens := _tokens(part, 0, len(part)))]
    return _Search(text, start, stop).find(parts, bare)


def _verbatim(quote: str, text: str, start: int, stop: int) -> Iterator[QuoteMatch]:
    """Yield the places that hold the quotation as it is and cut no word or number in two."""
    place = text.find(quote, start, stop)
    while place >= 0:
        end = place + len(quote)
        around = _tokens(text, max(start, place - 40), min(stop, end + 40))
        if not any(token.start < edge < token.end for token in around for edge in (place, end)):
            yield QuoteMatch(place, end, exact=True)
        place = text.find(quote, place + 1, stop)


class _Search:
    """Look for the parts of quotations in one text."""

    def __init__(self, text: str, start: int, stop: int) -> None:
        self._text = text
        self._stop = stop
        self._tokens = _tokens(text, start, stop)
        self._places: dict[str, list[int]] = {}
        for index, token in enumerate(self._tokens):
            self._places.setdefault(token.key, []).append(index)

    def find(self, parts: list[list[_Token]], quote: str) -> QuoteMatch | None:
        if len(parts) > 1 and min(len(part) for part in parts) < 2:
            return None
        chains = [_Chain(run, run, run.slips) for run in self._runs(parts[0])] if parts else []
        for part in parts[1:]:
            chains = list(self._continued(chains, self._runs(part)))
        if not chains:
            return None
        best = min(chains, key=_preference)
        start, end = self._tokens[best.head.first].start, self._tokens[best.tail.last].end
        if quote[-1] in ".!?" and self._text[end : min(end + 1, self._stop)] == quote[-1] != quote[-2]:
            end += 1
        return QuoteMatch(start, end, exact=False)

    def _continued(self, chains: list[_Chain], runs: list[_Run]) -> Iterator[_Chain]:
        """Yield, for each run that may follow, the best chain that ends with it."""
        for run in runs:
            before = [chain for chain in chains if self._may_skip(chain.tail, run)]
            if before:
                yield min((_Chain(chain.head, run, chain.slips + run.slips) for chain in before), key=_preference)

    def _runs(self, part: list[_Token]) -> list[_Run]:
        """Return every place where the words of a part follow one another, with few slips and nothing between them."""
        votes = Counter(place - index for index, token in enumerate(part) for place in self._places.get(token.key, ()))
        slips_allowed = max(1, len(part) // 6) if len(part) >= 3 else 0
        found: list[_Run] = []
        for first, equal in sorted(votes.items()):
            slips = len(part) - equal
            if slips <= slips_allowed and 0 <= first <= len(self._tokens) - len(part):
                run = _Run(first, first + len(part) - 1, slips)
                if not slips or self._are_slips(part, run):
                    found.append(run)
        return found

    def _are_slips(self, part: list[_Token], run: _Run) -> bool:
        pairs = zip(part, self._tokens[run.first : run.last + 1], strict=True)
        different = [(written, meant) for written, meant in pairs if written.key != meant.key]
        return all(
            is_misspelling(written.key, meant.key, known=self._places) and not self._is_name(meant)
            for written, meant in different
        )

    def _is_name(self, token: _Token) -> bool:
        """Tell whether a word is an acronym, or has a capital although no sentence begins with it."""
        word = self._text[token.start : token.end]
        if word[1:] != word[1:].lower():
            return True
        before = self._text[max(0, token.start - 3) : token.start].strip(_WRAPPING + "([*_#>-")
        return word[0].isupper() and before != "" and before[-1] not in ".!?:…"

    def _may_skip(self, before: _Run, after: _Run) -> bool:
        if after.first <= before.last:
            return False
        left, right = self._tokens[before.last], self._tokens[after.first]
        if right.start - left.end > MAX_ELISION:
            return False
        skipped = self._tokens[before.last + 1 : after.first]
        spans = sentences(self._text, self._tokens[before.first].start, self._tokens[after.last].end)
        seams = [span.end for span in spans if left.end <= span.end <= right.start]
        if seams:
            tail = [token for token in skipped if token.start < seams[0]]
            head = [token for token in skipped if token.start >= seams[-1]]
            if tail and head:
                return False
            skipped = tail + head
        return not any(negation(token.key) or token.key in _LIMITS for token in skipped)


def _preference(chain: _Chain) -> tuple[int, int, int]:
    return chain.slips, chain.tail.last - chain.head.first, chain.head.first


def _tokens(text: str, start: int, stop: int) -> list[_Token]:
    found = ((_key(match[0]), *match.span()) for match in _TOKEN.finditer(text, start, stop))
    return [_Token(*token) for token in found if token[0]]


def _key(word: str) -> str:
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word.translate(_DASHES)).translate(_DASHES)
    key = word.casefold().strip("_")
    return _GROUPING.sub("", key) if key and not key[0].isalpha() else key
