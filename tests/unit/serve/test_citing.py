"""Citing: sentences are held until their quotes are verified, however the answer is cut into pieces."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.context.retrieval import Passage
from lasttenth.records.ports import Citation, GroundingPart, TextPart
from lasttenth.serve.citing import DECLINED_TEXT, Citer

TEXT = "# Refunds\n\nLamps may be returned within 30 days.\nBulbs may not be returned. Shipping is free.\n"
PASSAGES = [
    Passage(document="policy.md", section="Refunds", text=TEXT[11:], start=11, line=3, score=1.0),
    Passage(document="other.md", section="", text="The shop opens at nine.", start=0, line=1, score=0.5),
]
ANSWER = (
    'You have 30 days. <quote document="1">Lamps may be returned within 30 days.</quote> '
    'Bulbs stay. <quote document="1">Bulbs may not be returned.</quote><quote document="2">The shop opens at nine.</quote>\n'
    "This one is not proven. "
    'Neither is this. <quote document="1">Bulbs may be returned.</quote>'
)


def answered(*pieces: str) -> tuple[str, list[Citation], GroundingPart]:
    """Return the text, the citations and the grounding of an answer that comes in pieces."""
    citer = Citer(PASSAGES)
    parts = [part for piece in pieces for part in citer.feed(piece)] + list(citer.end())
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    grounding = next(part for part in parts if isinstance(part, GroundingPart))
    return text, [part for part in parts if isinstance(part, Citation)], grounding


def test_verified_quotes_become_citations_and_others_vanish() -> None:
    text, citations, grounding = answered(ANSWER)

    assert text == "You have 30 days. [1] Bulbs stay. [2] [3]\nThis one is not proven. Neither is this."
    assert [citation.quote for citation in citations] == [
        "Lamps may be returned within 30 days.",
        "Bulbs may not be returned.",
        "The shop opens at nine.",
    ]
    assert grounding == GroundingPart(groundedness=0.5, declined=False)


def test_citation_names_the_place_in_the_document_and_in_the_answer() -> None:
    text, citations, _ = answered(ANSWER)

    for number, citation in enumerate(citations, 1):
        document = TEXT if citation.document == "policy.md" else PASSAGES[1].text
        assert document[citation.start : citation.end] == citation.quote
        assert document.count("\n", 0, citation.start) + 1 == citation.line
        assert text[citation.at :].startswith(f"[{number}]")


@given(cuts=st.lists(st.integers(0, len(ANSWER)), max_size=30))
def test_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(ANSWER)]
    pieces = [ANSWER[start:end] for start, end in itertools.pairwise(places)]

    assert answered(*pieces) == answered(ANSWER)


def test_sentence_is_held_until_its_quote_is_closed() -> None:
    citer = Citer(PASSAGES)
    opening = 'You have 30 days. <quote document="1">Lamps may be'

    shown = [part for character in opening for part in citer.feed(character)]

    assert shown == []


def test_quote_that_is_used_twice_keeps_its_number() -> None:
    quote = '<quote document="2">The shop opens at nine.</quote>'

    text, citations, _ = answered(f"At nine. {quote} Really at nine. {quote}")

    assert text == "At nine. [1] Really at nine. [1]"
    assert len(citations) == 1


@pytest.mark.parametrize("document", ["0", "3", "99999999999999999999"])
def test_quote_of_a_document_that_was_not_given_is_rejected(document: str) -> None:
    text, citations, grounding = answered(f'At nine. <quote document="{document}">The shop opens at nine.</quote>')

    assert (text, citations, grounding.groundedness) == ("At nine.", [], 0.0)


def test_number_that_no_quote_states_makes_a_sentence_ungrounded() -> None:
    _, citations, grounding = answered('You have 60 days. <quote document="1">returned within 30 days</quote>')

    assert len(citations) == 1
    assert grounding.groundedness == 0.0


@pytest.mark.parametrize("said", ["<declined/>", "  <declined/>\n", ""])
def test_declined_answer_says_so_in_words(said: str) -> None:
    text, citations, grounding = answered(said)

    assert (text, citations) == (DECLINED_TEXT, [])
    assert grounding == GroundingPart(groundedness=None, declined=True)


def test_quote_that_is_never_closed_proves_nothing() -> None:
    text, citations, grounding = answered('At nine. <quote document="2">The shop opens at')

    assert (text.strip(), citations, grounding.groundedness) == ("At nine.", [], 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "If a < b, stop. Otherwise go on. That is all.",
        "Use <b>bold</b> text. Then <quote>this</quote> is plain. It stays.",
        'The element is <quote cite="x">. Nothing of it is lost.',
        "It ends with a <",
        "Tags nest: <<<quote>>. They are only text. </quote> So is this.",
    ],
)
def test_text_with_other_tags_is_shown_as_it_is_however_it_is_cut(text: str) -> None:
    whole, _, _ = answered(text)
    in_pieces, _, _ = answered(*text)

    assert (whole, in_pieces) == (text, text)


def test_text_behind_a_sign_that_begins_no_tag_is_not_held_back() -> None:
    citer = Citer(PASSAGES)

    shown = "".join(part.text for part in citer.feed("If a < b, stop. Then c. Then d.") if isinstance(part, TextPart))

    assert shown == "If a < b, stop. Then c. "


def test_quote_with_an_endless_number_breaks_nothing() -> None:
    text, citations, _ = answered(f'Fine. <quote document="{"9" * 5000}">x</quote>')

    assert text.startswith("Fine.")
    assert citations == []


def test_quote_inside_a_quote_proves_nothing_and_hides_nothing_that_follows() -> None:
    quote = '<quote document="1">Lamps <quote document="2">The shop opens at nine.</quote>'

    text, citations, _ = answered(f"At nine. {quote} And so on. Really.")

    assert text == "At nine. And so on. Really."
    assert citations == []


def test_quote_that_is_not_closed_for_long_is_text_again() -> None:
    answer = 'At nine. <quote document="2">' + "It goes on. " * 2_000

    text, citations, _ = answered(*(answer[at : at + 7] for at in range(0, len(answer), 7)))

    assert text.count("It goes on.") == 2_000
    assert "<quote" not in text
    assert citations == []


def test_declined_in_the_first_sentence_declines_whatever_follows() -> None:
    text, citations, grounding = answered('<declined/> Well. <quote document="2">The shop opens at nine.</quote>')

    assert (text, citations, grounding.declined) == (DECLINED_TEXT, [], True)


@pytest.mark.parametrize(
    "text",
    [
        "word ",
        "A sentence of some length. ",
        "a < b and ",
        " ",
        "<quote ",
        "<",
        'So. <quote document="1">',
        '<quote document="2">The shop opens at nine.</quote>',
        '<quote document="2">The shop opens at nine.</quote>' + " " * 30_000,
        '<quote document="2">x</quote><quote document="2">' + "Never closed. " * 2_000,
    ],
)
def test_long_answer_in_small_pieces_takes_time_in_proportion(text: str) -> None:
    def seconds(size: int) -> float:
        answer = (text * (size // len(text) + 1))[:size]
        began = time.process_time()
        answered(*(answer[at : at + 5] for at in range(0, size, 5)))
        answered(answer)
        return time.process_time() - began

    assert seconds(80_000) < 8 * seconds(20_000) + 1
