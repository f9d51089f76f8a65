import pytest

from lasttenth.models.extractive.terms import (
    asked_terms,
    is_claim,
    is_question,
    likeness,
    rarity,
    stem,
    terms,
    wants_quantity,
)


@pytest.mark.parametrize(
    "words",
    [
        ("ship", "ships", "shipped", "shipping", "shipment"),
        ("policy", "policies"),
        ("activation", "activate", "activates", "activating"),
        ("inhibit", "inhibits", "inhibition", "inhibited"),
        ("expire", "expires", "expired"),
    ],
)
def test_forms_of_a_word_share_their_stem(words: tuple[str, ...]) -> None:
    stems = {stem(word).removesuffix("at") for word in words}

    assert len(stems) == 1


@pytest.mark.parametrize("word", ["s100a9", "is", "gas", "virus", "access", "ws2"])
def test_short_words_and_names_with_digits_are_left_whole(word: str) -> None:
    stemmed = stem(word)

    assert stemmed == word


def test_function_words_and_quantity_phrases_are_no_terms() -> None:
    question = "How long are the orders kept?"

    assert asked_terms(question) == ["order", "kept"]
    assert terms("and the of it") == []


def test_questions_and_wishes_for_a_quantity_are_recognised() -> None:
    claim = "Aspirin works when taken early."

    assert not is_question(claim)
    assert is_claim(claim)
    assert not wants_quantity(claim)
    assert not is_claim("refund window")
    assert wants_quantity("How many days do I have?")
    assert is_question("which databases are supported")
    assert is_question("Tell me about refunds.")


def test_typing_error_is_met_in_part_and_a_number_only_by_its_equal() -> None:
    met = likeness(["refund", "1998"], ["refnd", "1999", "refund"])

    assert met[0].tolist() == pytest.approx([0.77, 0.0, 1.0], abs=0.05)
    assert met[1].tolist() == [0.0, 0.0, 0.0]


def test_term_that_is_common_in_written_english_weighs_less_than_a_rare_one() -> None:
    asked = terms("results from Peru")

    weights = rarity(asked)

    assert weights.tolist() == [0.25, 1.0]
