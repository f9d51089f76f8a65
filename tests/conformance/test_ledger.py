"""One suite for every engine: definitions, events and payloads."""

import pytest
from tests.conftest import Engine

from lasttenth.records.definitions import Case, Release, Task
from lasttenth.records.errors import ConflictError, NotFoundError
from lasttenth.records.events import Erasure, PointerMove, Score
from lasttenth.records.traces import Payload
from lasttenth.storage.ports import IndexSettings, NewDocument, Store


def test_definition_is_found_by_its_hash_after_a_restart(engine: Engine) -> None:
    task = Task(name="answer", description="Answer.")

    async def put(store: Store) -> str:
        return await (await store.project("one")).definitions.put(task)

    async def get(store: Store) -> Task:
        return await (await store.project("one")).definitions.get(Task, task.hash)

    name = engine.run(put)

    assert name == task.hash
    assert engine.run(get) == task


def test_same_definition_twice_is_stored_once(engine: Engine) -> None:
    async def work(store: Store) -> list[Case]:
        definitions = (await store.project("one")).definitions
        for _ in range(2):
            await definitions.put(Case(input={"question": "Why?"}))
        return await definitions.latest(Case)

    assert len(engine.run(work)) == 1


def test_unknown_definition_or_one_of_another_kind_is_not_found(engine: Engine) -> None:
    async def work(store: Store) -> None:
        definitions = (await store.project("one")).definitions
        name = await definitions.put(Task(name="answer"))
        await definitions.get(Release, name)

    with pytest.raises(NotFoundError, match="no release"):
        engine.run(work)


def test_descent_is_kept(engine: Engine) -> None:
    async def work(store: Store) -> tuple[str, ...]:
        definitions = (await store.project("one")).definitions
        child = await definitions.put(Task(name="child"), derived_from=("b" * 64, "a" * 64))
        return await definitions.ancestors(child)

    assert engine.run(work) == ("a" * 64, "b" * 64)


def test_events_are_listed_newest_first_and_by_subject(engine: Engine) -> None:
    moves = [_move(f"id-{number}", task="answer" if number % 2 else "other") for number in range(4)]

    async def work(store: Store) -> tuple[list[PointerMove], list[PointerMove]]:
        events = (await store.project("one")).events
        await events.append(moves)
        return await events.latest(PointerMove), await events.latest(PointerMove, subject="answer@production")

    everything, of_answer = engine.run(work)

    assert everything == moves[::-1]
    assert of_answer == [moves[3], moves[1]]


def test_event_is_appended_once_however_often_it_is_sent(engine: Engine) -> None:
    score = Score(id="s", at=1, of="trace", of_id="t", metric="thumbs", value=1.0, source="user")

    async def work(store: Store) -> list[Score]:
        events = (await store.project("one")).events
        await events.append([score, score])
        await events.append([score])
        return await events.latest(Score)

    assert engine.run(work) == [score]


def test_payload_comes_back_as_it_was_and_equal_content_has_one_id(engine: Engine) -> None:
    small, large = Payload(media_type="text/plain", body=b"x"), Payload(media_type="text/plain", body=b"word " * 999)

    async def work(store: Store) -> tuple[bool, list[Payload | None]]:
        payloads = (await store.project("one")).payloads
        ids = [await payloads.put(each) for each in (small, large, small)]
        return ids[0] == ids[2], [await payloads.get(each) for each in ids]

    same, found = engine.run(work)

    assert same
    assert found == [small, large, small]


def test_erased_payload_leaves_a_tombstone_and_an_event(engine: Engine) -> None:
    payload = Payload(media_type="text/plain", body=b"a personal thing")

    async def work(store: Store) -> tuple[Payload | None, list[Erasure]]:
        project = await store.project("one")
        name = await project.payloads.put(payload)
        await project.payloads.erase(Erasure(id="e", at=1, payload=name, actor="somebody"))
        return await project.payloads.get(name), await project.events.latest(Erasure)

    found, erasures = engine.run(work)

    assert found is None
    assert [erasure.actor for erasure in erasures] == ["somebody"]


def test_erased_content_that_arrives_anew_is_stored_again(engine: Engine) -> None:
    payload = Payload(media_type="text/plain", body=b"said twice")

    async def work(store: Store) -> Payload | None:
        project = await store.project("one")
        name = await project.payloads.put(payload)
        await project.payloads.erase(Erasure(id="e", at=1, payload=name, actor="somebody"))
        return await project.payloads.get(await project.payloads.put(payload))

    assert engine.run(work) == payload


def test_document_that_is_indexed_is_not_erased(engine: Engine) -> None:
    document = NewDocument(name="a.md", hash="h", media_type="text/markdown", text="Text.", chunks=())

    async def work(store: Store) -> None:
        project = await store.project("one")
        await project.indexes.create("docs", IndexSettings(splitter="1"))
        await project.indexes.put("docs", [document])
        name = await project.payloads.put(Payload(media_type="text/markdown; role=document", body=b"Text."))
        await project.payloads.erase(Erasure(id="e", at=1, payload=name, actor="somebody"))

    with pytest.raises(ConflictError, match=r"a\.md is still indexed"):
        engine.run(work)


def test_unknown_payload_is_not_found(engine: Engine) -> None:
    async def work(store: Store) -> None:
        await (await store.project("one")).payloads.get("f" * 64)

    with pytest.raises(NotFoundError):
        engine.run(work)


def _move(name: str, *, task: str) -> PointerMove:
    return PointerMove(id=name, at=1, task=task, pointer="production", releases={"r": 1.0}, actor="test")
