"""Copies from database to archive, from archive to database, and from database to database.

A copy is read from one snapshot and written in one transaction, and what was written is read back, counted and hashed
before that transaction ends: there is a whole copy or none.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from lasttenth.records.errors import BackupError, ConflictError, StorageError
from lasttenth.storage.copies.archive import Archive, ArchivedTable, Manifest, write_archive
from lasttenth.storage.copies.tables import (
    Database,
    Progress,
    Row,
    Shape,
    Tally,
    count_rows,
    in_batches,
    plain_rows,
    shapes,
    tally_of,
)
from lasttenth.storage.migrate import LATEST

T = TypeVar("T")
Report = Callable[[Progress], None]
Describe = Callable[[tuple[ArchivedTable, ...]], Manifest]

_STOPPED = "The copy was stopped; nothing was changed."


class Source(NamedTuple):
    """Rows that come from somewhere: which tables, in which schema, and what yields the rows of each."""

    schema: str
    total: int
    tables: dict[Shape, Callable[[], Iterator[Row]]]


async def back_up(
    database: Database, path: Path, *, describe: Describe, pepper: bytes | None, report: Report
) -> Manifest:
    """Write everything to an archive, from one snapshot: others read and write meanwhile."""
    passing = _Passing(report)
    await _bring_up_to_date(database)

    def work(connection: Connection) -> Manifest:
        source = _source(database, connection)
        tables = {shape: passing.counted(rows, source.total) for shape, rows in source.tables.items()}
        return write_archive(path, tables, describe=describe, pepper=pepper)

    return await passing.through(database.engine.read(work))


async def fill(
    database: Database, archive: Archive, *, replacing: Callable[[Connection], None], report: Report
) -> None:
    """Fill a database from an archive.

    Args:
        database: where to; it has no rows, unless `replacing` takes them away.
        archive: where from.
        replacing: what is done before, in the same transaction.
        report: what is told how far it has come.

    Raises:
        BackupError: the archive is damaged, or of a newer version.
        ConflictError: the database is not empty.
    """
    manifest = archive.manifest
    if manifest.schema > LATEST:
        raise BackupError(
            f"{archive.path} has schema {manifest.schema}; this version of Lasttenth knows schemas up to {LATEST}.",
            hint="Install a newer version of Lasttenth.",
        )
    tables = {table.shape: _rows_of(archive, table) for table in manifest.tables}
    source = Source(manifest.schema, manifest.rows, tables)
    wanted = [table.tally for table in manifest.tables]
    passing = _Passing(report)

    def work(connection: Connection) -> None:
        replacing(connection)
        written = _pour(source, database, connection, passing)
        _check(list(source.tables), wanted, written)
        database.upgrade(connection, LATEST)
        database.finish(connection)
        passing.check()

    await passing.through(database.engine.write(work))
    await database.settle()


async def move(source: Database, target: Database, *, report: Report) -> dict[str, Tally]:
    """Copy everything from one database into another and return what each table holds.

    The source takes no writes from here on, and tells so whoever tries. Only when the copy fails is it thawed; a process
    that is killed meanwhile leaves it frozen and the target empty, and the move can be made again.

    Raises:
        ConflictError: the target is not empty.
        StorageError: what arrived is not what was sent.
    """
    await _bring_up_to_date(source)
    # Refused before anything is done to the source.
    await target.engine.write(lambda connection: _prepare(target, connection, LATEST))
    reason = f"this installation was moved to {target.name}, or is being moved there"
    await source.engine.write(lambda connection: source.freeze(connection, reason))
    loop, passing = asyncio.get_running_loop(), _Passing(report)

    def read(connection: Connection) -> dict[str, Tally]:
        given = _source(source, connection)
        written = target.engine.write(lambda into: _moved(given, target, into, passing))
        return asyncio.run_coroutine_threadsafe(written, loop).result()

    try:
        tallies = await passing.through(source.engine.read(read))
    except BaseException:
        await asyncio.shield(source.engine.write(source.thaw))
        raise
    await target.settle()
    return tallies


def ensure_empty(database: Database, connection: Connection) -> None:
    """Refuse a database that holds anything. Raises ConflictError."""
    standing = database.revision(connection)
    if standing not in {None, LATEST}:
        raise ConflictError(f"{database.name} has schema {standing}, not {LATEST}.", hint="Name an empty database.")
    if standing is not None and any(count_rows(connection).values()):
        raise ConflictError(f"{database.name} is not empty.", hint="Name an empty one.")


def _moved(given: Source, target: Database, into: Connection, passing: "_Passing") -> dict[str, Tally]:
    sent: dict[Shape, Tally] = {}
    written = _pour(given, target, into, passing)
    for shape, rows in given.tables.items():
        sent[shape] = tally_of(rows())
        passing.check()
    _check(list(sent), list(sent.values()), written)
    target.finish(into)
    passing.check()
    return {shape.name: tally for shape, tally in sent.items()}


async def _bring_up_to_date(database: Database) -> None:
    if await database.engine.read(database.revision) != LATEST:
        await database.engine.write(lambda connection: database.upgrade(connection, LATEST))


def _source(database: Database, connection: Connection) -> Source:
    tables = {shape: _rows_from(database, connection, shape) for shape in shapes()}
    return Source(LATEST, sum(count_rows(connection).values()), tables)


def _rows_from(database: Database, connection: Connection, shape: Shape) -> Callable[[], Iterator[Row]]:
    return lambda: plain_rows(shape, database.rows(connection, shape))


def _rows_of(archive: Archive, table: ArchivedTable) -> Callable[[], Iterator[Row]]:
    return lambda: archive.rows(table)


def _pour(source: Source, target: Database, connection: Connection, passing: "_Passing") -> list[Tally]:
    """Write all rows and return what can be read back of them."""
    _prepare(target, connection, source.schema)
    for shape, rows in source.tables.items():
        for batch in in_batches(passing.counted(rows, source.total)()):
            target.insert(connection, shape, batch)
    written = []
    for shape in source.tables:
        written.append(tally_of(plain_rows(shape, target.rows(connection, shape))))
        passing.check()
    return written


def _prepare(target: Database, connection: Connection, revision: str) -> None:
    ensure_empty(target, connection)
    if target.revision(connection) is None:
        target.upgrade(connection, revision)
    elif revision != LATEST:
        raise ConflictError(
            f"{target.name} has a newer schema than the backup.", hint="Name a database without tables."
        )


def _check(tables: Sequence[Shape], wanted: Sequence[Tally], written: Sequence[Tally]) -> None:
    for shape, expected, found in zip(tables, wanted, written, strict=True):
        if expected != found:
            raise StorageError(
                f"Table {shape.name} did not arrive whole: {found.rows} of {expected.rows} rows, or other content.",
                hint="Nothing was changed. Try again, and report it if it happens again.",
            )


class _Passing:
    """Report what passes, and stop it when nobody waits for the end any longer."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._done = 0
        self._stopped = threading.Event()

    def counted(self, rows: Callable[[], Iterator[Row]], total: int) -> Callable[[], Iterator[Row]]:
        def passed() -> Iterator[Row]:
            for batch in in_batches(rows()):
                self.check()
                yield from batch
                self._done += len(batch)
                self._report(Progress(done=self._done, total=total))

        return passed

    def check(self) -> None:
        if self._stopped.is_set():
            raise StorageError(_STOPPED)

    async def through(self, work: Awaitable[T]) -> T:
        running = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(running)
        except BaseException:
            self._stopped.set()
            await asyncio.wait([running])
            if running.cancelled() or running.exception() is not None:
                raise
            return running.result()  # it was over before it could be stopped
