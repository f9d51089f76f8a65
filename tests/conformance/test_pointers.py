"""One suite for every engine: pointers move one step after the other, whoever moves them."""

import asyncio

import pytest
from tests.conftest import Engine

from lasttenth.records.definitions import Release
from lasttenth.records.errors import ConflictError, InvalidRequestError, NotFoundError
from lasttenth.records.events import PointerMove
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.releases.pointers import NewMove, Pointers
from lasttenth.storage.ports import ProjectStore, Store

RELEASES = [Release(task="t", messages=(), model=f"up/{number}") for number in range(8)]
CLOCK = SystemClock()


def pointers_of(project: ProjectStore) -> Pointers:
    return Pointers(project, ids=Ids(CLOCK), clock=CLOCK)


async def prepared(store: Store) -> ProjectStore:
    project = await store.project("one")
    for release in RELEASES:
        await project.definitions.put(release)
    return project


def wanted(number: int, *, pointer: str = "production") -> NewMove:
    return NewMove(task="t", pointer=pointer, releases={RELEASES[number].hash: 1.0}, actor=f"actor {number}")


def test_moves_at_the_same_time_come_one_after_the_other(engine: Engine) -> None:
    async def work(store: Store) -> list[PointerMove]:
        project = await prepared(store)
        await asyncio.gather(*(pointers_of(project).move(wanted(number)) for number in range(8)))
        return await pointers_of(project).history("t", "production")

    history = engine.run(work)

    assert {move.actor for move in history} == {f"actor {number}" for number in range(8)}
    assert [move.after for move in history] == [*(move.id for move in history[1:]), ""]


def test_of_those_who_have_seen_the_same_move_one_moves_the_pointer(engine: Engine) -> None:
    async def work(store: Store) -> tuple[list[object], list[PointerMove]]:
        project = await prepared(store)
        first = await pointers_of(project).move(wanted(0))
        moves = (pointers_of(project).move(wanted(number), expected=first.id) for number in range(1, 8))
        outcomes = await asyncio.gather(*moves, return_exceptions=True)
        return list(outcomes), await pointers_of(project).history("t", "production")

    outcomes, history = engine.run(work)

    made = [outcome for outcome in outcomes if isinstance(outcome, PointerMove)]
    assert made == [history[0]]
    assert len(history) == 2
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 6


def test_pointer_is_put_back_and_its_history_stays(engine: Engine) -> None:
    async def work(store: Store) -> list[PointerMove]:
        pointers = pointers_of(await prepared(store))
        for number in range(3):
            await pointers.move(wanted(number))
        await pointers.back("t", "production", actor="on call")
        return await pointers.history("t", "production")

    history = engine.run(work)

    assert history[0].releases == {RELEASES[1].hash: 1.0}
    assert (history[0].actor, history[0].reason) == ("on call", "rollback")
    assert len(history) == 4


def test_pointer_that_is_put_back_again_goes_back_further(engine: Engine) -> None:
    async def work(store: Store) -> list[dict[str, float]]:
        pointers = pointers_of(await prepared(store))
        for number in range(3):
            await pointers.move(wanted(number))
        for _ in range(2):
            await pointers.back("t", "production", actor="on call")
        with pytest.raises(ConflictError):
            await pointers.back("t", "production", actor="on call")
        return [move.releases for move in await pointers.history("t", "production")]

    assert engine.run(work) == [{RELEASES[number].hash: 1.0} for number in (0, 1, 2, 1, 0)]


def test_move_to_where_a_pointer_stands_is_no_move(engine: Engine) -> None:
    async def work(store: Store) -> int:
        pointers = pointers_of(await prepared(store))
        for _ in range(2):
            await pointers.move(wanted(1))
        return len(await pointers.history("t", "production"))

    assert engine.run(work) == 1


def test_pointer_that_has_stood_nowhere_before_cannot_be_put_back(engine: Engine) -> None:
    async def work(store: Store) -> None:
        pointers = pointers_of(await prepared(store))
        await pointers.move(wanted(0))
        await pointers.back("t", "production", actor="a")

    with pytest.raises(ConflictError, match="has stood nowhere before that"):
        engine.run(work)


def test_pointers_of_a_task_are_listed_with_where_they_stand(engine: Engine) -> None:
    async def work(store: Store) -> list[tuple[str, dict[str, float]]]:
        pointers = pointers_of(await prepared(store))
        await pointers.move(wanted(0))
        await pointers.move(wanted(1, pointer="canary"))
        await pointers.move(wanted(2))
        return [(move.pointer, move.releases) for move in await pointers.of_task("t")]

    assert engine.run(work) == [("canary", {RELEASES[1].hash: 1.0}), ("production", {RELEASES[2].hash: 1.0})]


@pytest.mark.parametrize(
    ("pointer", "releases", "error"),
    [
        ("Production", {RELEASES[0].hash: 1.0}, InvalidRequestError),
        ("a" * 64, {RELEASES[0].hash: 1.0}, InvalidRequestError),
        ("canary", {}, InvalidRequestError),
        ("canary", {RELEASES[0].hash: -1.0}, InvalidRequestError),
        ("canary", {"0" * 64: 1.0}, NotFoundError),
    ],
)
def test_move_that_cannot_be_is_refused(
    engine: Engine, pointer: str, releases: dict[str, float], error: type[Exception]
) -> None:
    async def work(store: Store) -> None:
        pointers = pointers_of(await prepared(store))
        await pointers.move(NewMove(task="t", pointer=pointer, releases=releases, actor="a"))

    with pytest.raises(error):
        engine.run(work)


def test_release_of_another_task_is_refused(engine: Engine) -> None:
    async def work(store: Store) -> None:
        pointers = pointers_of(await prepared(store))
        await pointers.move(NewMove(task="u", releases={RELEASES[0].hash: 1.0}, actor="a"))

    with pytest.raises(InvalidRequestError, match="is of task t"):
        engine.run(work)
