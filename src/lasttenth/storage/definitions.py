"""Definitions in tables: one row for each content hash, and the edges between them."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from lasttenth.records.definitions import Definition
from lasttenth.records.errors import NotFoundError
from lasttenth.records.ids import Clock
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.ports import D

_rows = schema.definitions
_edges = schema.edges


class DefinitionTable:
    """The definitions of one project."""

    def __init__(self, engine: Engine, project: str, clock: Clock) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    async def put(self, definition: Definition, *, derived_from: Sequence[str] = ()) -> str:
        """Store a definition, if it is new, and return its hash."""
        name = definition.hash
        body = definition.body.decode()
        row = {
            "project": self._project,
            "hash": name,
            "kind": definition.kind,
            "body": body,
            "created": self._clock.now(),
        }
        parents = [{"project": self._project, "child": name, "parent": parent} for parent in derived_from]

        def work(connection: Connection) -> None:
            connection.execute(self._engine.insert(_rows).on_conflict_do_nothing(), row)
            if parents:
                connection.execute(self._engine.insert(_edges).on_conflict_do_nothing(), parents)

        await self._engine.write(work)
        return name

    async def get(self, kind: type[D], content_hash: str) -> D:
        """Return a definition. Raises NotFoundError."""
        query = select(_rows.c.body).where(
            _rows.c.project == self._project, _rows.c.hash == content_hash, _rows.c.kind == kind.kind
        )
        body = await self._engine.read(lambda connection: connection.scalar(query))
        if body is None:
            raise NotFoundError(f"There is no {kind.kind} {content_hash[:12]} in project {self._project}.")
        return msgspec.json.decode(body, type=kind)

    async def latest(self, kind: type[D], *, limit: int = 100) -> list[D]:
        """Return the latest definitions of a kind, newest first."""
        query = (
            select(_rows.c.body)
            .where(_rows.c.project == self._project, _rows.c.kind == kind.kind)
            .order_by(_rows.c.created.desc(), _rows.c.hash)
            .limit(limit)
        )
        bodies = await self._engine.read(lambda connection: connection.scalars(query).all())
        return [msgspec.json.decode(body, type=kind) for body in bodies]

    async def ancestors(self, content_hash: str) -> tuple[str, ...]:
        """Return the hashes that a definition was derived from, sorted."""
        query = (
            select(_edges.c.parent)
            .where(_edges.c.project == self._project, _edges.c.child == content_hash)
            .order_by(_edges.c.parent)
        )
        return tuple(await self._engine.read(lambda connection: connection.scalars(query).all()))
