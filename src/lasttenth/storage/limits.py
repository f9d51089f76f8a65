"""How much room queues have, inside the transaction that takes jobs from them: all workers together keep the limits.

The rate of a queue is a bucket of `rate` starts that refills evenly in `period`. It is kept as one time, by which the
bucket will be full again (the generic cell rate algorithm, ITU-T I.371).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, tuple_, update

from lasttenth.records.jobs import Job
from lasttenth.storage import schema

_jobs = schema.jobs
_queues = schema.queues

_Queue = tuple[str, str]
_Key = tuple[str, str, str]


class Room:
    """What may be taken now from the queues that have limits; queues without any have no end of room."""

    def __init__(self, connection: Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._limits: dict[_Queue, Row[Any]] = {}
        self._running: Counter[_Queue] = Counter()
        self._by_key: Counter[_Key] = Counter()
        self._full_until: dict[_Queue, int] = {}
        self.full_queues: set[_Queue] = set()
        self.full_keys: set[_Key] = set()

    def look(self, jobs: Sequence[Job]) -> None:
        """Find out what the queues of these jobs allow.

        Their rows are locked, so that another worker's claim waits, and then counts what this one took.
        """
        new = {(job.project, job.queue) for job in jobs} - set(self._limits)
        mine = tuple_(_queues.c.project, _queues.c.name).in_(new)
        query = select(_queues).where(mine).order_by(_queues.c.project, _queues.c.name)
        found = {(row.project, row.name): row for row in self._connection.execute(query.with_for_update())}
        if found:
            self._limits.update(found)
            self._full_until.update({name: max(row.full_until, self._now) for name, row in found.items()})
            self._count(set(found))

    def take(self, job: Job) -> bool:
        """Take one place for a job, if there is one; else note that its queue or key is full."""
        queue, key = (job.project, job.queue), (job.project, job.queue, job.concurrency_key)
        row = self._limits.get(queue)
        if row is None:
            return True
        if self._is_full(queue, row):
            self.full_queues.add(queue)
            return False
        if job.concurrency_key and self._by_key[key] >= row.per_key:
            self.full_keys.add(key)
            return False
        self._running[queue] += 1
        self._by_key[key] += 1
        if row.rate is not None:
            self._full_until[queue] += _interval(row)
        return True

    def store(self) -> None:
        """Keep what was taken from the buckets."""
        for (project, name), until in self._full_until.items():
            if until > max(self._limits[project, name].full_until, self._now):
                mine = _queues.c.project == project, _queues.c.name == name
                self._connection.execute(update(_queues).where(*mine).values(full_until=until))

    def _count(self, queues: set[_Queue]) -> None:
        columns = (_jobs.c.project, _jobs.c.queue, _jobs.c.concurrency_key)
        query = select(*columns, func.count().label("running")).where(_jobs.c.state == "running")
        query = query.where(_jobs.c.due > self._now, tuple_(_jobs.c.project, _jobs.c.queue).in_(queues))
        for row in self._connection.execute(query.group_by(*columns)):
            self._running[row.project, row.queue] += row.running
            self._by_key[row.project, row.queue, row.concurrency_key] += row.running

    def _is_full(self, queue: _Queue, row: Row[Any]) -> bool:
        if row.running is not None and self._running[queue] >= row.running:
            return True
        return row.rate is not None and self._full_until[queue] + _interval(row) > self._now + row.period


def _interval(row: Row[Any]) -> int:
    return int(row.period // row.rate)
