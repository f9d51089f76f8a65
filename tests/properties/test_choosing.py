"""Which release a unit meets: always the same one, as often as its weight says, and nobody moves without need."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.errors import InvalidRequestError
from lasttenth.releases.choosing import checked, choose

names = st.text("0123456789abcdef", min_size=1, max_size=8)
weights = st.dictionaries(names, st.floats(1e-3, 1e3), min_size=1, max_size=5)
units = st.text(max_size=20)
UNITS = 4_000


@given(weights, units)
def test_unit_meets_the_same_release_however_the_weights_are_written(
    given_weights: dict[str, float], unit: str
) -> None:
    reversed_weights = dict(reversed(given_weights.items()))
    scaled = {name: 7 * weight for name, weight in given_weights.items()}

    choices = [choose(each, pointer="t@p", unit=unit) for each in (given_weights, reversed_weights, scaled)]

    assert len({choice.release for choice in choices}) == 1
    assert choices[0].probability == pytest.approx(
        given_weights[choices[0].release] / math.fsum(given_weights.values())
    )


@given(weights, st.floats(1.0, 100.0), st.lists(units, min_size=1, max_size=30))
def test_weight_that_grows_takes_units_and_moves_none_between_the_others(
    before: dict[str, float], factor: float, some: list[str]
) -> None:
    grown = min(before)
    after = {**before, grown: factor * before[grown]}

    for unit in some:
        old, new = (choose(each, pointer="t@p", unit=unit).release for each in (before, after))
        assert new in {old, grown}


@pytest.mark.parametrize("given_weights", [{"a": 1, "b": 1}, {"a": 0.99, "b": 0.01}, {"a": 5, "b": 3, "c": 2}])
@pytest.mark.parametrize("pointer", ["t@production", "t@canary", "u@production"])
def test_each_release_is_met_by_its_share_of_the_units(given_weights: dict[str, float], pointer: str) -> None:
    choices = [choose(given_weights, pointer=pointer, unit=f"user-{number}") for number in range(UNITS)]

    for name, weight in given_weights.items():
        share = weight / sum(given_weights.values())
        met = sum(choice.release == name for choice in choices)
        # Four standard deviations of the binomial distribution.
        assert abs(met - UNITS * share) <= 4 * math.sqrt(UNITS * share * (1 - share))
        assert all(choice.probability == pytest.approx(share) for choice in choices if choice.release == name)


def test_pointers_divide_the_units_in_different_ways() -> None:
    halves = {"a": 1.0, "b": 1.0}
    same = sum(
        choose(halves, pointer="t@one", unit=str(number)).release
        == choose(halves, pointer="t@two", unit=str(number)).release
        for number in range(UNITS)
    )

    assert abs(same - UNITS / 2) <= 4 * math.sqrt(UNITS / 4)


@given(st.dictionaries(names, st.floats(), max_size=4))
def test_weights_are_checked(given_weights: dict[str, float]) -> None:
    are_good = all(math.isfinite(weight) and weight >= 0 for weight in given_weights.values())
    if are_good and any(given_weights.values()) and math.isfinite(sum(given_weights.values())):
        assert checked(given_weights) == {name: weight for name, weight in given_weights.items() if weight}
    else:
        with pytest.raises(InvalidRequestError, match="weight"):
            checked(given_weights)
