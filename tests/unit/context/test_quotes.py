"""Quotations that are found although they are written otherwise, and those that never may be."""

import pytest

from lasttenth.context.quotes import find_quote

TEXT = (
    "Aspirin reduced the risk of stroke by 10\u201320% (p < 0.05) in 1,000 patients with microvascular disease. "
    "The dose of 2.5 mg did not increase mortality, except in adults who smoked. "
    "Later, Dr. Hansen\u2019s group reported typical symptoms in twenty children. "
    "The treatment, which was well-known at the time, was safe in all groups. "
    "Costs fell for every clinic. Costs fell for every hospital in the region too."
)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("reduced the risk of stroke", "reduced the risk of stroke"),
        ("\u201creduced the risk of stroke\u201d", "reduced the risk of stroke"),
        ("REDUCED  the\nrisk of stroke", "reduced the risk of stroke"),
        ("by 10-20 % (p<0.05) in 1000 patients", "by 10\u201320% (p < 0.05) in 1,000 patients"),
        ("Dr Hansen's group reported", "Dr. Hansen\u2019s group reported"),
        ("was well known at the time", "was well-known at the time"),
        ("reducd the risk of stroke", "reduced the risk of stroke"),
        ("reduced teh risk of storke", None),
        ("reduced the risk of storke", "reduced the risk of stroke"),
        (
            "The treatment \u2026 was safe in all groups.",
            "The treatment, which was well-known at the time, was safe in all groups.",
        ),
        (
            "The treatment [...] was safe in all groups",
            "The treatment, which was well-known at the time, was safe in all groups",
        ),
        ("... was safe in all groups ...", "was safe in all groups"),
        (
            "was safe in all groups. ... Costs fell for every hospital",
            "was safe in all groups. Costs fell for every clinic. Costs fell for every hospital",
        ),
        ("Aspirin", "Aspirin"),
        ("2.5 mg", "2.5 mg"),
    ],
)
def test_what_the_text_says_is_found_in_the_words_of_the_text(quote: str, expected: str | None) -> None:
    match = find_quote(quote, TEXT)

    assert (TEXT[match.start : match.end] if match else None) == expected


@pytest.mark.parametrize(
    "quote",
    [
        "reduced the risk of stroke by 10-30%",
        "reduced the risk of stroke by 10-20 in",
        "in 1,001 patients with microvascular disease",
        "stroke by 10-20% (p > 0.05)",
        "The dose of 5 mg did not increase",
        "The dose of 2.5 kg did not increase",
        "The dose of 2.5 mg did increase mortality",
        "5 mg did not increase mortality",
        "mg did not decrease mortality",
        "Aspirin never reduced the risk of stroke",
        "the stroke of risk reduced",
        "Aspirin strongly reduced the risk of stroke",
        "patients with macrovascular disease",
        "reported atypical symptoms in twenty children",
        "reported typical symptoms in twelve children",
        "Dr. Hanson's group reported typical symptoms",
        "The dose of 2.5 mg \u2026 increase mortality",
        "did not increase mortality \u2026 who smoked",
        "Aspirin reduced the risk \u2026 typical symptoms in twenty children",
        "was safe in all groups ... Aspirin reduced the risk",
        "Costs fell",
        "costs",
        "spirin",
        "5 mg",
        "\u2026",
        "",
    ],
)
def test_what_the_text_does_not_say_is_never_found(quote: str) -> None:
    assert find_quote(quote, TEXT) is None


def test_exact_means_character_for_character() -> None:
    exact, loose = find_quote("risk of stroke", TEXT), find_quote("Risk of stroke", TEXT)

    assert exact is not None
    assert exact.exact
    assert loose is not None
    assert not loose.exact


def test_only_the_asked_part_of_the_text_is_searched() -> None:
    start = TEXT.index("Later")

    assert find_quote("risk of stroke", TEXT, start=start) is None
    assert find_quote("was safe in all groups", TEXT, start=start, end=start + 90) is None
    assert find_quote("reported typical symptoms", TEXT, start=start) is not None


def test_a_word_that_the_caller_knows_is_no_slip() -> None:
    quote = "reduced the disk of stroke"

    assert find_quote(quote, TEXT) is not None
    assert find_quote(quote, TEXT, known={"disk"}) is None


def test_a_word_that_stands_elsewhere_in_the_text_is_no_slip() -> None:
    text = "They measured the form of the cells. Results from the clinic and the farm were equal."

    assert find_quote("Results farm the clinic", text) is None


def test_markup_does_not_hide_a_quotation() -> None:
    text = "> The **dose** was _raised_\n> to 5 mg per day.\n"

    match = find_quote("the dose was raised to 5 mg per day.", text)

    assert match is not None
    assert text[match.start : match.end] == "The **dose** was _raised_\n> to 5 mg per day."


def test_a_part_may_not_be_elided_over_a_long_way() -> None:
    near, far = ("Alpha beta gamma. " + "Filler words here. " * count + "Delta eps zeta." for count in (3, 50))

    assert find_quote("Alpha beta gamma ... Delta eps zeta", near) is not None
    assert find_quote("Alpha beta gamma ... Delta eps zeta", far) is None
