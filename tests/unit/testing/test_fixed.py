"""Time and randomness that stand still."""

from lasttenth.records.ids import Ids
from lasttenth.testing import FixedClock, FixedRandomness


def test_ids_of_fixed_time_and_randomness_are_the_same_in_every_run() -> None:
    first = Ids(FixedClock(), FixedRandomness(1))
    second = Ids(FixedClock(), FixedRandomness(1))

    ids = first.trace(), first.span()

    assert ids == (second.trace(), second.span())


def test_two_ids_of_one_run_differ() -> None:
    ids = Ids(FixedClock(), FixedRandomness())

    first, second = ids.trace(), ids.trace()

    assert first != second
