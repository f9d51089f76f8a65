"""What holds for the sentences and words of any text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.sentences import negations, numbers, sentences, word_spans, words

PROSE = st.text(alphabet="aB .!?…。\n\r\t1,-%'\"\u2019)([]\u2029\u00a0_", max_size=80)
TEXTS = PROSE | st.text(max_size=80)


@given(TEXTS)
def test_sentences_are_ordered_disjoint_trimmed_and_not_empty(text: str) -> None:
    spans = sentences(text)

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all(text[span.start : span.end] == text[span.start : span.end].strip() for span in spans)


@given(TEXTS)
def test_sentences_hold_every_character_that_is_not_white_space(text: str) -> None:
    held = "".join(text[span.start : span.end] for span in sentences(text))

    assert "".join(held.split()) == "".join(text.split())


@given(TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_sentences_of_a_part_stay_inside_it(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))

    held = "".join(text[span.start : span.end] for span in sentences(text, start, end))

    assert "".join(held.split()) == "".join(text[start:end].split())


@given(TEXTS)
def test_words_hold_every_letter_and_digit(text: str) -> None:
    held = "".join(text[span.start : span.end] for span in word_spans(text))

    assert [letter for letter in text if letter.isalnum()] == [letter for letter in held if letter.isalnum()]


@given(TEXTS)
def test_words_numbers_and_negations_do_not_depend_on_outer_white_space(text: str) -> None:
    padded = f" {text}\n"

    assert words(padded) == words(text)
    assert numbers(padded) == numbers(text)
    assert negations(padded) == negations(text)


@given(st.integers(-(10**12), 10**12))
def test_grouped_and_plain_integers_are_the_same_number(value: int) -> None:
    assert numbers(f"{value:,}") == numbers(str(value)) == [str(value)]
