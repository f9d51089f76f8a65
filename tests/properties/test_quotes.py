"""What holds for every quotation and every text."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from lasttenth.context.quotes import find_quote
from lasttenth.records.sentences import negations, numbers, words

PROSE = "the dose was raised not never 5 2.5 mg 10-20% in adults only. It fell, and (rose) = \u00b1 CD33 A \u2026 ..."
WORDS = st.sampled_from(PROSE.split())
TEXTS = st.lists(WORDS, min_size=3, max_size=40).map(" ".join)


@given(TEXTS, st.data())
def test_words_of_a_text_are_found_where_they_stand(text: str, data: st.DataObject) -> None:
    starts = [0, *(match.end() for match in re.finditer(" ", text))]
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(starts) - 1)] * 2)))
    quote = " ".join(text.split(" ")[first : last + 1]).strip()
    assume(len(words(quote)) >= 3)

    match = find_quote(quote, text)

    assert match is not None
    assert text[match.start : match.end] == quote


@given(TEXTS, TEXTS)
def test_a_match_keeps_the_numbers_and_negations_of_a_quotation(quote: str, text: str) -> None:
    match = find_quote(quote, text)
    found = text[match.start : match.end] if match else quote

    assert "..." in quote or "\u2026" in quote or numbers(found) == numbers(quote)
    assert "..." in quote or "\u2026" in quote or negations(found) == negations(quote)


@given(st.text(max_size=40), st.text(max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_a_match_lies_where_it_was_asked_for(quote: str, text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))

    match = find_quote(quote, text, start=start, end=end)

    assert match is None or start <= match.start < match.end <= end
