"""Schedules in a table, and what is expected to succeed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from lasttenth.records.errors import InvalidRequestError, NotFoundError
from lasttenth.records.ids import Clock
from lasttenth.records.jobs import Overdue, Schedule, ScheduleState
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.jobs import MAX_NAME, text_of

_rows = schema.schedules
_kinds = schema.expectations


class ScheduleTable:
    """The schedules of one project."""

    def __init__(self, engine: Engine, project: str, clock: Clock) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    async def put(self, schedule: Schedule, *, next_due: int) -> ScheduleState:
        """Store a schedule, or put it in the place of the one of its name. Raises InvalidRequestError.

        While its times stay as they were, the one of its name is due when it would have been, not at `next_due`.
        """
        if not schedule.name or len(schedule.name) > MAX_NAME:
            raise InvalidRequestError(f"A schedule's name has 1 to {MAX_NAME} characters.", parameter="name")
        told = {"body": text_of(schedule), "expect_every": schedule.expect_every}
        begun = {"next_due": next_due, "since": self._clock.now()}
        row = {"project": self._project, "name": schedule.name, "paused": False, "last_success": None, **told, **begun}

        def work(connection: Connection) -> ScheduleState:
            found = connection.execute(select(_rows).where(*self._is(schedule.name)).with_for_update()).first()
            same = found is not None and _times(state_of(found).schedule) == _times(schedule)
            statement = self._engine.insert(_rows).on_conflict_do_update(
                index_elements=["project", "name"], set_=told if same else {**told, **begun}
            )
            connection.execute(statement, row)
            return self._known(connection, schedule.name)

        return await self._engine.write(work)

    async def get(self, name: str) -> ScheduleState:
        """Return a schedule. Raises NotFoundError."""
        return await self._engine.read(lambda connection: self._known(connection, name))

    async def overview(self) -> list[ScheduleState]:
        """Return all schedules, sorted by name."""
        query = select(_rows).where(_rows.c.project == self._project).order_by(_rows.c.name)
        return await self._engine.read(lambda connection: [state_of(row) for row in connection.execute(query)])

    async def remove(self, name: str) -> None:
        """Remove a schedule; its jobs stay. Raises NotFoundError."""

        def work(connection: Connection) -> None:
            self._known(connection, name)
            connection.execute(delete(_rows).where(*self._is(name)))

        await self._engine.write(work)

    async def pause(self, name: str) -> ScheduleState:
        """Enqueue nothing until the schedule is resumed. Raises NotFoundError."""
        return await self._change(name, {"paused": True})

    async def resume(self, name: str, *, next_due: int) -> ScheduleState:
        """Go on from a due time. Raises NotFoundError."""
        return await self._change(name, {"paused": False, "next_due": next_due, "since": self._clock.now()})

    async def expect(self, kind: str, every: int | None) -> None:
        """Expect a job of a kind to be done every so many nanoseconds; None expects nothing any longer."""
        mine = _kinds.c.project == self._project, _kinds.c.kind == kind
        row = {"project": self._project, "kind": kind, "expect_every": every, "since": self._clock.now()}
        statement = self._engine.insert(_kinds).on_conflict_do_update(
            index_elements=["project", "kind"], set_={"expect_every": every}
        )

        def work(connection: Connection) -> None:
            if every is None:
                connection.execute(delete(_kinds).where(*mine))
            else:
                connection.execute(statement, row)

        await self._engine.write(work)

    async def overdue(self) -> list[Overdue]:
        """Return what should have succeeded by now, sorted by subject."""
        now = self._clock.now()
        return await self._engine.read(lambda connection: overdue_in(connection, now, self._project))

    async def _change(self, name: str, values: dict[str, Any]) -> ScheduleState:
        def work(connection: Connection) -> ScheduleState:
            connection.execute(update(_rows).where(*self._is(name)).values(values))
            return self._known(connection, name)

        return await self._engine.write(work)

    def _known(self, connection: Connection, name: str) -> ScheduleState:
        row = connection.execute(select(_rows).where(*self._is(name))).first()
        if row is None:
            raise NotFoundError(
                f"There is no schedule {name} in project {self._project}.",
                hint="List them with: lasttenth schedules list",
            )
        return state_of(row)

    def _is(self, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return _rows.c.project == self._project, _rows.c.name == name


def _times(schedule: Schedule) -> tuple[str, int, str]:
    return schedule.cron, schedule.every, schedule.zone


def state_of(row: Row[Any]) -> ScheduleState:
    """Return the schedule of a row."""
    return ScheduleState(
        project=row.project,
        schedule=msgspec.json.decode(row.body, type=Schedule),
        paused=row.paused,
        next_due=row.next_due,
        since=row.since,
        last_success=row.last_success,
    )


def overdue_in(connection: Connection, now: int, project: str | None = None) -> list[Overdue]:
    """Return what should have succeeded by now, in one project or in all, sorted by project and subject."""
    schedules = select(_rows.c.project, _rows.c.name, _rows.c.expect_every, _rows.c.since, _rows.c.last_success)
    schedules = schedules.where(_rows.c.expect_every.is_not(None), _rows.c.paused.is_(False))
    found = [
        *(_expected(row, f"schedule:{row.name}") for row in connection.execute(schedules)),
        *(_expected(row, f"kind:{row.kind}") for row in connection.execute(select(_kinds))),
    ]
    late = [each for each in found if now - each.since > each.expect_every and project in {None, each.project}]
    return sorted(late, key=_place)


def succeeded(connection: Connection, project: str, *, kinds: Sequence[str], names: Sequence[str], now: int) -> None:
    """Note, inside a transaction, that jobs of these kinds and schedules were done."""
    mine = _kinds.c.project == project, _kinds.c.kind.in_(kinds)
    connection.execute(update(_kinds).where(*mine).values(last_success=now))
    if names:
        connection.execute(
            update(_rows).where(_rows.c.project == project, _rows.c.name.in_(names)).values(last_success=now)
        )


def _expected(row: Row[*tuple[Any, ...]], subject: str) -> Overdue:
    # What began to be expected after the last success has its whole time from then on.
    since = max(row.since, row.last_success or 0)
    return Overdue(project=row.project, subject=subject, expect_every=row.expect_every, since=since)


def _place(each: Overdue) -> tuple[str, str]:
    return each.project, each.subject
