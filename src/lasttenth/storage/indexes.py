"""Indexes in tables: documents as payloads, chunks as offsets into them.

How words and vectors are kept and searched is the engine's own business, behind `Search`.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from lasttenth.records.errors import ConflictError, IndexNotFoundError, NotFoundError
from lasttenth.records.hashing import canonical
from lasttenth.records.traces import Payload
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.payloads import PayloadTable, open_payload
from lasttenth.storage.ports import Hit, IndexInfo, IndexSettings, IndexSize, NewDocument, StoredChunk

_indexes = schema.indexes
_documents = schema.documents
_chunks = schema.chunks
_payloads = schema.payloads

_REMOVED_AT_ONCE = 200
"""Documents whose texts are in memory together while they leave an index; SQLite binds 32,766 values at most."""


_REVISIONS = 2**32
"""Revisions that an index has to itself: its first one follows from its id, which is never used again, so that none
comes back when an index is dropped and made anew under the same name."""


class NewRow(NamedTuple):
    """A chunk on its way in: its columns, and the words to find it by."""

    values: dict[str, Any]
    headline: str
    text: str


class Search(Protocol):
    """How an engine finds chunks. An index row carries its project, which every query filters by."""

    def create(self, connection: Connection, index_id: int) -> None:
        """Make room for the words of an index."""
        ...

    def drop(self, connection: Connection, index_id: int) -> None:
        """Take an index's words out, all at once."""
        ...

    def add(self, connection: Connection, index_id: int, rows: Sequence[NewRow]) -> None:
        """Insert chunks with their words and vectors, under ids that were never used before."""
        ...

    def remove(self, connection: Connection, index_id: int, read: Callable[[], list[StoredChunk]]) -> None:
        """Take the words of chunks out, before their rows leave; `read` returns them, for engines that need it."""
        ...

    async def settle(self, index_id: int) -> None:
        """Do what a change of an index leaves to be done outside its transaction. It never fails."""
        ...

    def words(self, connection: Connection, index: Row[Any], query: str, limit: int) -> list[Hit]:
        """Return the chunks that share any word with the query, best first."""
        ...

    def vectors(self, connection: Connection, index: Row[Any], vector: NDArray[np.float32], limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine."""
        ...


class IndexTable:
    """The indexes of one project."""

    def __init__(self, engine: Engine, project: str, payloads: PayloadTable, search: Search) -> None:
        self._engine = engine
        self._project = project
        self._payloads = payloads
        self._search = search

    async def create(self, name: str, settings: IndexSettings) -> IndexInfo:
        """Create an index, or return the one that stands. Raises ConflictError when its settings differ."""

        def work(connection: Connection) -> IndexInfo:
            found = _find(connection, self._project, name)
            if found is None:
                return self._make(connection, name, settings)
            info = _info(found)
            if info.settings != settings:
                raise ConflictError(
                    f"Index {name} was built with other settings: {_differences(info.settings, settings)}.",
                    hint=f"Build it anew with: lasttenth index add PATH --index {name} --rebuild",
                )
            return info

        return await self._engine.write(work)

    async def get(self, name: str) -> IndexInfo:
        """Return an index. Raises IndexNotFoundError."""
        return await self._engine.read(lambda connection: _info(self._known(connection, name)))

    async def overview(self) -> list[IndexInfo]:
        """Return all indexes, sorted by name."""
        query = select(_indexes).where(_indexes.c.project == self._project).order_by(_indexes.c.name)
        return await self._engine.read(lambda connection: [_info(row) for row in connection.execute(query).all()])

    async def size(self, name: str) -> IndexSize:
        """Return how much an index holds. Raises IndexNotFoundError."""

        def work(connection: Connection) -> IndexSize:
            index = self._known(connection, name)
            return IndexSize(_count(connection, _documents, index), _count(connection, _chunks, index))

        return await self._engine.read(work)

    async def drop(self, name: str) -> None:
        """Remove an index with all its documents. Raises IndexNotFoundError."""

        def work(connection: Connection) -> int:
            index = self._claimed(connection, name)
            self._drop(connection, index)
            return int(index.id)

        await self._search.settle(await self._engine.write(work))

    async def replace(self, name: str, *, by: str) -> None:
        """Give an index the name of another, which is removed if it is there. Raises IndexNotFoundError."""

        def work(connection: Connection) -> int:
            successor = self._claimed(connection, by)
            if by != name and _find(connection, self._project, name) is not None:
                self._drop(connection, self._claimed(connection, name))
            connection.execute(update(_indexes).where(_indexes.c.id == successor.id).values(name=name))
            return int(successor.id)

        await self._search.settle(await self._engine.write(work))

    async def documents(self, name: str) -> dict[str, str]:
        """Return the documents of an index: name → hash of the bytes it came from."""
        return await self._engine.read(
            lambda connection: _hashes(connection, self._project, self._known(connection, name).id)
        )

    async def put(self, name: str, documents: Sequence[NewDocument]) -> None:
        """Index documents, all or none; one of the same name is replaced."""

        def work(connection: Connection) -> int:
            index = self._claimed(connection, name)
            lengths = {len(chunk.vector) for document in documents for chunk in document.chunks}
            if lengths - {4 * index.dimension}:
                raise ConflictError(f"Index {name} was made anew with other settings meanwhile.", hint="Try again.")
            self._remove(connection, index.id, [document.name for document in documents])
            for document in documents:
                self._insert(connection, index.id, document)
            self._touch(connection, index.id)
            return int(index.id)

        await self._search.settle(await self._engine.write(work))

    async def remove(self, name: str, documents: Sequence[str]) -> None:
        """Remove documents by name; unknown names are ignored."""

        def work(connection: Connection) -> None:
            index = self._claimed(connection, name)
            self._remove(connection, index.id, documents)
            self._touch(connection, index.id)

        await self._engine.write(work)

    async def text(self, name: str, document: str) -> str:
        """Return a document's whole text. Raises NotFoundError."""

        def work(connection: Connection) -> str:
            index = self._known(connection, name)
            query = _texts().where(
                _documents.c.project == self._project, _documents.c.index_id == index.id, _documents.c.name == document
            )
            row = connection.execute(query).first()
            if row is None:
                raise NotFoundError(f"There is no document {document} in index {name}.")
            return _text(row)

        return await self._engine.read(work)

    async def search_words(self, name: str, query: str, *, limit: int) -> list[Hit]:
        """Return the chunks that share words with the query, best first by BM25 with stemming."""
        return await self._engine.read(
            lambda connection: self._search.words(connection, self._known(connection, name), query, limit)
        )

    async def search_vectors(self, name: str, vector: NDArray[np.float32], *, limit: int) -> list[Hit]:
        """Return the chunks nearest to a unit vector, best first by cosine."""

        def work(connection: Connection) -> list[Hit]:
            index = self._known(connection, name)
            if index.dimension != len(vector):
                raise ConflictError(f"Index {name} holds vectors of {index.dimension} numbers, not {len(vector)}.")
            return self._search.vectors(connection, index, vector, limit)

        return await self._engine.read(work)

    async def chunks(self, name: str, ids: Sequence[int]) -> list[StoredChunk]:
        """Return chunks in the order of the ids; ids of other indexes or projects are left out."""

        def work(connection: Connection) -> list[StoredChunk]:
            index = self._known(connection, name)
            found = {chunk.id: chunk for chunk in self._read_chunks(connection, index.id, _chunks.c.id.in_(ids))}
            return [found[chunk_id] for chunk_id in ids if chunk_id in found]

        return await self._engine.read(work)

    async def snapshot(self, name: str) -> str:
        """Return the hash of what the index holds: settings, document names and the hashes of their bytes."""

        def work(connection: Connection) -> str:
            index = self._known(connection, name)
            content = {"settings": _settings(index), "documents": _hashes(connection, self._project, index.id)}
            return hashlib.sha256(canonical(content)).hexdigest()

        return await self._engine.read(work)

    def _make(self, connection: Connection, name: str, settings: IndexSettings) -> IndexInfo:
        row = {"project": self._project, "name": name, "revision": 0, **msgspec.structs.asdict(settings)}
        key = connection.execute(insert(_indexes), row).inserted_primary_key
        index_id = int(key[0]) if key is not None else 0
        revision = index_id * _REVISIONS
        connection.execute(update(_indexes).where(_indexes.c.id == index_id).values(revision=revision))
        self._search.create(connection, index_id)
        return IndexInfo(name=name, settings=settings, revision=revision)

    def _drop(self, connection: Connection, index: Row[Any]) -> None:
        mine = _documents.c.project == self._project, _documents.c.index_id == index.id
        payloads = set(connection.scalars(select(_documents.c.payload).where(*mine)).all())
        self._search.drop(connection, index.id)
        connection.execute(delete(_chunks).where(_chunks.c.project == self._project, _chunks.c.index_id == index.id))
        connection.execute(delete(_documents).where(*mine))
        connection.execute(delete(_indexes).where(_indexes.c.id == index.id))
        self._release(connection, payloads)

    def _claimed(self, connection: Connection, name: str) -> Row[Any]:
        """Return an index to be changed; who changes it at the same time waits."""
        mine = _indexes.c.project == self._project, _indexes.c.name == name
        connection.execute(select(_indexes.c.id).where(*mine).with_for_update())
        return self._known(connection, name)

    def _known(self, connection: Connection, name: str) -> Row[Any]:
        found = _find(connection, self._project, name)
        if found is None:
            raise IndexNotFoundError(
                f"There is no index {name} in project {self._project}.",
                hint=f"Make one with: lasttenth index add PATH --index {name}",
            )
        return found

    def _touch(self, connection: Connection, index_id: int) -> None:
        statement = update(_indexes).where(_indexes.c.id == index_id).values(revision=_indexes.c.revision + 1)
        connection.execute(statement)

    def _insert(self, connection: Connection, index_id: int, document: NewDocument) -> None:
        # The parameter keeps a document apart from an equal prompt or answer: it leaves with its index, they stay.
        body = document.text.encode()
        payload = self._payloads.row(Payload(media_type=f"{document.media_type}; role=document", body=body))
        self._payloads.insert(connection, [payload])
        owner = {"project": self._project, "index_id": index_id}
        row = {**owner, "name": document.name, "hash": document.hash, "payload": payload["id"]}
        key = connection.execute(insert(_documents), row).inserted_primary_key
        owner["document_id"] = int(key[0]) if key is not None else 0
        rows = []
        for chunk in document.chunks:
            fields = msgspec.structs.asdict(chunk)
            fields["headings"] = msgspec.json.encode(chunk.headings).decode()
            text = document.text[chunk.start : chunk.end]
            rows.append(NewRow({**owner, **fields}, " ".join(chunk.headings), text))
        self._search.add(connection, index_id, rows)

    def _remove(self, connection: Connection, index_id: int, names: Sequence[str]) -> None:
        for start in range(0, len(names), _REMOVED_AT_ONCE):
            self._remove_some(connection, index_id, names[start : start + _REMOVED_AT_ONCE])

    def _remove_some(self, connection: Connection, index_id: int, names: Sequence[str]) -> None:
        mine = _documents.c.project == self._project, _documents.c.index_id == index_id
        found = connection.execute(select(_documents).where(*mine, _documents.c.name.in_(names))).all()
        if not found:
            return
        ids = [row.id for row in found]
        theirs = _chunks.c.document_id.in_(ids)
        self._search.remove(connection, index_id, lambda: self._read_chunks(connection, index_id, theirs))
        connection.execute(delete(_chunks).where(_chunks.c.project == self._project, theirs))
        connection.execute(delete(_documents).where(*mine, _documents.c.id.in_(ids)))
        self._release(connection, {row.payload for row in found})

    def _release(self, connection: Connection, payloads: set[str]) -> None:
        """Delete the texts that no document refers to any longer."""
        for payload in payloads:
            in_use = select(_documents.c.id).where(
                _documents.c.project == self._project, _documents.c.payload == payload
            )
            if connection.execute(in_use.limit(1)).first() is None:
                connection.execute(
                    delete(_payloads).where(_payloads.c.project == self._project, _payloads.c.id == payload)
                )

    def _read_chunks(self, connection: Connection, index_id: int, condition: Any) -> list[StoredChunk]:
        mine = _chunks.c.project == self._project, _chunks.c.index_id == index_id
        columns = [column for column in _chunks.columns if column is not _chunks.c.vector]
        query = select(*columns, _documents.c.name.label("document")).join(
            _documents, _documents.c.id == _chunks.c.document_id
        )
        rows = connection.execute(query.where(*mine, condition).order_by(_chunks.c.id)).all()
        owners = {row.document_id for row in rows}
        texts = connection.execute(_texts().where(_documents.c.project == self._project, _documents.c.id.in_(owners)))
        text_of = {row.id: _text(row) for row in texts}
        return [
            StoredChunk(
                id=row.id,
                document=row.document,
                start=row.start,
                end=row.end,
                line=row.line,
                headings=tuple(msgspec.json.decode(row.headings)),
                text=text_of[row.document_id][row.start : row.end],
            )
            for row in rows
        ]


def _find(connection: Connection, project: str, name: str) -> Row[Any] | None:
    return connection.execute(select(_indexes).where(_indexes.c.project == project, _indexes.c.name == name)).first()


def _settings(index: Row[Any]) -> IndexSettings:
    return IndexSettings(**{name: getattr(index, name) for name in IndexSettings.__struct_fields__})


def _info(index: Row[Any]) -> IndexInfo:
    return IndexInfo(name=index.name, settings=_settings(index), revision=index.revision)


def _count(connection: Connection, table: Table, index: Row[Any]) -> int:
    query = select(func.count()).where(table.c.project == index.project, table.c.index_id == index.id)
    return int(connection.scalar(query) or 0)


def _differences(one: IndexSettings, other: IndexSettings) -> str:
    """Return what differs, in words that fit on a line: of a hash the beginning is enough."""
    names = [name for name in IndexSettings.__struct_fields__ if getattr(one, name) != getattr(other, name)]
    pairs = ((name, *(str(getattr(each, name) or "none")[:24] for each in (one, other))) for name in names)
    return ", ".join(f"{name} {before}, now {after}" for name, before, after in pairs)


def _hashes(connection: Connection, project: str, index_id: int) -> dict[str, str]:
    query = select(_documents.c.name, _documents.c.hash).where(
        _documents.c.project == project, _documents.c.index_id == index_id
    )
    return {row.name: row.hash for row in connection.execute(query)}


def _texts() -> Any:
    join = _documents.join(
        _payloads, (_payloads.c.project == _documents.c.project) & (_payloads.c.id == _documents.c.payload)
    )
    return select(_documents.c.id, _payloads.c.media_type, _payloads.c.body, _payloads.c.encoding).select_from(join)


def _text(row: Row[Any]) -> str:
    payload = open_payload(row.media_type, row.body, row.encoding)
    return "" if payload is None else payload.body.decode()
