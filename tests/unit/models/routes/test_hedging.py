"""Hedging: what is usual, what it may cost, and that of two who have an answer one alone is heard."""

import asyncio

import pytest

from lasttenth.models.routes.budget import Budget
from lasttenth.models.routes.hedging import ENOUGH, SHORTEST, Usual, first_of


def test_nothing_is_usual_before_enough_is_known() -> None:
    usual = Usual()
    for _ in range(ENOUGH - 1):
        usual.take(1.0)

    assert usual.longest is None
    for number in range(200):
        usual.take(number / 100)
    assert usual.longest == pytest.approx(1.89)
    for _ in range(200):
        usual.take(0.001)
    assert usual.longest == SHORTEST


def test_extra_calls_are_a_share_of_all_beside_the_first_ones() -> None:
    budget = Budget(share=0.05, first=2)

    spent = 0
    for _ in range(1000):
        budget.earn()
        spent += budget.spend()

    assert 51 <= spent <= 53


async def said(text: str | None, turns: int) -> str | None:
    for _ in range(turns):
        await asyncio.sleep(0)
    return text


@pytest.mark.parametrize(
    ("one", "other", "expected", "dismissed"),
    [
        (("a", 1), ("b", 5), "a", []),
        (("a", 5), ("b", 1), "b", []),
        ((None, 1), ("b", 5), "b", []),
        (("a", 5), (None, 1), "a", []),
        ((None, 1), (None, 5), None, []),
        (("a", 1), ("b", 1), "a", ["b"]),
    ],
)
def test_first_result_counts_and_a_second_one_is_dismissed(
    one: tuple[str | None, int], other: tuple[str | None, int], expected: str | None, dismissed: list[str]
) -> None:
    late: list[str] = []

    async def dismiss(text: str) -> None:
        late.append(text)

    async def work() -> str | None:
        tasks = [asyncio.create_task(said(*each)) for each in (one, other)]
        return await first_of(*tasks, dismiss=dismiss)

    assert (asyncio.run(work()), late) == (expected, dismissed)


def test_where_nobody_waits_any_more_both_are_given_up() -> None:
    async def work() -> list[bool]:
        tasks = [asyncio.create_task(said("a", 10**6)) for _ in range(2)]
        race = asyncio.create_task(first_of(*tasks, dismiss=asyncio.sleep))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        race.cancel()
        await asyncio.wait({race, *tasks})
        return [task.cancelled() for task in (race, *tasks)]

    assert asyncio.run(work()) == [True, True, True]
