"""Events in a table: appended once, by id, and never changed."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from lasttenth.records.events import Event
from lasttenth.records.hashing import canonical
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

    async def latest(self, kind: type[E], *, subject: str | None = None, limit: int = 100) -> list[E]:
        """Return the latest events of a kind, newest first."""
        query = select(_rows.c.body).where(_rows.c.project == self._project, _rows.c.kind == kind.kind)
        if subject is not None:
            query = query.where(_rows.c.subject == subject)
        query = query.order_by(_rows.c.sequence.desc()).limit(limit)
        bodies = await self._engine.read(lambda connection: connection.scalars(query).all())
        return [msgspec.json.decode(body, type=kind) for body in bodies]

    def insert(self, connection: Connection, events: Sequence[Event]) -> None:
        """Insert events inside a transaction that does more than this."""
        rows = [
            {
                "project": self._project,
                "id": event.id,
                "kind": event.kind,
                "subject": event.subject,
                "at": event.at,
                "body": canonical(event).decode(),
            }
            for event in events
        ]
        if rows:
            connection.execute(self._engine.insert(_rows).on_conflict_do_nothing(), rows)
