"""What workers do, in transactions: take jobs within their limits, keep them, and end each of them once."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, select, tuple_, update

from lasttenth.records.ids import Clock, Ids
from lasttenth.records.jobs import (
    Beat,
    Firing,
    Job,
    Lease,
    Outcome,
    Overdue,
    Pulse,
    ScheduleState,
    job_of_schedule,
)
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.events import insert_events
from lasttenth.storage.jobs import insert_jobs, job_of, new_rows, text_of
from lasttenth.storage.limits import Room
from lasttenth.storage.schedules import overdue_in, state_of, succeeded

PASSES = 8
"""How often one claim looks again after it met a queue or a key that is full."""
WORKER_AWAY = "worker_away"
FORGOTTEN_AT_ONCE = 5000
"""So that no other writer waits for long."""

_jobs = schema.jobs
_schedules = schema.schedules

_Row = Row[*tuple[Any, ...]]
_Rows = dict[tuple[str, str], _Row]


class WorkTables:
    """The jobs and schedules of all projects, for workers."""

    def __init__(self, engine: Engine, *, ids: Ids, clock: Clock) -> None:
        self._engine = engine
        self._ids = ids
        self._clock = clock

    async def is_due(self, kinds: Sequence[str]) -> bool:
        """Tell whether there is a job of these kinds to take, as far as its due time says."""
        query = select(_jobs.c.id).where(_jobs.c.due <= self._clock.now(), _jobs.c.kind.in_(kinds)).limit(1)
        return await self._engine.read(lambda connection: connection.scalar(query)) is not None

    async def claim(self, kinds: Sequence[str], *, limit: int, lease: int, worker: str) -> list[Job]:
        """Take jobs that are due, the most urgent first, each under a lease of so many nanoseconds.

        A job whose lease ran out is taken again; where that was its last attempt it fails instead.
        """
        now = self._clock.now()

        def work(connection: Connection) -> list[Job]:
            room = Room(connection, now)
            taken: list[Job] = []
            for _ in range(PASSES):
                wanted = limit - len(taken)
                found = _candidates(connection, kinds, room, now=now, limit=wanted)
                room.look(found)
                begun = [job for job in found if not _has_ended(job) and room.take(job)]
                _end_abandoned(connection, [job for job in found if _has_ended(job)], now)
                taken += _begin(connection, begun, now=now, until=now + lease, worker=worker)
                if len(begun) == wanted or not found:
                    break
            room.store()
            return taken

        return await self._engine.write(work)

    async def beat(self, beats: Sequence[Beat], *, lease: int) -> list[Pulse]:
        """Renew leases, store progress, and tell for each job whether its worker still holds it."""
        until = self._clock.now() + lease

        def work(connection: Connection) -> list[Pulse]:
            held = _held(connection, [beat.lease for beat in beats])
            pulses = [_pulse(beat.lease, held) for beat in beats]
            kept = [beat for beat, pulse in zip(beats, pulses, strict=True) if pulse != "lost"]
            for project, group in _by_project([beat.lease for beat in kept]):
                mine = _jobs.c.project == project, _jobs.c.id.in_([lease.job for lease in group])
                connection.execute(update(_jobs).where(*mine).values(due=until))
            for beat in kept:
                if beat.progress is not None:
                    statement = update(_jobs).where(*_is(beat.lease))
                    connection.execute(statement.values(progress=text_of(beat.progress)))
            return pulses

        return await self._engine.write(work)

    async def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Record how attempts ended, each together with its events; False for a lease that had passed to another."""
        now = self._clock.now()

        def work(connection: Connection) -> list[bool]:
            held = _held(connection, [outcome.lease for outcome in outcomes])
            accepted = [_heard(each, held) for each in outcomes if _pulse(each.lease, held) != "lost"]
            _record(connection, accepted, now)
            _note_successes(connection, [(each, held[_name(each.lease)]) for each in accepted], now)
            events = [(each.lease.project, event) for each in accepted for event in each.events]
            insert_events(self._engine, connection, events)
            return [_was_recorded(outcome, held) for outcome in outcomes]

        return await self._engine.write(work)

    async def due_schedules(self) -> list[ScheduleState]:
        """Return the schedules that are due."""
        query = select(_schedules).where(_schedules.c.next_due <= self._clock.now(), _schedules.c.paused.is_(False))
        return await self._engine.read(lambda connection: [state_of(row) for row in connection.execute(query)])

    async def fire(self, firing: Firing) -> bool:
        """Enqueue one job for each due time, and move the schedule on; False where somebody else has."""
        now = self._clock.now()
        mine = _schedules.c.project == firing.project, _schedules.c.name == firing.name
        query = select(_schedules).where(*mine, _schedules.c.next_due == firing.seen, _schedules.c.paused.is_(False))

        def work(connection: Connection) -> bool:
            row = connection.execute(query.with_for_update()).first()
            if row is None:
                return False
            schedule = state_of(row).schedule
            jobs = [(firing.project, job_of_schedule(schedule, time=time)) for time in firing.times]
            insert_jobs(self._engine, connection, new_rows(jobs, ids=self._ids, now=now))
            connection.execute(update(_schedules).where(*mine).values(next_due=firing.next_due))
            return True

        return await self._engine.write(work)

    async def overdue(self) -> list[Overdue]:
        """Return what should have succeeded by now, in all projects."""
        now = self._clock.now()
        return await self._engine.read(lambda connection: overdue_in(connection, now))

    async def forget(self, before: int) -> int:
        """Remove jobs that ended before a time, `FORGOTTEN_AT_ONCE` at most, and return how many they were."""
        old = select(_jobs.c.project, _jobs.c.id).where(_jobs.c.ended < before).limit(FORGOTTEN_AT_ONCE)
        statement = delete(_jobs).where(tuple_(_jobs.c.project, _jobs.c.id).in_(old))
        return await self._engine.write(lambda connection: connection.execute(statement).rowcount)


def _candidates(connection: Connection, kinds: Sequence[str], room: Room, *, now: int, limit: int) -> list[Job]:
    query = select(_jobs).where(_jobs.c.due <= now, _jobs.c.kind.in_(kinds))
    if room.full_queues:
        query = query.where(tuple_(_jobs.c.project, _jobs.c.queue).not_in(room.full_queues))
    if room.full_keys:
        query = query.where(tuple_(_jobs.c.project, _jobs.c.queue, _jobs.c.concurrency_key).not_in(room.full_keys))
    query = query.order_by(_jobs.c.priority.desc(), _jobs.c.due, _jobs.c.id).limit(limit)
    return [job_of(row) for row in connection.execute(query.with_for_update(skip_locked=True))]


def _has_ended(job: Job) -> bool:
    """Tell whether nobody may begin a job whose lease ran out: it was cancelled, or that was its last attempt."""
    return job.state == "running" and (job.cancelling or job.attempts >= job.max_attempts)


def _end_abandoned(connection: Connection, jobs: Sequence[Job], now: int) -> None:
    for job in jobs:
        values: dict[str, Any] = {"state": "cancelled", "due": None, "ended": now, "cancelling": False}
        if not job.cancelling:
            said = f"Its worker went away {job.attempts} times before it was done."
            values |= {"state": "failed", "error_code": WORKER_AWAY, "error": said}
        connection.execute(update(_jobs).where(_jobs.c.project == job.project, _jobs.c.id == job.id).values(values))


def _begin(connection: Connection, jobs: Sequence[Job], *, now: int, until: int, worker: str) -> list[Job]:
    values = {"state": "running", "due": until, "started": now, "worker": worker}
    counted = {"token": _jobs.c.token + 1, "attempts": _jobs.c.attempts + 1}
    for project, group in groupby(sorted(jobs, key=_project_of), key=_project_of):
        mine = _jobs.c.project == project, _jobs.c.id.in_([job.id for job in group])
        connection.execute(update(_jobs).where(*mine).values({**values, **counted}))
    return [msgspec.structs.replace(job, token=job.token + 1, attempts=job.attempts + 1, **values) for job in jobs]


def _held(connection: Connection, leases: Sequence[Lease]) -> _Rows:
    columns = (_jobs.c.project, _jobs.c.id, _jobs.c.token, _jobs.c.state, _jobs.c.cancelling)
    found: _Rows = {}
    for project, group in _by_project(leases):
        mine = _jobs.c.project == project, _jobs.c.id.in_([lease.job for lease in group])
        query = select(*columns, _jobs.c.kind, _jobs.c.schedule).where(*mine).order_by(_jobs.c.id)
        found.update({(row.project, row.id): row for row in connection.execute(query.with_for_update())})
    return found


def _pulse(lease: Lease, held: _Rows) -> Pulse:
    row = held.get(_name(lease))
    if row is None or row.token != lease.token or row.state != "running":
        return "lost"
    return "cancel" if row.cancelling else "kept"


def _heard(outcome: Outcome, held: _Rows) -> Outcome:
    """Return an outcome as it counts: what was to be cancelled does not wait for another attempt."""
    if outcome.state == "waiting" and held[_name(outcome.lease)].cancelling:
        return msgspec.structs.replace(outcome, state="cancelled")
    return outcome


def _was_recorded(outcome: Outcome, held: _Rows) -> bool:
    """Tell whether an outcome stands: recorded now, or before, when the answer to that was lost on its way."""
    row = held.get(_name(outcome.lease))
    return row is not None and row.token == outcome.lease.token and row.state in {"running", outcome.state}


def _record(connection: Connection, outcomes: Sequence[Outcome], now: int) -> None:
    """Write the outcomes, those that say the same together."""
    groups: dict[tuple[str, tuple[tuple[str, Any], ...], bool], list[str]] = {}
    for outcome in outcomes:
        same = outcome.lease.project, tuple(_values(outcome, now).items()), outcome.counted
        groups.setdefault(same, []).append(outcome.lease.job)
    for (project, values, counted), jobs in groups.items():
        attempts = _jobs.c.attempts if counted else _jobs.c.attempts - 1
        statement = update(_jobs).where(_jobs.c.project == project, _jobs.c.id.in_(jobs))
        connection.execute(statement.values({**dict(values), "attempts": attempts}))


def _values(outcome: Outcome, now: int) -> dict[str, Any]:
    again = outcome.state == "waiting"
    values: dict[str, Any] = {
        "state": outcome.state,
        "due": outcome.due if again else None,
        "ended": None if again else now,
        "result": text_of(outcome.result),
        "error_code": outcome.error_code,
        "error": outcome.error,
        "cancelling": False,
    }
    if outcome.progress is not None:
        values["progress"] = text_of(outcome.progress)
    return values


def _note_successes(connection: Connection, ended: Sequence[tuple[Outcome, _Row]], now: int) -> None:
    done = sorted((row.project, row.kind, row.schedule) for outcome, row in ended if outcome.state == "done")
    for project, group in groupby(dict.fromkeys(done), key=_first):
        facts = list(group)
        kinds, names = {kind for _, kind, _ in facts}, {name for _, _, name in facts if name}
        succeeded(connection, project, kinds=sorted(kinds), names=sorted(names), now=now)


def _by_project(leases: Sequence[Lease]) -> Iterator[tuple[str, list[Lease]]]:
    for project, group in groupby(sorted(leases, key=_name), key=lambda lease: lease.project):
        yield project, list(group)


def _is(lease: Lease) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _jobs.c.project == lease.project, _jobs.c.id == lease.job


def _name(lease: Lease) -> tuple[str, str]:
    return lease.project, lease.job


def _project_of(job: Job) -> str:
    return job.project


def _first(fact: tuple[str, str, str]) -> str:
    return fact[0]
