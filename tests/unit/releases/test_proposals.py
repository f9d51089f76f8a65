"""Proposals: somebody else looks first, and what has been overtaken is not made."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conftest import with_sqlite

from lasttenth.records.definitions import Release
from lasttenth.records.errors import ConflictError, PermissionDeniedError
from lasttenth.records.ids import Ids
from lasttenth.releases.pointers import NewMove
from lasttenth.releases.registry import Registry
from lasttenth.storage.ports import Store
from lasttenth.testing import FixedClock

T = TypeVar("T")
OLD, NEW, NEWER = (Release(task="t", messages=(), model=f"up/{number}") for number in range(3))


def registered(folder: Path, work: Callable[[Registry], Awaitable[T]]) -> T:
    """Do some work with a registry whose `production` stands on the old release."""

    async def main(store: Store) -> T:
        project, clock = await store.project("one"), FixedClock()
        registry = Registry(project, ids=Ids(clock), clock=clock)
        for release in (OLD, NEW, NEWER):
            await project.definitions.put(release)
        await registry.pointers.move(NewMove(task="t", releases={OLD.hash: 1.0}, actor="ann"))
        return await work(registry)

    return asyncio.run(with_sqlite(folder, main))


async def proposed(registry: Registry, release: Release = NEW) -> str:
    state = await registry.proposals.propose("t", "production", {release.hash: 1.0}, actor="ann", comment="warmer")
    return state.proposal.id


async def standing(registry: Registry) -> str:
    return (await registry.resolve("t", "production", unit="u")).hash


def test_approval_of_somebody_else_moves_the_pointer(tmp_path: Path) -> None:
    async def work(registry: Registry) -> tuple[str, str, str]:
        proposal = await proposed(registry)
        state = await registry.proposals.review(proposal, "approve", actor="bob")
        move = (await registry.pointers.history("t", "production"))[0]
        return state.state, await standing(registry), move.proposal

    state, release, proposal = registered(tmp_path, work)

    assert (state, release) == ("made", NEW.hash)
    assert proposal


def test_nobody_approves_his_own_proposal(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        await registry.proposals.review(await proposed(registry), "approve", actor="ann")

    with pytest.raises(PermissionDeniedError, match="cannot approve it"):
        registered(tmp_path, work)


def test_protected_pointer_waits_for_as_many_people_as_it_needs(tmp_path: Path) -> None:
    async def work(registry: Registry) -> list[str]:
        await registry.pointers.protect("t", "production", approvals=2, actor="ann")
        proposal = await proposed(registry)
        reviews = [await registry.proposals.review(proposal, "approve", actor=actor) for actor in ("bob", "bob", "cy")]
        return [review.state for review in reviews]

    assert registered(tmp_path, work) == ["open", "open", "made"]


def test_proposal_that_one_rejects_is_not_made(tmp_path: Path) -> None:
    async def work(registry: Registry) -> tuple[str, str]:
        proposal = await proposed(registry)
        state = await registry.proposals.review(proposal, "reject", actor="bob")
        with pytest.raises(ConflictError, match="rejected"):
            await registry.proposals.review(proposal, "approve", actor="cy")
        return state.state, await standing(registry)

    assert registered(tmp_path, work) == ("rejected", OLD.hash)


def test_proposal_is_outdated_once_the_pointer_has_moved(tmp_path: Path) -> None:
    async def work(registry: Registry) -> tuple[list[str], str]:
        first, second = await proposed(registry), await proposed(registry, NEWER)
        await registry.proposals.review(second, "approve", actor="bob")
        with pytest.raises(ConflictError, match="outdated"):
            await registry.proposals.review(first, "approve", actor="bob")
        await registry.pointers.move(NewMove(task="t", releases={OLD.hash: 1.0}, actor="ann"))
        return [each.state for each in await registry.proposals.of_task("t")], await standing(registry)

    assert registered(tmp_path, work) == (["made", "outdated"], OLD.hash)
