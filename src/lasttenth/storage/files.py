"""Files in tables: a row for each file, and one for each of its parts. What has expired goes when a file is made."""

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, or_, select

from lasttenth.records.errors import InvalidRequestError, NotFoundError
from lasttenth.records.ids import Clock
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.file_ports import FilePart, NewFile, StoredFile

COMPRESSED_FROM = 256
"""Bytes from which compression pays."""
MAX_NAME, MAX_PURPOSE = 400, 40

_files = schema.files
_parts = schema.file_parts


class FileTable:
    """The files of one project."""

    def __init__(self, engine: Engine, project: str, clock: Clock) -> None:
        self._engine = engine
        self._project = project
        self._clock = clock

    async def put(self, file: NewFile, parts: Sequence[FilePart]) -> None:
        """Store parts of a file durably, all or none. It is made where it is new; a part that is there already stays.

        Raises InvalidRequestError.
        """
        if len(file.name) > MAX_NAME or not 0 < len(file.purpose) <= MAX_PURPOSE:
            raise InvalidRequestError(
                f"A file's name has at most {MAX_NAME} characters, and its purpose 1 to {MAX_PURPOSE}.",
                parameter="file",
            )
        row = {"project": self._project, **{name: getattr(file, name) for name in NewFile.__struct_fields__}}
        rows = await asyncio.to_thread(lambda: [self._row(file.id, part) for part in parts])

        def work(connection: Connection) -> None:
            if connection.execute(self._engine.insert(_files).on_conflict_do_nothing(), row).rowcount:
                self._forget(connection)
            if rows:
                connection.execute(self._engine.insert(_parts).on_conflict_do_nothing(), rows)

        await self._engine.write(work)

    async def get(self, file: str) -> StoredFile:
        """Return a file. Raises NotFoundError."""
        query = self._query().where(_files.c.id == file)
        found = await self._engine.read(lambda connection: connection.execute(query).first())
        if found is None:
            raise self._missing(file)
        return _stored(found)

    async def latest(self, *, limit: int = 50, purpose: str = "", before: str = "") -> list[StoredFile]:
        """Return the latest files, newest first; those that are older than one of them, where it is named."""
        query = self._query()
        if purpose:
            query = query.where(_files.c.purpose == purpose)
        if before:
            query = query.where(_files.c.id < before)
        query = query.order_by(_files.c.id.desc()).limit(limit)
        return await self._engine.read(lambda connection: [_stored(row) for row in connection.execute(query)])

    async def numbers(self, file: str) -> list[int]:
        """Return the numbers of the parts of a file, sorted; none where there is no such file."""
        query = select(_parts.c.number).where(*self._of(file)).order_by(_parts.c.number)
        return list(await self._engine.read(lambda connection: connection.scalars(query).all()))

    async def parts(self, file: str, *, after: int = -1, limit: int = 50) -> list[FilePart]:
        """Return the first parts behind a number; none where there is no such file."""
        query = select(_parts).where(*self._of(file), _parts.c.number > after).order_by(_parts.c.number).limit(limit)
        rows = await self._engine.read(lambda connection: connection.execute(query).all())
        return await asyncio.to_thread(lambda: [_part(row) for row in rows])

    async def remove(self, file: str) -> None:
        """Remove a file for good. Raises NotFoundError."""

        def work(connection: Connection) -> None:
            connection.execute(delete(_parts).where(_parts.c.project == self._project, _parts.c.file == file))
            result = connection.execute(delete(_files).where(_files.c.project == self._project, _files.c.id == file))
            if result.rowcount == 0:
                raise self._missing(file)

        await self._engine.write(work)

    def _forget(self, connection: Connection) -> None:
        expired = (_files.c.project == self._project, _files.c.expires <= self._clock.now())
        gone = select(_files.c.id).where(*expired)
        connection.execute(delete(_parts).where(_parts.c.project == self._project, _parts.c.file.in_(gone)))
        connection.execute(delete(_files).where(*expired))

    def _query(self) -> "Select[Any]":
        of_file = (_parts.c.project == _files.c.project, _parts.c.file == _files.c.id)
        size = select(func.coalesce(func.sum(_parts.c.size), 0)).where(*of_file).scalar_subquery()
        count = select(func.count()).select_from(_parts).where(*of_file).scalar_subquery()
        return select(_files, size.label("size"), count.label("parts")).where(
            _files.c.project == self._project, self._lives()
        )

    def _lives(self) -> ColumnElement[bool]:
        return or_(_files.c.expires.is_(None), _files.c.expires > self._clock.now())

    def _of(self, file: str) -> tuple[ColumnElement[bool], ...]:
        """Return what holds for the parts of a file that has not expired."""
        lives = select(_files.c.id).where(_files.c.project == self._project, _files.c.id == file, self._lives())
        return _parts.c.project == self._project, _parts.c.file == file, lives.exists()

    def _row(self, file: str, part: FilePart) -> dict[str, Any]:
        compress = len(part.body) >= COMPRESSED_FROM
        return {
            "project": self._project,
            "file": file,
            "number": part.number,
            "size": len(part.body),
            "encoding": "zlib" if compress else "",
            "body": zlib.compress(part.body) if compress else part.body,
        }

    def _missing(self, file: str) -> NotFoundError:
        return NotFoundError(f"There is no file {file} in project {self._project}.", hint="List them: GET /v1/files")


def _stored(row: "Row[Any]") -> StoredFile:
    return StoredFile(
        id=row.id,
        name=row.name,
        purpose=row.purpose,
        created=row.created,
        expires=row.expires,
        size=int(row.size),
        parts=row.parts,
    )


def _part(row: "Row[Any]") -> FilePart:
    body = bytes(row.body)
    return FilePart(row.number, zlib.decompress(body) if row.encoding == "zlib" else body)
