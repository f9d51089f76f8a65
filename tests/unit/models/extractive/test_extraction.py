from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.models.extractive.policies import ANSWERS, OUT_OF_SCOPE, search

from lasttenth.models.extractive import ExtractiveSettings, Passage, extract

_REFUNDS = Passage(document="refunds.md", text="We ship daily. Refunds are possible within 30 days. Ask us.")


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_quotes_hold_the_answer(question: str, answer: str) -> None:
    passages = search(question)

    extraction = extract(question, passages)

    assert any(answer in sentence.text for sentence in extraction.sentences)


@pytest.mark.parametrize("question", OUT_OF_SCOPE)
def test_question_that_the_documents_do_not_answer_is_declined(question: str) -> None:
    passages = search(question)

    extraction = extract(question, passages)

    assert not extraction.answered


def test_nine_of_ten_questions_that_the_documents_answer_are_answered() -> None:
    answered = [extract(question, search(question)).answered for question, _ in ANSWERS]

    assert sum(answered) >= 0.9 * len(ANSWERS)


def test_quotes_are_verbatim_pieces_of_their_passages() -> None:
    passages = search("How do I return a lamp?")

    extraction = extract("How do I return a lamp?", passages)

    assert extraction.sentences
    for sentence in extraction.sentences:
        assert passages[sentence.passage].text[sentence.start : sentence.end] == sentence.text


def test_best_sentence_comes_first_and_no_more_than_asked_for() -> None:
    settings = ExtractiveSettings(most=2, share=0.0)

    extraction = extract("Within how many days are refunds possible?", [_REFUNDS], settings=settings)

    scores = [sentence.score for sentence in extraction.sentences]
    assert extraction.sentences[0].text == "Refunds are possible within 30 days."
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_same_sentence_in_two_passages_is_quoted_once() -> None:
    copy = Passage(document="copy.md", text=_REFUNDS.text)

    extraction = extract("Within how many days are refunds possible?", [_REFUNDS, copy])

    texts = [sentence.text for sentence in extraction.sentences]
    assert len(texts) == len(set(texts))
    assert extraction.sentences[0].passage == 0


@pytest.mark.parametrize("question", ["", "?", "what is it?"])
def test_question_without_content_words_is_declined(question: str) -> None:
    passages = [_REFUNDS]

    extraction = extract(question, passages)

    assert extraction.sentences == ()
    assert extraction.confidence == 0.0
    assert not extraction.answered


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a heading", "---"])
def test_passages_without_a_quotable_piece_are_declined(text: str) -> None:
    passages = [Passage(document="empty.md", text=text)]

    extraction = extract("Within how many days are refunds possible?", passages)

    assert extraction.sentences == ()
    assert not extraction.answered


def test_embedder_lifts_the_sentence_that_means_the_same_in_other_words() -> None:
    policy = Passage(document="refunds.md", text="Shipping costs nothing. You get your cash back for a month.")

    lexical = extract("Is money returned?", [policy])
    hybrid = extract("Is money returned?", [policy], embed=_meaning)

    assert hybrid.sentences[0].text == "You get your cash back for a month."
    assert hybrid.confidence > lexical.confidence


def test_operating_point_decides_whether_an_extraction_counts_as_answered() -> None:
    never = ExtractiveSettings(lexical_point=1.01)

    extraction = extract("Within how many days are refunds possible?", [_REFUNDS], settings=never)

    assert extraction.sentences
    assert not extraction.answered


def _meaning(texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed by one rule: texts about money point one way, all others another."""
    about = [any(word in text for word in ("money", "cash")) for text in texts]
    return np.array([[1.0, 0.0] if yes else [0.0, 1.0] for yes in about], dtype=np.float32)
