"""Jobs in a table: what their project sees of them, and how they come in."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select, update

from lasttenth.records.errors import ConflictError, InvalidRequestError, NotFoundError
from lasttenth.records.ids import Clock, Ids
from lasttenth.records.jobs import Job, JobState, NewJob, Progress, QueueLimits
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine

MAX_NAME = 200
MAX_ATTEMPTS = 1_000_000
MAX_PRIORITY = 1_000_000
FOREVER = 2**63 - 1
_KEYS_AT_ONCE = 500

_jobs = schema.jobs
_queues = schema.queues
_NO_PROGRESS = msgspec.json.encode(Progress()).decode()


class JobTable:
    """The jobs of one project."""

    def __init__(self, engine: Engine, project: str, *, ids: Ids, clock: Clock) -> None:
        self._engine = engine
        self._project = project
        self._ids = ids
        self._clock = clock

    async def enqueue(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Store jobs durably, all or none; one whose idempotency key is there already is returned as it stands.

        Raises InvalidRequestError.
        """
        rows = new_rows([(self._project, job) for job in jobs], ids=self._ids, now=self._clock.now())
        return await self._engine.write(lambda connection: insert_jobs(self._engine, connection, rows))

    async def get(self, job: str) -> Job:
        """Return a job. Raises NotFoundError."""
        return await self._engine.read(lambda connection: self._known(connection, job))

    async def latest(
        self, *, limit: int = 50, state: JobState | None = None, kind: str = "", before: str = ""
    ) -> list[Job]:
        """Return the latest jobs, newest first; those that were enqueued before one of them, where it is named."""
        query = select(_jobs).where(_jobs.c.project == self._project)
        if state is not None:
            query = query.where(_jobs.c.state == state)
        if kind:
            query = query.where(_jobs.c.kind == kind)
        if before:
            query = query.where(_jobs.c.id < before)
        query = query.order_by(_jobs.c.id.desc()).limit(limit)
        return await self._engine.read(lambda connection: [job_of(row) for row in connection.execute(query)])

    async def cancel(self, job: str) -> Job:
        """Cancel a job: at once where nobody holds it, else its worker hears of it. Raises NotFoundError, ConflictError."""

        def work(connection: Connection) -> Job:
            found = self._known(connection, job, to_change=True)
            now = self._clock.now()
            if found.state == "waiting" or (found.due is not None and found.due <= now):
                return self._changed(connection, job, {"state": "cancelled", "due": None, "ended": now})
            if found.state == "running":
                return self._changed(connection, job, {"cancelling": True})
            raise ConflictError(f"Job {job} is {found.state}: there is nothing to cancel.")

        return await self._engine.write(work)

    async def retry(self, job: str) -> Job:
        """Let a failed or cancelled job wait again, with all its attempts. Raises NotFoundError, ConflictError."""
        again = {"state": "waiting", "attempts": 0, "cancelling": False, "error": "", "error_code": "", "ended": None}

        def work(connection: Connection) -> Job:
            found = self._known(connection, job, to_change=True)
            if found.state not in {"failed", "cancelled"}:
                raise ConflictError(f"Job {job} is {found.state}: only a failed or cancelled one is tried again.")
            return self._changed(connection, job, {**again, "due": self._clock.now()})

        return await self._engine.write(work)

    async def limit(self, queue: str, limits: QueueLimits) -> None:
        """Set the limits of a queue. Raises InvalidRequestError."""
        _check_name("queue", queue)
        if (
            min(limits.per_key, limits.period, *(each for each in (limits.running, limits.rate) if each is not None))
            < 1
        ):
            raise InvalidRequestError(f"A limit of queue {queue} is below 1.", hint="Leave it out for no limit.")
        row = {"project": self._project, "name": queue, "full_until": 0, **msgspec.structs.asdict(limits)}
        statement = self._engine.insert(_queues).on_conflict_do_update(
            index_elements=["project", "name"], set_=msgspec.structs.asdict(limits)
        )
        await self._engine.write(lambda connection: connection.execute(statement, row))

    async def limits(self) -> dict[str, QueueLimits]:
        """Return the limits that were set, by queue."""
        query = select(_queues).where(_queues.c.project == self._project).order_by(_queues.c.name)
        rows = await self._engine.read(lambda connection: connection.execute(query).all())
        return {row.name: limits_of(row) for row in rows}

    def _known(self, connection: Connection, job: str, *, to_change: bool = False) -> Job:
        query = select(_jobs).where(*self._is(job))
        row = connection.execute(query.with_for_update() if to_change else query).first()
        if row is None:
            raise NotFoundError(
                f"There is no job {job} in project {self._project}.", hint="List them with: lasttenth jobs list"
            )
        return job_of(row)

    def _changed(self, connection: Connection, job: str, values: dict[str, Any]) -> Job:
        connection.execute(update(_jobs).where(*self._is(job)).values(values))
        return self._known(connection, job)

    def _is(self, job: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return _jobs.c.project == self._project, _jobs.c.id == job


def new_rows(jobs: Sequence[tuple[str, NewJob]], *, ids: Ids, now: int) -> list[dict[str, Any]]:
    """Return the rows of new jobs, in the order in which they are to be taken. Raises InvalidRequestError."""
    names = sorted(ids.trace() for _ in jobs)
    return [_new_row(project, job, name, now) for (project, job), name in zip(jobs, names, strict=True)]


def insert_jobs(engine: Engine, connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Job]:
    """Insert rows and return their jobs, those that stand already where an idempotency key is taken."""
    if not rows:
        return []
    connection.execute(engine.insert(_jobs).on_conflict_do_nothing(), rows)
    keyed = {(row["project"], row["queue"]) for row in rows if row["concurrency_key"]}
    if keyed:
        unlimited = {**msgspec.structs.asdict(QueueLimits()), "full_until": 0}
        queues = [{"project": project, "name": queue, **unlimited} for project, queue in sorted(keyed)]
        connection.execute(engine.insert(_queues).on_conflict_do_nothing(), queues)
    standing = _standing(connection, [row for row in rows if row["idempotency_key"] is not None])
    return [standing.get((row["kind"], row["idempotency_key"])) or job_of_values(row) for row in rows]


def job_of(row: Row[Any]) -> Job:
    """Return the job of a row."""
    return job_of_values(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name for it


def job_of_values(values: dict[str, Any]) -> Job:
    """Return the job of a row's values."""
    fields = {**values, "payload": msgspec.json.decode(values["payload"])}
    fields["progress"] = msgspec.json.decode(values["progress"], type=Progress)
    fields["result"] = msgspec.json.decode(values["result"])
    fields["idempotency_key"] = values["idempotency_key"] or ""
    return Job(**fields)


def limits_of(row: Row[Any]) -> QueueLimits:
    """Return the limits of a queue's row."""
    return QueueLimits(running=row.running, per_key=row.per_key, rate=row.rate, period=row.period)


def text_of(value: object) -> str:
    """Return a value as JSON. Raises InvalidRequestError."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise InvalidRequestError(f"{type(value).__name__} cannot be kept as JSON: {error}.") from error


def _standing(connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Job]:
    found: dict[tuple[str, str], Job] = {}
    for start in range(0, len(rows), _KEYS_AT_ONCE):
        some = rows[start : start + _KEYS_AT_ONCE]
        query = select(_jobs).where(
            _jobs.c.project == some[0]["project"],
            _jobs.c.kind.in_({row["kind"] for row in some}),
            _jobs.c.idempotency_key.in_({row["idempotency_key"] for row in some}),
        )
        jobs = [job_of(row) for row in connection.execute(query)]
        found.update({(job.kind, job.idempotency_key): job for job in jobs})
    return found


def _new_row(project: str, job: NewJob, name: str, now: int) -> dict[str, Any]:
    _check_name("kind", job.kind)
    _check_name("queue", job.queue)
    if not 1 <= job.max_attempts <= MAX_ATTEMPTS or abs(job.priority) > MAX_PRIORITY:
        raise InvalidRequestError(
            f"A job of {job.kind} has {job.max_attempts} attempts and priority {job.priority}.",
            hint=f"Attempts go from 1 to {MAX_ATTEMPTS}, priorities from -{MAX_PRIORITY} to {MAX_PRIORITY}.",
        )
    return {
        "project": project,
        "id": name,
        "kind": job.kind,
        "payload": text_of(job.payload),
        "queue": job.queue,
        "priority": job.priority,
        "state": "waiting",
        "due": min(max(job.not_before, now), FOREVER),
        "attempts": 0,
        "max_attempts": job.max_attempts,
        "idempotency_key": job.idempotency_key or None,
        "concurrency_key": job.concurrency_key,
        "schedule": job.schedule,
        "cancelling": False,
        "progress": _NO_PROGRESS,
        "result": "null",
        "error_code": "",
        "error": "",
        "worker": "",
        "token": 0,
        "created": now,
        "started": None,
        "ended": None,
    }


def _check_name(what: str, name: str) -> None:
    if not name or len(name) > MAX_NAME:
        raise InvalidRequestError(f"A job's {what} has 1 to {MAX_NAME} characters.", parameter=what)
