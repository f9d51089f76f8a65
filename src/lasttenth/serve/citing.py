"""Citing: read an answer as it arrives, hold each sentence until its quotes are verified, and cite what holds.

A model proves a sentence with `<quote document="2">exact words</quote>` behind it. What is shown as a quote is the
document's own text at the place where the words were found; a quote that is not found is never shown.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from lasttenth.context.documents import line_of
from lasttenth.context.quotes import find_quote
from lasttenth.context.retrieval import Passage
from lasttenth.records.ports import Citation, GroundingPart, TextPart
from lasttenth.records.sentences import numbers, sentences, words

DECLINED_TAG = "<declined/>"
DECLINED_TEXT = "The documents do not answer this question."

_QUOTE = re.compile(r'\s*<quote document="(\d+)">(.*?)</quote>', re.DOTALL)
_CITED = re.compile(r'(?:\s*<quote document="\d+">.*?</quote>)+', re.DOTALL)
_OPENING = "<quote"


class Citer:
    """Turn the text of one answer into text and citations.

    Args:
        passages: in the order in which the prompt numbered them, from 1.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._held = ""
        self._length = 0
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._sentences = 0
        self._grounded = 0
        self._declined = False

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """Every word of the passages: a slip of the model that makes another of them is no slip."""
        return frozenset(word for passage in self._passages for word in words(passage.text))

    def feed(self, text: str) -> Iterator[TextPart | Citation]:
        """Take a piece of the answer and yield what is certain by now."""
        self._held += text
        while (cited := _CITED.search(self._held)) is not None and not _may_grow(self._held[cited.end() :]):
            yield from self._cited(cited)
        plain = self._held.partition("<")[0]
        spans = sentences(plain)
        if len(spans) > 1 and not _CITED.search(self._held):
            # The last sentence may still be waiting for its quotes.
            yield from self._release(spans[-1].start)

    def end(self) -> Iterator[TextPart | Citation | GroundingPart]:
        """Yield what was held back, and how far the answer is grounded."""
        while (cited := _CITED.search(self._held)) is not None:
            yield from self._cited(cited)
        rest = self._held.strip()
        if DECLINED_TAG in rest or (not rest and not self._sentences):
            self._declined = self._sentences == 0
            self._held = rest.replace(DECLINED_TAG, "").partition(_OPENING)[0] if self._sentences else DECLINED_TEXT
            yield TextPart(self._held)
        else:
            # A quote that was opened and never closed proves nothing.
            self._held = self._held.partition(_OPENING)[0]
            yield from self._release(len(self._held))
        share = self._grounded / self._sentences if self._sentences and not self._declined else None
        yield GroundingPart(groundedness=share, declined=self._declined)

    def _cited(self, cited: re.Match[str]) -> Iterator[TextPart | Citation]:
        before = self._held[: cited.start()]
        spans = sentences(before)
        start = spans[-1].start if spans else 0
        yield from self._release(start)
        sentence = before[start:]
        found = [self._verified(int(number), quote) for number, quote in _QUOTE.findall(cited[0])]
        citations = [citation for citation in found if citation is not None]
        self._held = self._held[cited.end() - start :]
        yield from self._emit(sentence, citations)

    def _release(self, end: int) -> Iterator[TextPart | Citation]:
        """Yield the held text before `end`, none of which is cited."""
        text, self._held = self._held[:end], self._held[end:]
        self._sentences += len(sentences(text))
        if text:
            self._length += len(text)
            yield TextPart(text)

    def _emit(self, sentence: str, citations: list[Citation]) -> Iterator[TextPart | Citation]:
        self._sentences += bool(sentence.strip())
        self._grounded += bool(sentence.strip()) and _supports(citations, sentence)
        text = sentence
        for citation in citations:
            number, is_new = self._number(citation)
            text += f" [{number}]"
            if is_new:
                yield Citation(
                    document=citation.document,
                    start=citation.start,
                    end=citation.end,
                    line=citation.line,
                    end_line=citation.end_line,
                    quote=citation.quote,
                    at=self._length + len(text) - len(f"[{number}]"),
                )
        self._length += len(text)
        yield TextPart(text)

    def _number(self, citation: Citation) -> tuple[int, bool]:
        place = (citation.document, citation.start, citation.end)
        is_new = place not in self._numbers
        return self._numbers.setdefault(place, len(self._numbers) + 1), is_new

    def _verified(self, number: int, quote: str) -> Citation | None:
        if not 1 <= number <= len(self._passages):
            return None
        passage = self._passages[number - 1]
        match = find_quote(quote, passage.text, known=self._vocabulary)
        if match is None:
            return None
        text = passage.text[match.start : match.end]
        line = passage.line - 1 + line_of(passage.text, match.start)
        return Citation(
            document=passage.document,
            start=passage.start + match.start,
            end=passage.start + match.end,
            line=line,
            end_line=line + text.count("\n"),
            quote=text,
        )


def _supports(citations: Sequence[Citation], sentence: str) -> bool:
    """Tell whether a sentence rests on its quotes: it has one, and states no number that stands in none of them."""
    stated = {number for citation in citations for number in numbers(citation.quote)}
    return bool(citations) and set(numbers(sentence)) <= stated


def _may_grow(rest: str) -> bool:
    """Tell whether another quote may follow: nothing has come since, or only the beginning of an opening tag."""
    rest = rest.lstrip()
    return _OPENING.startswith(rest[: len(_OPENING)])
