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
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from typing import NamedTuple

from lasttenth.context.spelling import is_misspelling
from lasttenth.records.sentences import WORD_PATTERN, negation, sentences

MAX_ELISION = 600
"""The most characters that one elision may leave out."""

_TOKEN = re.compile(rf"{WORD_PATTERN}|(?<=[^\n])>|>(?= ?\d)|[<≤≥=±≈≠~%‰\u00d7÷$€£¥°↑↓→←]")
_ELISION = re.compile(r"\s*(?:\[\s*(?:…|\.{3,})\s*\]|\(\s*(?:…|\.{3,})\s*\)|…|\.{3,}|\.(?: \.){2,})\s*")
_GROUPING = re.compile(r",(?=\d{3}(?!\d))|\s+|^\+")
_SPACES = "\u00a0\u2009\u202f"
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2019": "'"})
_WRAPPING = "\"'“”\u2018\u2019«»` \t\r\n"
_LIMITING = (
    "absence absent denied denies deny except excepting exception exceptions excluded excluding fail failed"
    " failing fails failure failures false if instead lack lacked lacking lacks least less lesser only rather"
    " unless unlike unlikely until"
)
_LIMITS = frozenset(_LIMITING.split())


class QuoteMatch(NamedTuple):
    """Where a quotation stands: `text[start:end]`; `exact` where it says so character for character."""

    start: int
    end: int
    exact: bool


class _Tokens(NamedTuple):
    """Words, numbers and symbols of a text, written one way, and where each stands."""

    keys: list[str]
    spans: list[tuple[int, int]]


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


def find_quote(
    quote: str, text: str, *, start: int = 0, end: int | None = None, known: Container[str] = frozenset()
) -> QuoteMatch | None:
    """Return where `text[start:end]` says the quotation, or None where it does not.

    A quotation of fewer than three words must stand there exactly, and only once. Each part of an elided one needs two
    words. Of several places the one with the fewest slips counts, then the shortest.

    A misspelt word is forgiven unless it is another word. Those of the text are known, and some look-alikes; `known`
    adds more, in lower case: best the whole vocabulary of the index that the text came from.

    Example:
        >>> text = "The dose was 2.5 mg. It was not changed in any patient."
        >>> find_quote("it was NOT changd in any patient", text)
        QuoteMatch(start=21, end=54, exact=False)
        >>> find_quote("It was changed in any patient", text), find_quote("The dose was 5 mg", text)
        (None, None)
    """
    stop = len(text) if end is None else end
    bare = quote.strip(_WRAPPING)
    size = len(_tokens(bare).keys)
    places = _verbatim(bare, text, start, stop) if size else iter(())
    first = next(places, None)
    if first and (size >= 3 or next(places, None) is None):
        return first
    if size < 3:
        return None
    parts = [keys for part in _ELISION.split(bare) if (keys := _tokens(part).keys)]
    return _Search(_tokens(text, start, stop), text, known).find(parts, bare)


def _verbatim(quote: str, text: str, start: int, stop: int) -> Iterator[QuoteMatch]:
    """Yield the places that hold the quotation as it is and cut no word or number in two."""
    place = text.find(quote, start, stop)
    while place >= 0:
        end = place + len(quote)
        around = _tokens(text, max(start, place - 40), min(stop, end + 40)).spans
        if not any(left < edge < right for left, right in around for edge in (place, end)):
            yield QuoteMatch(place, end, exact=True)
        place = text.find(quote, place + 1, stop)


class _Search:
    """Look for the parts of quotations in one text."""

    def __init__(self, tokens: _Tokens, text: str, known: Container[str]) -> None:
        self._keys, self._spans = tokens
        self._text = text
        self._known = known
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for index, key in enumerate(self._keys):
            self._places[key].append(index)

    def find(self, parts: list[list[str]], quote: str) -> QuoteMatch | None:
        if len(parts) > 1 and min(len(part) for part in parts) < 2:
            return None
        chains = [_Chain(run, run, run.slips) for run in self._runs(parts[0])] if parts else []
        for part in parts[1:]:
            chains = list(self._continued(chains, self._runs(part)))
        if not chains:
            return None
        best = min(chains, key=_preference)
        start, end = self._spans[best.head.first][0], self._spans[best.tail.last][1]
        return QuoteMatch(start, end + self._closing(end, quote), exact=False)

    def _closing(self, end: int, quote: str) -> int:
        """Return 1 where the quotation closes with the same stop as the text, else 0."""
        same = quote[-1] in ".!?" and quote[-1] != quote[-2]
        return int(same and self._text[end : end + 1] == quote[-1])

    def _continued(self, chains: list[_Chain], runs: list[_Run]) -> Iterator[_Chain]:
        """Yield, for each run that may follow, the best chain that ends with it."""
        for run in runs:
            before = [chain for chain in chains if self._may_skip(chain.tail, run)]
            if before:
                yield min((_Chain(chain.head, run, chain.slips + run.slips) for chain in before), key=_preference)

    def _runs(self, part: list[str]) -> list[_Run]:
        """Return every place where the words of a part follow one another, with few slips and nothing between them."""
        votes = Counter(place - index for index, key in enumerate(part) for place in self._places.get(key, ()))
        slips_allowed = max(1, len(part) // 6) if len(part) >= 3 else 0
        found: list[_Run] = []
        for first, equal in sorted(votes.items()):
            slips = len(part) - equal
            if slips <= slips_allowed and 0 <= first <= len(self._keys) - len(part):
                run = _Run(first, first + len(part) - 1, slips)
                if not slips or self._are_slips(part, run):
                    found.append(run)
        return found

    def _are_slips(self, part: list[str], run: _Run) -> bool:
        return all(
            written == self._keys[place] or self._is_slip(written, place)
            for place, written in enumerate(part, run.first)
        )

    def _is_slip(self, written: str, place: int) -> bool:
        if written in self._places or written in self._known or self._is_name(*self._spans[place]):
            return False
        return is_misspelling(written, self._keys[place])

    def _is_name(self, start: int, end: int) -> bool:
        """Tell whether a word is an acronym, or has a capital although no sentence begins with it."""
        word = self._text[start:end]
        if word[1:] != word[1:].lower():
            return True
        before = self._text[max(0, start - 3) : start].strip(_WRAPPING + "([*_#>-")
        return word[0].isupper() and before != "" and before[-1] not in ".!?:…"

    def _may_skip(self, before: _Run, after: _Run) -> bool:
        if after.first <= before.last:
            return False
        left, right = self._spans[before.last][1], self._spans[after.first][0]
        if right - left > MAX_ELISION:
            return False
        skipped = range(before.last + 1, after.first)
        around = sentences(self._text, self._spans[before.first][0], self._spans[after.last][1])
        seams = [sentence.end for sentence in around if left <= sentence.end <= right]
        tail = [place for place in skipped if not seams or self._spans[place][0] < seams[0]]
        head = [place for place in skipped if seams and self._spans[place][0] >= seams[-1]]
        if tail and head:
            return False
        return not any(negation(self._keys[place]) or self._keys[place] in _LIMITS for place in tail + head)


def _preference(chain: _Chain) -> tuple[int, int, int]:
    return chain.slips, chain.tail.last - chain.head.first, chain.head.first


def _tokens(text: str, start: int = 0, stop: int | None = None) -> _Tokens:
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    for space in _SPACES:
        folded = folded.replace(space, " ")
    found = _TOKEN.finditer(folded, start, len(text) if stop is None else stop)
    matches = [match for match in found if match[0] != "_"]
    return _Tokens([_key(match[0]) for match in matches], [match.span() for match in matches])


def _key(word: str) -> str:
    if word.isascii() and word.isalpha():
        return word
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word.translate(_DASHES)).translate(_DASHES).lower()
    key = word.strip("_")
    return _GROUPING.sub("", key) if key and not key[0].isalpha() else key
