"""The SQLite store: opens the file, brings its schema up to date, and hands out project handles."""

from pathlib import Path

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from lasttenth.records.errors import InvalidRequestError, StorageError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage import schema
from lasttenth.storage.definitions import DefinitionTable
from lasttenth.storage.events import EventTable
from lasttenth.storage.migrate import is_up_to_date, upgrade
from lasttenth.storage.payloads import PayloadTable
from lasttenth.storage.ports import KeyRecord
from lasttenth.storage.sqlite.engine import SqliteEngine
from lasttenth.storage.sqlite.indexes import IndexTable
from lasttenth.storage.sqlite.traces import TraceTable

PAYLOAD_KEY_BYTES = 32
MAX_PROJECT_NAME = 200

_projects = schema.projects
_keys = schema.keys


class SqliteProject:
    """The handle of one project."""

    def __init__(self, engine: SqliteEngine, project: str, key: bytes, clock: Clock) -> None:
        self.project = project
        self.payloads = PayloadTable(engine, project, key)
        self.definitions = DefinitionTable(engine, project, clock)
        self.events = EventTable(engine, project)
        self.traces = TraceTable(engine, project, self.payloads)
        self.indexes = IndexTable(engine, project, self.payloads)


class SqliteStore:
    """The store in one file. Open it with `await SqliteStore.open(…)`."""

    def __init__(self, engine: SqliteEngine, clock: Clock, randomness: Randomness) -> None:
        self._engine = engine
        self._clock = clock
        self._randomness = randomness
        self._handles: dict[str, SqliteProject] = {}

    @classmethod
    async def open(
        cls, path: Path, *, clock: Clock, randomness: Randomness, busy_timeout: float = 5.0
    ) -> "SqliteStore":
        """Open or create the file and bring its schema up to date. Raises StorageError."""
        engine = SqliteEngine(path, busy_timeout=busy_timeout)
        try:
            # Only what has something to write waits for another process that does.
            if not await engine.read(is_up_to_date):
                await engine.write(upgrade)
        except BaseException:
            await engine.close()
            raise
        return cls(engine, clock, randomness)

    async def project(self, name: str) -> SqliteProject:
        """Return the handle of a project, which is created when it is new."""
        handle = self._handles.get(name)
        if handle is None:
            key = await self._engine.read(lambda connection: _key_of(connection, name))
            if key is None:
                key = await self._engine.write(lambda connection: self._ensure(connection, name))
            handle = self._handles.setdefault(name, SqliteProject(self._engine, name, key, self._clock))
        return handle

    async def projects(self) -> list[str]:
        """Return the names of all projects, sorted."""
        query = select(_projects.c.name).order_by(_projects.c.name)
        return list(await self._engine.read(lambda connection: connection.scalars(query).all()))

    async def add_key(self, key: KeyRecord) -> None:
        """Store a key."""
        row = msgspec.structs.asdict(key)
        await self._engine.write(lambda connection: connection.execute(insert(_keys), row))

    async def key(self, key_id: str) -> KeyRecord | None:
        """Return a key by its public id, whatever its project: a request names its project by its key."""
        query = select(_keys).where(_keys.c.id == key_id)
        row = await self._engine.read(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else KeyRecord(**row)

    async def has_keys(self) -> bool:
        """Tell whether there is any key."""
        query = select(_keys.c.id).limit(1)
        return await self._engine.read(lambda connection: connection.scalar(query)) is not None

    async def close(self) -> None:
        """Finish what was accepted, then release files and threads."""
        await self._engine.close()

    def _ensure(self, connection: Connection, name: str) -> bytes:
        if not name or len(name) > MAX_PROJECT_NAME:
            raise InvalidRequestError(f"A project's name has 1 to {MAX_PROJECT_NAME} characters.", parameter="project")
        row = {"name": name, "payload_key": self._randomness(PAYLOAD_KEY_BYTES), "created": self._clock.now()}
        connection.execute(insert(_projects).on_conflict_do_nothing(), row)
        key = _key_of(connection, name)
        if key is None:
            raise StorageError(f"Project {name} could not be made.")
        return key


def _key_of(connection: Connection, name: str) -> bytes | None:
    """Return the payload key of a project, None while there is no such project."""
    key = connection.scalar(select(_projects.c.payload_key).where(_projects.c.name == name))
    return None if key is None else bytes(key)
