"""A store over tables, the same for every engine: projects with their handles, and keys."""

import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, insert, select

from lasttenth.records.errors import InvalidRequestError, StorageError
from lasttenth.records.ids import Clock, Ids, Randomness
from lasttenth.records.totals import SearchLag
from lasttenth.records.traces import Span
from lasttenth.storage import schema
from lasttenth.storage.definitions import DefinitionTable
from lasttenth.storage.engine import Engine
from lasttenth.storage.events import EventTable
from lasttenth.storage.files import FileTable
from lasttenth.storage.indexes import IndexTable, Search
from lasttenth.storage.jobs import JobTable
from lasttenth.storage.migrate import upgrade
from lasttenth.storage.payloads import PayloadTable
from lasttenth.storage.ports import KeyRecord
from lasttenth.storage.schedules import ScheduleTable
from lasttenth.storage.traces.carrying import carry_over
from lasttenth.storage.traces.dictionaries import Dictionaries
from lasttenth.storage.traces.keeping import KeptBlocks
from lasttenth.storage.traces.rows import SpanRows, SpanWords, Text, Waiting
from lasttenth.storage.traces.table import TraceTable
from lasttenth.storage.traces.texts import text_of
from lasttenth.storage.work import WorkTables

PAYLOAD_KEY_BYTES = 32
MAX_PROJECT_NAME = 200
INDEXED_AT_ONCE = 256

logger = logging.getLogger("lasttenth.storage")

_projects = schema.projects
_keys = schema.keys


class OpenEngine(Engine, Protocol):
    """An engine that is open until it is closed."""

    async def close(self) -> None:
        """Finish what was accepted, then release files and threads."""
        ...


class Native(NamedTuple):
    """What an engine does in its own way: rows of spans, their words, and the search of one project."""

    spans: SpanRows
    words: SpanWords
    search: Callable[[], Search]


class TableProject:
    """The handle of one project."""

    def __init__(
        self, engine: Engine, native: Native, dictionaries: Dictionaries, *, key: bytes, ids: Ids, clock: Clock
    ) -> None:
        project = self.project = dictionaries.project
        self.payloads = PayloadTable(engine, project, key)
        self.definitions = DefinitionTable(engine, project, clock)
        self.events = EventTable(engine, project)
        self.files = FileTable(engine, project, clock)
        self.traces = TraceTable(engine, dictionaries, rows=native.spans, words=native.words, key=key, clock=clock)
        self.indexes = IndexTable(engine, project, self.payloads, native.search())
        self.jobs = JobTable(engine, project, ids=ids, clock=clock)
        self.schedules = ScheduleTable(engine, project, clock)


class TableStore:
    """The store of one engine, which it closes in the end."""

    def __init__(self, engine: OpenEngine, native: Native, *, clock: Clock, randomness: Randomness) -> None:
        self._engine = engine
        self._native = native
        self._clock = clock
        self._randomness = randomness
        self._ids = Ids(clock, randomness)
        self.work = WorkTables(engine, ids=self._ids, clock=clock)
        self._handles: dict[str, TableProject] = {}
        self._dictionaries: dict[str, Dictionaries] = {}

    async def project(self, name: str) -> TableProject:
        """Return the handle of a project, which is created when it is new."""
        handle = self._handles.get(name)
        if handle is None:
            key = await self._engine.read(lambda connection: _key_of(connection, name))
            if key is None:
                key = await self._engine.write(lambda connection: self._ensure(connection, name))
            handle = self._handles.setdefault(name, self._handle(name, key))
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

    async def index_spans(self, *, limit: int = INDEXED_AT_ONCE) -> SearchLag:
        """Make some of the spans that wait for it searchable, in all projects, and return what waits still."""
        return await self._engine.write(lambda connection: self._index(connection, limit))

    async def search_lag(self) -> SearchLag:
        """Return what full-text search does not find yet."""
        return await self._engine.read(self._native.words.lag)

    async def version(self) -> str:
        """Return a mark that is another one after any commit, of this process or another one."""
        return await self._engine.version()

    async def close(self) -> None:
        """Finish what was accepted, then release files and threads."""
        await self._engine.close()

    def upgrade(self, connection: Connection) -> None:
        """Bring the schema up to date, and what an earlier one held with it, in one transaction. Raises StorageError."""
        upgrade(connection)

        def insert(connection: Connection, project: str, spans: list[Span]) -> None:
            key = _key_of(connection, project) or b""
            self._handle(project, key).traces.insert(connection, spans)

        carry_over(connection, insert)

    def _handle(self, project: str, key: bytes) -> TableProject:
        packing = self._packing(project)
        return TableProject(self._engine, self._native, packing, key=key, ids=self._ids, clock=self._clock)

    def _packing(self, project: str) -> Dictionaries:
        known = self._dictionaries.get(project)
        return known or self._dictionaries.setdefault(project, Dictionaries(project))

    def _index(self, connection: Connection, limit: int) -> SearchLag:
        words = self._native.words
        texts: dict[str, list[Text]] = {}
        for span in words.waiting(connection, limit):
            texts.setdefault(span.project, []).append(self._text(connection, span))
        for project, found in texts.items():
            words.add(connection, project, found)
        return words.lag(connection)

    def _text(self, connection: Connection, span: Waiting) -> Text:
        try:
            body = self._packing(span.project).packer(connection, span.dictionary).unpack(bytes(span.payload))
            said = KeptBlocks(self._native.spans, span.project).said(connection, body)
        except StorageError as error:
            # One that is damaged holds up no other.
            logger.error("A span of project %s is found by its name alone: %s", span.project, error)  # noqa: TRY400
            return Text(span.place, span.name)
        return Text(span.place, text_of(span.name, said, indexed=body.indexed))

    def _ensure(self, connection: Connection, name: str) -> bytes:
        if not name or len(name) > MAX_PROJECT_NAME:
            raise InvalidRequestError(f"A project's name has 1 to {MAX_PROJECT_NAME} characters.", parameter="project")
        row = {"name": name, "payload_key": self._randomness(PAYLOAD_KEY_BYTES), "created": self._clock.now()}
        connection.execute(self._engine.insert(_projects).on_conflict_do_nothing(), row)
        key = _key_of(connection, name)
        if key is None:
            raise StorageError(f"Project {name} could not be made.")
        return key


def _key_of(connection: Connection, name: str) -> bytes | None:
    """Return the payload key of a project, None while there is no such project."""
    key = connection.scalar(select(_projects.c.payload_key).where(_projects.c.name == name))
    return None if key is None else bytes(key)
