"""One suite for every engine: declarations are numbered from the first one on, with the pointers that stand on them."""

import asyncio

from tests.conftest import Engine

from lasttenth.records.definitions import Release, Task
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.releases.pointers import NewMove
from lasttenth.releases.registry import Registry
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version
from lasttenth.storage.ports import Store

CLOCK = SystemClock()


async def registry_of(store: Store, project: str = "one") -> Registry:
    """Return the registry of a project."""
    return Registry(await store.project(project), ids=Ids(CLOCK), clock=CLOCK)


def file(model: str, task: str = "t") -> TaskFile:
    """Return a task with a release."""
    return TaskFile(Task(name=task), Release(task=task, messages=(), model=model))


def test_versions_are_those_of_each_task_of_the_project(engine: Engine) -> None:
    async def work(store: Store) -> tuple[dict[str, list[Version]], dict[str, list[Version]], TaskFile]:
        registry = await registry_of(store)
        await (await registry_of(store, "two")).declare(file("up/other"), actor="a")
        for model, task in (("up/one", "t"), ("up/one", "s"), ("up/two", "t")):
            await registry.declare(file(model, task), actor="a")
        move = NewMove(task="t", releases={file("up/one").release.hash: 1.0}, actor="a")
        await registry.pointers.move(move)
        found = await registry.versions()
        return found, await registry.versions("t"), await registry.file(found["t"][1].registration)

    every, one, first = engine.run(work)

    assert {task: [(each.number, each.pointers) for each in found] for task, found in every.items()} == {
        "s": [(1, ())],
        "t": [(2, ()), (1, ("production",))],
    }
    assert one == {"t": every["t"]}
    assert first == file("up/one")


def test_what_is_written_in_another_form_is_declared_once_more(engine: Engine) -> None:
    async def work(store: Store) -> list[Version]:
        registry = await registry_of(store)
        for form in (None, {"type": "chat"}, {"type": "chat"}, None, {}):
            await registry.declare(file("up/one"), actor="a", form=form)
        return (await registry.versions("t"))["t"]

    assert [version.registration.form for version in engine.run(work)] == [{}, {"type": "chat"}, {}]


def test_declarations_of_the_same_at_the_same_time_are_one(engine: Engine) -> None:
    async def work(store: Store) -> list[Version]:
        registries = [await registry_of(store) for _ in range(8)]
        await asyncio.gather(*(registry.declare(file("up/one"), actor="a") for registry in registries))
        different = (registry.declare(file(f"up/{number}"), actor="a") for number, registry in enumerate(registries))
        await asyncio.gather(*different)
        return (await registries[0].versions("t"))["t"]

    versions = engine.run(work)

    assert [version.number for version in versions] == list(range(9, 0, -1))
    assert len({version.registration.release for version in versions}) == 9
