"""When a period's rates hold, and what the rules of names say."""

import datetime as dt

import pytest

from lasttenth.models.catalogue import AllOf, AnyOf, Contains, EndsWith, Equals, Period, Rates, Regex, Rule, StartsWith


@pytest.mark.parametrize(
    ("time", "holds"),
    [("16:29:59", False), ("16:30", True), ("23:59:59", True), ("00:00", True), ("00:29:59", True), ("00:30", False)],
)
def test_hours_may_span_midnight_and_their_end_is_outside(time: str, holds: bool) -> None:
    night = Period(rates=Rates(), hours=(dt.time(16, 30), dt.time(0, 30)))

    moment = dt.datetime.combine(dt.date(2025, 6, 1), dt.time.fromisoformat(time), dt.UTC)

    assert night.holds(moment) is holds


@pytest.mark.parametrize(
    "rule",
    [
        Equals("gpt-x"),
        StartsWith("gpt"),
        EndsWith("-x"),
        Contains("pt-"),
        Regex(r"^gpt-\w$"),
        AnyOf((Equals("other"), Contains("gpt"))),
        AllOf((StartsWith("gpt"), EndsWith("x"))),
    ],
)
def test_rule_matches_its_name_and_no_other(rule: Rule) -> None:
    answers = [rule.matches(name) for name in ("gpt-x", "claude")]

    assert answers == [True, False]
