"""The registry: releases that requests make are kept for good, and in memory within a bound; pointers between commits."""

import asyncio
from pathlib import Path

from tests.conftest import with_sqlite

from lasttenth.records.definitions import Message, Release, Task
from lasttenth.records.events import PointerMove
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.releases.pointers import NewMove
from lasttenth.releases.registry import BUILTIN_ACTOR, REMEMBERED, Registry
from lasttenth.releases.taskfile import TaskFile
from lasttenth.storage.ports import Store
from lasttenth.storage.watch import Watch
from lasttenth.testing import FixedClock


def test_any_number_of_releases_is_stored_and_few_are_kept_in_memory(tmp_path: Path) -> None:
    releases = [
        Release(task="t", messages=(Message(role="user", text="x"),), model=f"up/{number}")
        for number in range(REMEMBERED + 10)
    ]

    async def work(store: Store) -> tuple[Release, int]:
        project = await store.project("one")
        registry = Registry(project, ids=Ids(SystemClock()), clock=SystemClock())
        await asyncio.gather(*(registry.keep(release, parent="p") for release in releases))
        return await project.definitions.get(Release, releases[0].hash), len(registry._releases)

    assert asyncio.run(with_sqlite(tmp_path, work)) == (releases[0], REMEMBERED)


def test_pointer_is_read_once_until_somebody_else_moves_it(tmp_path: Path) -> None:
    async def work(store: Store) -> list[str]:
        project, clock = await store.project("one"), FixedClock()
        watch = Watch(store.version, clock)
        registry = Registry(project, ids=Ids(SystemClock()), clock=SystemClock(), watch=watch)
        releases = [Release(task="t", messages=(), model=f"up/{number}") for number in range(2)]
        found = []
        for number, release in enumerate(releases):
            await project.definitions.put(release)
            await project.events.append([moved(release, number)])
            if number == 0:
                await watch._look()
            found.append((await registry.resolve("t", "production", unit="u")).release.model)
        await watch._look()
        return [*found, (await registry.resolve("t", "production", unit="u")).release.model]

    assert asyncio.run(with_sqlite(tmp_path, work)) == ["up/0", "up/0", "up/1"]


def test_version_with_another_prompt_leaves_a_protected_pointer_where_it_stands(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[str, str]:
        project, clock = await store.project("one"), SystemClock()
        registry = Registry(project, ids=Ids(clock), clock=clock)
        old = TaskFile(Task(name="answer"), Release(task="answer", messages=(), model="up/old"))
        name = await registry.declare(old, actor=BUILTIN_ACTOR)
        await registry.pointers.move(NewMove(task="answer", releases={name: 1.0}, actor=BUILTIN_ACTOR))
        await registry.pointers.protect("answer", "production", approvals=1, actor="somebody")
        await registry.install_builtin()
        protected = (await registry.resolve("answer", "production", unit="u")).release.model
        await registry.pointers.protect("answer", "production", approvals=0, actor="somebody")
        await registry.install_builtin()
        return protected, (await registry.resolve("answer", "production", unit="u")).release.model

    assert asyncio.run(with_sqlite(tmp_path, work)) == ("up/old", "builtin/extractive")


def moved(release: Release, number: int) -> PointerMove:
    """Return a move of `production` to a release."""
    return PointerMove(
        id=f"{number}", at=number, task="t", pointer="production", releases={release.hash: 1.0}, actor="somebody else"
    )
