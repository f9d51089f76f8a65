"""Batches: the requests that stand in a file, asked in the background of any model. A batch is a job.

Each answer is stored as it comes, under the number of its line: a batch that was interrupted goes on with the lines that
have none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import msgspec

from lasttenth.app.files import content_of
from lasttenth.jobs import Context
from lasttenth.jobs.times import SECOND
from lasttenth.observe.recording import Recorder
from lasttenth.records.errors import InvalidRequestError, NotFoundError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.records.jobs import Job, NewJob
from lasttenth.serve.batch import ENDPOINTS, BatchAnswer, BatchAsker, BatchLine, lines_of
from lasttenth.serve.calls import GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.storage.file_ports import FilePart, Files, NewFile, StoredFile
from lasttenth.storage.ports import ProjectStore

BATCH_KIND = "batch"
"""The kind of the jobs that are batches."""
PREFIX = "batch_"
INPUT_PURPOSE, OUTPUT_PURPOSE = "batch", "batch_output"
AT_ONCE = 16
"""Lines of one batch that are asked at the same time."""
EXPIRED = "batch_expired"
_ATTEMPTS = 1000
"""A batch goes on after each restart."""


class BatchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done. Times are seconds."""

    input_file: str
    endpoint: str
    window: int
    """After so long, lines that were not asked yet are given up."""
    metadata: dict[str, str] = {}
    controls: dict[str, str] = {}
    """Our own headers of the request that made it: they hold for each line."""
    key: str = ""
    """Public id of the key that made it."""
    keep: int | None = None
    """How long what comes out is kept; None: until somebody removes it."""


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch ended."""

    lines: int
    expired: bool


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as it stands. The files are None while they have no lines."""

    job: Job
    order: BatchOrder
    output: StoredFile | None
    errors: StoredFile | None

    @property
    def id(self) -> str:
        """Return its id."""
        return PREFIX + self.job.id

    @property
    def result(self) -> BatchResult | None:
        """Return how it ended, None where it did not, or was not done."""
        return None if self.job.state != "done" else msgspec.convert(self.job.result, BatchResult)


class ProjectBatches:
    """The batches of one project.

    Args:
        wake: tells the runner of this process that there is work.
    """

    def __init__(self, store: ProjectStore, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def create(self, order: BatchOrder) -> Batch:
        """Begin a batch. Raises InvalidRequestError, NotFoundError."""
        if order.endpoint not in ENDPOINTS:
            raise InvalidRequestError(
                f"A batch cannot ask for {order.endpoint}.",
                hint=f"Served are {', '.join(ENDPOINTS)}.",
                parameter="endpoint",
            )
        file = await self._store.files.get(order.input_file)
        if file.purpose != INPUT_PURPOSE:
            raise InvalidRequestError(
                f"The purpose of file {file.id} is {file.purpose}.",
                hint=f"Upload it with the purpose {INPUT_PURPOSE}.",
                parameter="input_file_id",
            )
        job = NewJob(kind=BATCH_KIND, payload=msgspec.to_builtins(order), max_attempts=_ATTEMPTS)
        (enqueued,) = await self._store.jobs.enqueue([job])
        self._wake()
        return await self._seen(enqueued)

    async def get(self, batch: str) -> Batch:
        """Return a batch. Raises NotFoundError."""
        return await self._seen(await self._job(batch))

    async def latest(self, *, limit: int, before: str = "") -> list[Batch]:
        """Return the latest batches, newest first; those that are older than one of them, where it is named."""
        jobs = await self._store.jobs.latest(limit=limit, kind=BATCH_KIND, before=before.removeprefix(PREFIX))
        return [await self._seen(job) for job in jobs]

    async def cancel(self, batch: str) -> Batch:
        """Ask no more lines. Raises NotFoundError, ConflictError."""
        cancelled = await self._store.jobs.cancel((await self._job(batch)).id)
        self._wake()
        return await self._seen(cancelled)

    async def _job(self, batch: str) -> Job:
        missing = NotFoundError(f"There is no batch {batch}.", hint="List them: GET /v1/batches")
        try:
            job = await self._store.jobs.get(batch.removeprefix(PREFIX))
        except NotFoundError as error:
            raise missing from error
        if job.kind != BATCH_KIND:
            raise missing
        return job

    async def _seen(self, job: Job) -> Batch:
        order = msgspec.convert(job.payload, BatchOrder)
        output, errors = [await _found(self._store.files, file.id) for file in _files_of(job, order)]
        return Batch(job=job, order=order, output=output, errors=errors)


def batch_function(
    pipeline: Pipeline, recorder: Recorder, *, clock: Clock, randomness: Randomness
) -> Callable[[Context[BatchOrder]], Awaitable[BatchResult]]:
    """Return the function that does the jobs of `BATCH_KIND`."""

    async def work(context: Context[BatchOrder]) -> BatchResult:
        order = context.payload
        common = GatewayRequest(
            operation="chat", project=context.project, headers=order.controls, body=b"", key=order.key
        )
        asker = BatchAsker(pipeline, randomness, common=common, batch=PREFIX + context.job.id)
        return await _Work(context, asker, recorder, clock).run()

    return work


class _Work:
    """One attempt to do what is left of a batch."""

    def __init__(self, context: Context[BatchOrder], asker: BatchAsker, recorder: Recorder, clock: Clock) -> None:
        self._context = context
        self._asker = asker
        self._recorder = recorder
        self._clock = clock
        self._files = context.store.files
        self._output, self._errors = _files_of(context.job, context.payload)
        self._done = self._total = 0
        self._until = context.job.created + context.payload.window * SECOND
        self._has_expired = False

    async def run(self) -> BatchResult:
        """Ask the lines that have no answer yet. Raises NotFoundError, InvalidRequestError, StorageError."""
        lines = await self._lines()
        done = {*await self._files.numbers(self._output.id), *await self._files.numbers(self._errors.id)}
        self._done, self._total = len(done), len(lines)
        self._tell()
        waiting = iter([line for line in lines if line.number not in done])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._take(waiting))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return BatchResult(lines=self._total, expired=self._has_expired)

    async def _lines(self) -> list[BatchLine]:
        name = self._context.payload.input_file
        await self._files.get(name)
        parts = [part async for part in content_of(self._files, name)]
        lines = await asyncio.to_thread(lambda: lines_of(b"".join(parts)))
        if not lines:
            raise InvalidRequestError(f"File {name} has no lines.", parameter="input_file_id")
        return lines

    async def _take(self, waiting: Iterator[BatchLine]) -> None:
        for line in waiting:
            if self._recorder.is_crowded:
                await self._recorder.give_way()
            answer = await self._answer(line)
            file = self._output if answer.is_good else self._errors
            await self._files.put(file, [FilePart(line.number, answer.text)])
            self._done += 1
            self._tell()

    async def _answer(self, line: BatchLine) -> BatchAnswer:
        if self._clock.now() < self._until:
            return await self._asker.answer(line)
        self._has_expired = True
        return self._asker.refused(line, EXPIRED, "The batch expired before this line was asked.")

    def _tell(self) -> None:
        self._context.progress(self._done, self._total, f"batch of {self._context.payload.input_file}")


def _files_of(job: Job, order: BatchOrder) -> tuple[NewFile, NewFile]:
    """Return the files of what comes out of a batch, and of what fails: in every attempt the same ones."""
    expires = None if order.keep is None else job.created + order.keep * SECOND
    output, errors = (
        NewFile(
            id=f"file-{job.id}-{end}",
            name=f"{PREFIX}{job.id}_{end}.jsonl",
            purpose=OUTPUT_PURPOSE,
            created=job.created,
            expires=expires,
        )
        for end in ("output", "errors")
    )
    return output, errors


async def _found(files: Files, file: str) -> StoredFile | None:
    try:
        return await files.get(file)
    except NotFoundError:
        return None
