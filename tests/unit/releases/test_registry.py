"""The registry: releases that requests make are kept for good, and in memory within a bound."""

import asyncio
from pathlib import Path

from tests.conftest import with_sqlite

from lasttenth.records.definitions import Message, Release
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.releases.registry import REMEMBERED, Registry
from lasttenth.storage.ports import Store


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
