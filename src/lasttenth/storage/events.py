"""Events in a table: appended once, by id, and never changed."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, select

from lasttenth.records.errors import NotFoundError
from lasttenth.records.events import Event
from lasttenth.records.hashing import canonical
from lasttenth.records.jobs import EventRow
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.ports import E

_rows = schema.events


class EventTable:
    """The events of one project."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project

    async def append(self, events: Sequence[Event]) -> None:
        """Store events durably; one that is stored already (same id) is left as it is."""
        await self._engine.write(lambda connection: self.insert(connection, events))

    async def get(self, kind: type[E], event_id: str) -> E:
        """Return an event. Raises NotFoundError."""
        query = select(_rows.c.body).where(
            _rows.c.project == self._project, _rows.c.id == event_id, _rows.c.kind == kind.kind
        )
        body = await self._engine.read(lambda connection: connection.scalar(query))
        if body is None:
            raise NotFoundError(f"There is no {kind.kind} {event_id} in project {self._project}.")
        return msgspec.json.decode(body, type=kind)

    async def latest(self, kind: type[E], *, subject: str | None = None, limit: int = 100) -> list[E]:
        """Return the latest events of a kind, newest first."""
        query = select(_rows.c.body).where(_rows.c.project == self._project, _rows.c.kind == kind.kind)
        if subject is not None:
            query = query.where(_rows.c.subject == subject)
        query = query.order_by(_rows.c.sequence.desc()).limit(limit)
        bodies = await self._engine.read(lambda connection: connection.scalars(query).all())
        return [msgspec.json.decode(body, type=kind) for body in bodies]

    async def latest_of_each(self, kind: type[E]) -> list[E]:
        """Return the latest event of each subject of a kind, newest first."""
        of_kind = (_rows.c.project == self._project, _rows.c.kind == kind.kind)
        last = select(func.max(_rows.c.sequence)).where(*of_kind).group_by(_rows.c.subject)
        query = select(_rows.c.body).where(_rows.c.sequence.in_(last)).order_by(_rows.c.sequence.desc())
        bodies = await self._engine.read(lambda connection: connection.scalars(query).all())
        return [msgspec.json.decode(body, type=kind) for body in bodies]

    def insert(self, connection: Connection, events: Sequence[Event]) -> None:
        """Insert events inside a transaction that does more than this."""
        insert_events(self._engine, connection, [(self._project, event_row(event)) for event in events])


def event_row(event: Event) -> EventRow:
    """Return an event written out."""
    body = canonical(event).decode()
    return EventRow(id=event.id, kind=event.kind, subject=event.subject, at=event.at, body=body)


def insert_events(engine: Engine, connection: Connection, events: Sequence[tuple[str, EventRow]]) -> None:
    """Insert events of any projects inside a transaction; one that is stored already is left as it is."""
    if events:
        rows = [{"project": project, **msgspec.structs.asdict(row)} for project, row in events]
        connection.execute(engine.insert(_rows).on_conflict_do_nothing(), rows)
