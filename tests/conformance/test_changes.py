"""One suite for every engine: a mark tells of every commit, whoever made it, and of nothing else that happens here."""

from tests.conftest import Engine

from lasttenth.records.definitions import Task
from lasttenth.records.events import Score
from lasttenth.storage.ports import KeyRecord, Store


def test_mark_is_another_one_after_every_kind_of_commit(engine: Engine) -> None:
    score = Score(id="s", at=1, of="trace", of_id="t", metric="m", value=1.0, source="user")

    async def work(store: Store) -> list[str]:
        marks = [await store.version()]
        project = await store.project("one")
        marks.append(await store.version())
        await project.definitions.put(Task(name="t"))
        marks.append(await store.version())
        await project.events.append([score])
        marks.append(await store.version())
        await store.add_key(KeyRecord(id="k", name="n", project="one", digest="d", created=1))
        return [*marks, await store.version()]

    marks = engine.run(work)

    assert len(set(marks)) == len(marks)
