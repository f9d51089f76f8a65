"""Payloads in a table: compressed, named by a hash under the project's key, erasable one by one."""

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from lasttenth.records.errors import ConflictError, NotFoundError
from lasttenth.records.events import Erasure
from lasttenth.records.hashing import keyed_hash
from lasttenth.records.traces import Payload
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.events import EventTable

COMPRESSED_FROM = 256
"""Bytes from which compression pays."""

_rows = schema.payloads


class PayloadTable:
    """The payloads of one project."""

    def __init__(self, engine: Engine, project: str, key: bytes) -> None:
        self._engine = engine
        self._project = project
        self._key = key
        self._events = EventTable(engine, project)

    async def put(self, payload: Payload) -> str:
        """Store a payload and return its id, the hash of its content under the project's key."""
        row = self.row(payload)
        await self._engine.write(lambda connection: self.insert(connection, [row]))
        return str(row["id"])

    async def get(self, payload_id: str) -> Payload | None:
        """Return a payload, or None once it has been erased. Raises NotFoundError."""
        query = select(_rows.c.media_type, _rows.c.body, _rows.c.encoding).where(*self._is(payload_id))
        found = await self._engine.read(lambda connection: connection.execute(query).first())
        if found is None:
            raise NotFoundError(f"There is no payload {payload_id[:12]} in project {self._project}.")
        return open_payload(found.media_type, found.body, found.encoding)

    async def erase(self, erasure: Erasure) -> None:
        """Erase a payload for good and record the erasure; its id stays as a tombstone.

        Raises:
            NotFoundError: there is no such payload.
            ConflictError: an index still holds the document; it must leave the index first.
        """

        def work(connection: Connection) -> None:
            # Locked before the question is asked: an index that takes the document in meanwhile waits.
            connection.execute(select(_rows.c.id).where(*self._is(erasure.payload)).with_for_update())
            holds = schema.documents
            query = select(holds.c.name).where(holds.c.project == self._project, holds.c.payload == erasure.payload)
            document = connection.scalar(query.limit(1))
            if document is not None:
                raise ConflictError(f"Document {document} is still indexed.", hint="Remove it from its index first.")
            result = connection.execute(update(_rows).where(*self._is(erasure.payload)).values(body=None))
            if result.rowcount == 0:
                raise NotFoundError(f"There is no payload {erasure.payload[:12]} in project {self._project}.")
            self._events.insert(connection, [erasure])

        await self._engine.write(work)

    def row(self, payload: Payload) -> dict[str, Any]:
        """Return the row of a payload, for writers that store it together with what refers to it."""
        compress = len(payload.body) >= COMPRESSED_FROM
        return {
            "project": self._project,
            "id": keyed_hash(self._key, payload.media_type.encode() + b"\0" + payload.body),
            "media_type": payload.media_type,
            "body": zlib.compress(payload.body) if compress else payload.body,
            "encoding": "zlib" if compress else "",
            "size": len(payload.body),
        }

    def insert(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows; content that was erased and now arrives anew is stored again."""
        if not rows:
            return
        statement = self._engine.insert(_rows)
        statement = statement.on_conflict_do_update(
            index_elements=["project", "id"],
            set_={"body": statement.excluded.body, "encoding": statement.excluded.encoding},
            where=_rows.c.body.is_(None),
        )
        # In one order everywhere, so that writers beside each other do not wait in a circle.
        connection.execute(statement, sorted(rows, key=_id))

    def _is(self, payload_id: str) -> tuple[Any, Any]:
        return _rows.c.project == self._project, _rows.c.id == payload_id


def open_payload(media_type: str, body: bytes | None, encoding: str) -> Payload | None:
    """Return the payload of a row, None where it was erased."""
    if body is None:
        return None
    return Payload(media_type=media_type, body=zlib.decompress(body) if encoding == "zlib" else body)


def _id(row: dict[str, Any]) -> str:
    return str(row["id"])
