"""Slips of the finger, and words that only look like one."""

import pytest

from lasttenth.context.spelling import is_misspelling


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("incrase", "increase"),
        ("increqse", "increase"),
        ("increaase", "increase"),
        ("icnrease", "increase"),
        ("wih", "with"),
        ("sthma", "asthma"),
    ],
)
def test_one_slip_in_a_word_is_forgiven(written: str, meant: str) -> None:
    assert is_misspelling(written, meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("decrease", "increase"),
        ("hypotension", "hypertension"),
        ("insensitive", "sensitive"),
        ("macrovascular", "microvascular"),
        ("symptomatic", "asymptomatic"),
        ("abduction", "adduction"),
        ("nitrite", "nitrate"),
        ("casual", "causal"),
        ("morality", "mortality"),
        ("billion", "million"),
        ("sixty", "sixth"),
        ("withhout", "without"),
        ("now", "not"),
        ("cd34", "cd33"),
        ("inxrqase", "increase"),
        ("any", "many"),
    ],
)
def test_another_word_is_not_a_slip(written: str, meant: str) -> None:
    assert not is_misspelling(written, meant)
    assert not is_misspelling(meant, written)
