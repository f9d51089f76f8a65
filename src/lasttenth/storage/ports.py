"""The ports of the store. Each is bound to one project: nothing reached through it can touch another project's rows."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from lasttenth.records.definitions import Definition
from lasttenth.records.events import Erasure, Event
from lasttenth.records.totals import Label, Payer, Period, SearchLag, Spending, Total
from lasttenth.records.traces import EVERYTHING, Payload, Span, TraceFilter, TraceSummary
from lasttenth.storage.file_ports import Files
from lasttenth.storage.job_ports import Jobs, Schedules, Work

D = TypeVar("D", bound=Definition)
E = TypeVar("E", bound=Event)


class IndexSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an index was built with. Vectors of another embedder, or chunks of another splitter, never enter it."""

    splitter: str
    embedder: str = ""
    """Empty: the index has no vectors and is searched by words alone."""
    embedder_hash: str = ""
    dimension: int = 0


class IndexInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An index: its settings, and a revision that grows with every change."""

    name: str
    settings: IndexSettings
    revision: int


class IndexSize(NamedTuple):
    """How much an index holds."""

    documents: int
    chunks: int


class NewChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document to be indexed: `[start, end)` in characters of its text, first line counted from 1."""

    start: int
    end: int
    line: int
    headings: tuple[str, ...] = ()
    vector: bytes = b""
    """Little-endian float32, `dimension` numbers of unit length; empty in an index without vectors."""


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document to be indexed: its whole text, the hash of the bytes it came from, and its chunks in order."""

    name: str
    hash: str
    media_type: str
    text: str
    chunks: tuple[NewChunk, ...]


class StoredChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as it was found: where it stands and its text."""

    id: int
    document: str
    start: int
    end: int
    line: int
    headings: tuple[str, ...]
    text: str


class Hit(NamedTuple):
    """A chunk that matched; a higher score is better, comparable only within one search."""

    chunk: int
    score: float


class Definitions(Protocol):
    """Content-addressed, immutable records."""

    async def put(self, definition: Definition, *, derived_from: Sequence[str] = ()) -> str:
        """Store a definition, if it is new, and return its hash."""
        ...

    async def get(self, kind: type[D], content_hash: str) -> D:
        """Return a definition. Raises NotFoundError."""
        ...

    async def latest(self, kind: type[D], *, limit: int = 100) -> list[D]:
        """Return the latest definitions of a kind, newest first."""
        ...

    async def ancestors(self, content_hash: str) -> tuple[str, ...]:
        """Return the hashes that a definition was derived from, sorted."""
        ...


class Events(Protocol):
    """Append-only records."""

    async def append(self, events: Sequence[Event]) -> None:
        """Store events durably; one that is stored already (same id) is left as it is."""
        ...

    async def get(self, kind: type[E], event_id: str) -> E:
        """Return an event. Raises NotFoundError."""
        ...

    async def latest(self, kind: type[E], *, subject: str | None = None, limit: int = 100) -> list[E]:
        """Return the latest events of a kind, newest first."""
        ...

    async def latest_of_each(self, kind: type[E]) -> list[E]:
        """Return the latest event of each subject of a kind, newest first."""
        ...


class Payloads(Protocol):
    """Prompts, answers and documents: stored once per content and project, erasable."""

    async def put(self, payload: Payload) -> str:
        """Store a payload and return its id, the hash of its content under the project's key."""
        ...

    async def get(self, payload_id: str) -> Payload | None:
        """Return a payload, or None once it has been erased. Raises NotFoundError."""
        ...

    async def erase(self, erasure: Erasure) -> None:
        """Erase a payload for good and record the erasure; its id stays as a tombstone. Raises NotFoundError."""
        ...


class Traces(Protocol):
    """Spans, by trace, and what they came to."""

    async def append(self, spans: Sequence[Span]) -> None:
        """Store spans durably, with their payloads; a span that is stored already is left as it is."""
        ...

    async def get(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace in order of their start. Raises NotFoundError."""
        ...

    async def latest(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        where: TraceFilter = EVERYTHING,
    ) -> list[TraceSummary]:
        """Return root spans that started before and after the given Unix nanoseconds, newest first."""
        ...

    async def totals(
        self,
        *,
        after: int,
        before: int,
        by: Sequence[Label] = (),
        period: Period | None = None,
        where: dict[Label, str] | None = None,
    ) -> list[Total]:
        """Return what spans came to in the hours that begin at or after one time and before another."""
        ...

    async def spending(self, *, by: Payer, after: int, before: int, limit: int = 100) -> list[Spending]:
        """Return who spent most on the days that begin at or after one time and before another."""
        ...

    async def erase(self, trace_id: str, erasure: Erasure) -> None:
        """Erase the inputs, outputs and attributes of a trace for good, and record it. Raises NotFoundError."""
        ...

    async def expire(self, before: int) -> int:
        """Remove the spans that started before a time and return how many they were; the totals stay."""
        ...

    async def learn(self) -> bool:
        """Train a dictionary for the spans to come, if it is time to, and tell whether one was stored."""
        ...


class Indexes(Protocol):
    """Documents made searchable by words and, where an embedder is at hand, by meaning."""

    async def create(self, name: str, settings: IndexSettings) -> IndexInfo:
        """Create an index, or return the one that stands. Raises ConflictError when its settings differ."""
        ...

    async def get(self, name: str) -> IndexInfo:
        """Return an index. Raises IndexNotFoundError."""
        ...

    async def overview(self) -> list[IndexInfo]:
        """Return all indexes, sorted by name."""
        ...

    async def size(self, name: str) -> IndexSize:
        """Return how much an index holds. Raises IndexNotFoundError."""
        ...

    async def drop(self, name: str) -> None:
        """Remove an index with all its documents. Raises IndexNotFoundError."""
        ...

    async def replace(self, name: str, *, by: str) -> None:
        """Give an index the name of another, which is removed if it is there. Raises IndexNotFoundError."""
        ...

    async def documents(self, name: str) -> dict[str, str]:
        """Return the documents of an index: name → hash of the bytes it came from."""
        ...

    async def put(self, name: str, documents: Sequence[NewDocument]) -> None:
        """Index documents, all or none; one of the same name is replaced."""
        ...

    async def remove(self, name: str, documents: Sequence[str]) -> None:
        """Remove documents by name; unknown names are ignored."""
        ...

    async def text(self, name: str, document: str) -> str:
        """Return a document's whole text. Raises NotFoundError."""
        ...

    async def search_words(self, name: str, query: str, *, limit: int) -> list[Hit]:
        """Return the chunks that share words with the query, best first by BM25 with stemming."""
        ...

    async def search_vectors(self, name: str, vector: NDArray[np.float32], *, limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine; in a large index hardly one is missed."""
        ...

    async def chunks(self, name: str, ids: Sequence[int]) -> list[StoredChunk]:
        """Return chunks in the order of the ids; ids of other indexes or projects are left out."""
        ...

    async def snapshot(self, name: str) -> str:
        """Return the hash of what the index holds: settings, document names and the hashes of their bytes."""
        ...


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored key: found by its public id, proven by the keyed digest of its secret."""

    id: str
    name: str
    project: str
    digest: str
    created: int
    revoked: int | None = None


class ProjectStore(Protocol):
    """The handle through which one project reaches the store."""

    @property
    def project(self) -> str:
        """Return the project's name."""
        ...

    @property
    def definitions(self) -> Definitions:
        """Return the project's definitions."""
        ...

    @property
    def events(self) -> Events:
        """Return the project's events."""
        ...

    @property
    def payloads(self) -> Payloads:
        """Return the project's payloads."""
        ...

    @property
    def files(self) -> Files:
        """Return the project's files."""
        ...

    @property
    def traces(self) -> Traces:
        """Return the project's traces."""
        ...

    @property
    def indexes(self) -> Indexes:
        """Return the project's indexes."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Return the project's jobs."""
        ...

    @property
    def schedules(self) -> Schedules:
        """Return the project's schedules."""
        ...


class Store(Protocol):
    """An engine of the store."""

    @property
    def work(self) -> Work:
        """Return what workers take: the jobs and schedules of all projects."""
        ...

    async def project(self, name: str) -> ProjectStore:
        """Return the handle of a project, which is created when it is new."""
        ...

    async def projects(self) -> list[str]:
        """Return the names of all projects, sorted."""
        ...

    async def add_key(self, key: KeyRecord) -> None:
        """Store a key."""
        ...

    async def key(self, key_id: str) -> KeyRecord | None:
        """Return a key by its public id, whatever its project: a request names its project by its key."""
        ...

    async def has_keys(self) -> bool:
        """Tell whether there is any key."""
        ...

    async def index_spans(self, *, limit: int = 256) -> SearchLag:
        """Make some of the spans that wait for it searchable, in all projects, and return what waits still."""
        ...

    async def search_lag(self) -> SearchLag:
        """Return what full-text search does not find yet."""
        ...

    async def version(self) -> str:
        """Return a mark that is another one after any commit, of this process or another one."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release files and threads."""
        ...
