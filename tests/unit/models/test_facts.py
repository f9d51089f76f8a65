"""Facts: what a model reads and writes, and that its calls are marked before it retires."""

import datetime as dt

import pytest

from lasttenth.models.facts import NOTHING, Facts, ModelFacts
from lasttenth.models.prices import Prices

LAST = dt.date(2026, 12, 11)
FACTS = Facts(
    {"openai": {"old": ModelFacts(retires=LAST), "new": ModelFacts(context=9)}},
    lambda name: "openai" if name == "up" else "",
)


def at(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("day", "is_marked"),
    [
        (LAST - dt.timedelta(days=91), False),
        (LAST - dt.timedelta(days=90), True),
        (LAST, True),
        (LAST + dt.timedelta(days=400), True),
    ],
)
def test_model_is_marked_ninety_days_before_it_retires_and_ever_after(day: dt.date, *, is_marked: bool) -> None:
    assert FACTS.retiring("up/old", at=at(day)) == (LAST if is_marked else None)


def test_what_is_not_known_is_nothing() -> None:
    assert FACTS.of("up/new").context == 9
    assert FACTS.retiring("up/new", at=at(LAST)) is None
    assert FACTS.of("up/other") == FACTS.of("elsewhere/old") == FACTS.of("no-slash") == NOTHING


def test_sheet_that_ships_knows_models_by_the_names_of_their_providers() -> None:
    facts = Facts.load(Prices.load().provider_named)

    assert facts.of("openai/gpt-5").retires == LAST
    assert facts.of("openai/GPT-5") == facts.of("openai/gpt-5")
    assert {"text", "image"} <= {*facts.of("gemini/gemini-2.5-pro").reads}
    assert facts.of("google/gemini-2.5-pro") == facts.of("gemini/gemini-2.5-pro")
    assert facts.of("anthropic/claude-sonnet-4-5").output == 64_000
    assert facts.of("openai/text-embedding-3-small").writes == ("embedding",)
