"""Batches as jobs: what is left of one is done, each line once, and what came too late is said."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from lasttenth import App
from lasttenth.app.batches import BatchOrder, ProjectBatches
from lasttenth.app.files import content_of, in_parts
from lasttenth.records.errors import ConflictError, InvalidRequestError, NotFoundError
from lasttenth.records.jobs import NewJob
from lasttenth.storage.file_ports import FilePart, NewFile
from lasttenth.storage.ports import ProjectStore

CHAT = "/v1/chat/completions"
T = TypeVar("T")


def line(custom_id: str) -> bytes:
    body = {"model": "scripted/echo", "messages": [{"role": "user", "content": custom_id}]}
    return msgspec.json.encode({"custom_id": custom_id, "url": CHAT, "body": body})


def order(**fields: Any) -> BatchOrder:
    return BatchOrder(**{"input_file": "file-in", "endpoint": CHAT, "window": 3600, **fields})


def doing(folder: Path, work: Callable[[App, ProjectStore, ProjectBatches], Awaitable[T]]) -> T:
    """Do something in a new installation that has a file of two lines."""

    async def main() -> T:
        async with App(folder) as app:
            store = await app.installation.store.project("default")
            file = NewFile(id="file-in", name="in.jsonl", purpose="batch", created=1)
            await store.files.put(file, in_parts(line("one") + b"\n" + line("two")))
            return await work(app, store, ProjectBatches(store, app.installation.runner.wake))

    return asyncio.run(main())


def test_line_that_has_an_answer_is_not_asked_again(tmp_path: Path) -> None:
    async def work(app: App, store: ProjectStore, batches: ProjectBatches) -> tuple[bytes, int]:
        batch = await batches.create(order())
        output = NewFile(id=f"file-{batch.job.id}-output", name="out", purpose="batch_output", created=1)
        await store.files.put(output, [FilePart(1, b"answered before\n")])
        await app.jobs.work(until_idle=True)
        content = b"".join([part async for part in content_of(store.files, output.id)])
        done = await batches.get(batch.id)
        assert done.result is not None
        return content, done.result.lines

    content, lines = doing(tmp_path, work)

    first, second = content.splitlines()
    assert (first, lines) == (b"answered before", 2)
    assert msgspec.json.decode(second)["custom_id"] == "two"


def test_lines_that_were_not_asked_in_time_expire(tmp_path: Path) -> None:
    async def work(app: App, store: ProjectStore, batches: ProjectBatches) -> list[Any]:
        batch = await batches.create(order(window=0))
        await app.jobs.work(until_idle=True)
        done = await batches.get(batch.id)
        assert done.result is not None
        assert done.result.expired
        assert done.output is None
        assert done.errors is not None
        parts = await store.files.parts(done.errors.id)
        return [msgspec.json.decode(part.body)["error"]["code"] for part in parts]

    assert doing(tmp_path, work) == ["batch_expired", "batch_expired"]


def test_cancelled_batch_goes_on_when_its_job_is_tried_again(tmp_path: Path) -> None:
    async def work(app: App, _store: ProjectStore, batches: ProjectBatches) -> int:
        batch = await batches.create(order())
        await batches.cancel(batch.id)
        await app.jobs.retry(batch.job.id)
        await app.jobs.work(until_idle=True)
        done = await batches.get(batch.id)
        return 0 if done.output is None else done.output.parts

    assert doing(tmp_path, work) == 2


def test_batch_whose_file_was_removed_fails(tmp_path: Path) -> None:
    async def work(app: App, store: ProjectStore, batches: ProjectBatches) -> tuple[str, str]:
        batch = await batches.create(order())
        await store.files.remove("file-in")
        await app.jobs.work(until_idle=True)
        done = await batches.get(batch.id)
        return done.job.state, done.job.error_code

    assert doing(tmp_path, work) == ("failed", "not_found")


def test_job_of_another_kind_is_no_batch(tmp_path: Path) -> None:
    async def work(app: App, _store: ProjectStore, batches: ProjectBatches) -> None:
        job = await app.jobs.enqueue(NewJob(kind="other"))
        with pytest.raises(NotFoundError, match="There is no batch"):
            await batches.get(f"batch_{job.id}")
        with pytest.raises(NotFoundError, match="There is no batch"):
            await batches.cancel("batch_unknown")

    doing(tmp_path, work)


def test_what_cannot_be_done_is_refused_at_once(tmp_path: Path) -> None:
    async def work(app: App, _store: ProjectStore, batches: ProjectBatches) -> None:
        with pytest.raises(InvalidRequestError, match="cannot ask for /v1/files"):
            await batches.create(order(endpoint="/v1/files"))
        with pytest.raises(NotFoundError, match="There is no file other"):
            await batches.create(order(input_file="other"))
        batch = await batches.create(order())
        await app.jobs.work(until_idle=True)
        with pytest.raises(ConflictError, match="nothing to cancel"):
            await batches.cancel(batch.id)

    doing(tmp_path, work)
