"""Citing: read an answer as it arrives, hold each sentence until its quotes are verified, and cite what holds.

A model proves a sentence with `<quote document="2">exact words</quote>` behind it. What is shown as a quote is the
document's own text at the place where the words were found; a quote that is not found is never shown.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from functools import cached_property

from lasttenth.context.documents import line_of
from lasttenth.context.quotes import find_quote
from lasttenth.context.retrieval import Passage
from lasttenth.records.ports import Citation, FinishPart, GroundingPart, ReplyPart, TextPart
from lasttenth.records.sentences import numbers, sentences, words

DECLINED_TAG = "<declined/>"
DECLINED_TEXT = "The documents do not answer this question."

MAX_QUOTE = 10_000
"""Characters between the tags of a quote; what is longer, or is not closed by then, is no quote."""
MAX_HELD = 2_000
"""Characters of a sentence that are held: one that does not end by then is shown before its quotes are there."""

_OPENING = re.compile(r'<quote document="\d{1,20}">')
_TAG = re.compile(rf"{_OPENING.pattern}|{DECLINED_TAG}")
_HEAD = re.compile(r'<quote document="\d{0,20}"?')
_HEAD_START = '<quote document="'
_CLOSING = "</quote>"
_LONGEST_TAG = 64
_QUOTE = re.compile(rf'<quote document="(\d{{1,20}})">(.{{0,{MAX_QUOTE}}}?)</quote>', re.DOTALL)
_CITED = re.compile(rf"{_QUOTE.pattern}(?:\s*{_QUOTE.pattern})*", re.DOTALL)


class Citer:
    """Turn the text of one answer into text and citations.

    Args:
        passages: in the order in which the prompt numbered them, from 1.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._held = ""
        self._searched = 0
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
        if self._declined:
            return
        self._held += text
        yield from self._advance(is_last=False)

    def end(self) -> Iterator[TextPart | Citation | GroundingPart]:
        """Yield what was held back, and how far the answer is grounded."""
        yield from self._advance(is_last=True)
        # A quote that was opened and never closed proves nothing.
        shown = self._held[: self._may_begin()]
        if self._held.startswith("<quote", len(shown)):
            self._held = shown.rstrip()
        if self._declined or not (self._held.strip() or self._sentences):
            self._declined, self._held = True, ""
            yield TextPart(DECLINED_TEXT)
        yield from self._release(len(self._held))
        share = self._grounded / self._sentences if self._sentences and not self._declined else None
        yield GroundingPart(groundedness=share, declined=self._declined)

    def _advance(self, *, is_last: bool) -> Iterator[TextPart | Citation]:
        while not self._declined and (tag := _TAG.search(self._held, self._searched)) is not None:
            self._searched = tag.start()
            if tag[0] == DECLINED_TAG:
                yield from self._decline(tag)
                continue
            close = self._held.find(_CLOSING, tag.end(), tag.end() + MAX_QUOTE + len(_CLOSING))
            if close < 0 and len(self._held) - tag.end() >= MAX_QUOTE + len(_CLOSING):
                self._held = self._held[: tag.start()] + self._held[tag.end() :]
                continue
            cited = _CITED.match(self._held, tag.start()) if close >= 0 else None
            if cited is None or not (is_last or self._is_over(cited)):
                break
            yield from self._cited(cited)
        else:
            self._searched = max(self._searched, len(self._held) - _LONGEST_TAG)
        yield from self._release_sentences(self._may_begin())

    def _may_begin(self) -> int:
        """Return how much of the held text stands before anything that is a tag, or may become one."""
        tag = _TAG.search(self._held, self._searched)
        if tag is not None:
            return tag.start()
        last = max(self._held.rfind("<"), 0)
        rest = self._held[last:]
        is_head = _HEAD_START.startswith(rest) or DECLINED_TAG.startswith(rest) or _HEAD.fullmatch(rest) is not None
        return last if rest and is_head else len(self._held)

    def _is_over(self, cited: re.Match[str]) -> bool:
        """Tell whether no other quote is to be waited for: what has come since is no beginning of one, or too long."""
        rest = self._held[cited.end() : cited.end() + 2 * _LONGEST_TAG].lstrip()
        is_beginning = _HEAD_START.startswith(rest[: len(_HEAD_START)])
        return not is_beginning or len(self._held) - cited.start() > 2 * MAX_QUOTE

    def _decline(self, tag: re.Match[str]) -> Iterator[TextPart | Citation]:
        yield from self._release_sentences(tag.start())
        self._declined = self._sentences == 0
        self._held = "" if self._declined else self._held.replace(DECLINED_TAG, "", 1)

    def _release_sentences(self, end: int) -> Iterator[TextPart | Citation]:
        """Yield the sentences before `end` but for the last, which may still be waiting for its quotes."""
        spans = sentences(self._held[:end])
        if len(spans) > 1:
            yield from self._release(spans[-1].start)
        elif end > MAX_HELD:
            yield from self._release(MAX_HELD)

    def _cited(self, cited: re.Match[str]) -> Iterator[TextPart | Citation]:
        before = self._held[: cited.start()].rstrip()
        rest = self._held[cited.end() :]
        spans = sentences(before)
        start = spans[-1].start if spans else 0
        self._held = before
        yield from self._release(start)
        found = [self._verified(int(number), quote) for number, quote in _QUOTE.findall(cited[0])]
        self._held, sentence, self._searched = rest, self._held, 0
        yield from self._emit(sentence, [citation for citation in found if citation is not None])

    def _release(self, end: int) -> Iterator[TextPart | Citation]:
        """Yield the held text before `end`, none of which is cited."""
        text, self._held = self._held[:end], self._held[end:]
        self._searched = max(self._searched - end, 0)
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


async def cited(reply: AsyncGenerator[ReplyPart], passages: Sequence[Passage]) -> AsyncGenerator[ReplyPart]:
    """Yield a reply with its quotes verified, then a GroundingPart and the FinishPart."""
    citer = Citer(passages)
    finish = FinishPart()
    async with aclosing(reply) as parts:
        async for part in parts:
            if isinstance(part, FinishPart):
                finish = part
                continue
            for piece in citer.feed(part.text) if isinstance(part, TextPart) else (part,):
                yield piece
    for piece in citer.end():
        yield piece
    yield finish


def _supports(citations: Sequence[Citation], sentence: str) -> bool:
    """Tell whether a sentence rests on its quotes: it has one, and states no number that stands in none of them."""
    stated = {number for citation in citations for number in numbers(citation.quote)}
    return bool(citations) and set(numbers(sentence)) <= stated
