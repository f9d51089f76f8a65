"""Indexing files and folders, now or as a job: both go on where they stopped."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from lasttenth.context.embedding import Embedder
from lasttenth.context.indexing import Indexer, IndexReport, Progress
from lasttenth.jobs import Context
from lasttenth.records.errors import IndexNotFoundError
from lasttenth.records.jobs import NewJob, Schedule
from lasttenth.storage.ports import ProjectStore

INDEX_KIND = "index"
"""The kind of the jobs that index."""
REBUILDING = " (rebuilding)"
"""What follows the name of an index while its successor is built beside it."""


class IndexPaths(msgspec.Struct, frozen=True, kw_only=True):
    """What to index. Documents are named relative to `base`."""

    index: str
    paths: tuple[str, ...]
    base: str
    rebuild: bool = False


async def index_paths(
    store: ProjectStore,
    embedder: Embedder | None,
    wanted: IndexPaths,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
) -> IndexReport:
    """Index files and folders, a rebuild beside the old index. Raises DocumentError, ConflictError."""
    indexer = Indexer(store.indexes, embedder)
    paths, base = [Path(path) for path in wanted.paths], Path(wanted.base)
    if not wanted.rebuild:
        return await indexer.add(wanted.index, paths, base=base, progress=progress)
    beside = f"{wanted.index}{REBUILDING}"
    with contextlib.suppress(IndexNotFoundError):
        await store.indexes.drop(beside)
    report = await indexer.add(beside, paths, base=base, progress=progress)
    await store.indexes.replace(wanted.index, by=beside)
    return msgspec.structs.replace(report, index=wanted.index)


def index_job(wanted: IndexPaths) -> NewJob:
    """Return the job that indexes; two of the same index never run at the same time."""
    payload = msgspec.to_builtins(wanted)
    return NewJob(kind=INDEX_KIND, payload=payload, concurrency_key=f"{INDEX_KIND}:{wanted.index}")


def index_schedule(wanted: IndexPaths, *, zone: str) -> Schedule:
    """Return a schedule of such jobs, which has no times yet."""
    job = index_job(wanted)
    return Schedule(
        name=f"{INDEX_KIND}-{wanted.index}",
        kind=job.kind,
        payload=job.payload,
        concurrency_key=job.concurrency_key,
        zone=zone,
    )


def index_function(
    embedder: Callable[[], Awaitable[Embedder | None]],
) -> Callable[[Context[IndexPaths]], Awaitable[IndexReport]]:
    """Return the function that does the jobs of `INDEX_KIND`."""

    async def index(context: Context[IndexPaths]) -> IndexReport:
        def tell(progress: Progress) -> None:
            context.progress(progress.done, progress.total, f"index {context.payload.index}")

        return await index_paths(context.store, await embedder(), context.payload, progress=tell)

    return index
