"""What earlier versions stored is read by this one as they read it: dumps of every schema, brought up to date.

A dump is written by `scripts/dump_schema.py` before the next migration comes.
"""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripts.dump_schema import FOLDER, answers_of
from sqlalchemy import Connection
from tests.conftest import open_postgres, open_sqlite, with_store
from tests.servers import PostgresServer

from lasttenth.records.traces import Span
from lasttenth.storage.copies import Database
from lasttenth.storage.copies.archive import Archive, ArchivedTable, Manifest, write_archive
from lasttenth.storage.copies.moving import fill
from lasttenth.storage.copies.tables import plain_rows, shapes
from lasttenth.storage.databases import open_database
from lasttenth.storage.migrate import LATEST

SCHEMAS = sorted(path.stem for path in FOLDER.glob("*.json"))


def expected(schema: str) -> Any:
    """Return what the version that wrote a dump answered."""
    return read((FOLDER / f"{schema}.json").read_bytes())


def read(answers: str | bytes) -> Any:
    """Return answers with spans as this version knows them: defaults may be written or not."""
    found = msgspec.json.decode(answers)
    for project in found["projects"]:
        found[project].setdefault("files", [])  # up to 0004 there were none
        found[project]["traces"] = msgspec.convert(found[project]["traces"], list[list[Span]])
    return found


def script(schema: str, engine: str) -> str:
    """Return the dump of an engine."""
    return (FOLDER / f"{schema}.{engine}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_sqlite_file_of_an_earlier_version_answers_as_it_did(tmp_path: Path, schema: str) -> None:
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.executescript(script(schema, "sqlite"))
    connection.close()

    for _ in range(2):
        answers = asyncio.run(with_store(open_sqlite(tmp_path), answers_of))

        assert read(answers) == expected(schema)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_postgresql_database_of_an_earlier_version_answers_as_it_did(postgres: PostgresServer, schema: str) -> None:
    with postgres.database() as url:
        postgres.execute(script(schema, "postgres"), url.split("/")[3].split("?")[0])

        for _ in range(2):
            answers = asyncio.run(with_store(open_postgres(url), answers_of))

            assert read(answers) == expected(schema)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_archive_of_the_schema_before_is_restored_and_brought_up_to_date(
    tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    old, archive, new = tmp_path / "old.db", tmp_path / "old.backup", tmp_path / "store.db"
    connection = sqlite3.connect(old)
    connection.executescript(script("0003", "sqlite"))
    connection.close()
    asyncio.run(archived(old, archive, schema="0003", without={"blocks", "block_uses", "files", "file_parts"}))

    if engine == "sqlite":
        asyncio.run(restored(open_database("", new), archive))
        answers = asyncio.run(with_store(open_sqlite(tmp_path), answers_of))
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database() as url:
            asyncio.run(restored(open_database(url, new), archive))
            answers = asyncio.run(with_store(open_postgres(url), answers_of))

    assert read(answers) == expected("0003")


async def archived(file: Path, path: Path, *, schema: str, without: set[str]) -> None:
    """Write an archive as an earlier version did, with the tables that it knew."""
    database = open_database("", file)

    def describe(tables: tuple[ArchivedTable, ...]) -> Manifest:
        return Manifest(version="0", schema=schema, engine="sqlite", made=1, pepper=False, tables=tables)

    def work(connection: Connection) -> None:
        known = [shape for shape in shapes() if shape.name not in without]
        rows = {shape: list(plain_rows(shape, database.rows(connection, shape))) for shape in known}
        tables = {shape: partial(iter, found) for shape, found in rows.items()}
        write_archive(path, tables, describe=describe, pepper=None)

    try:
        await database.engine.read(work)
    finally:
        await database.close()


async def restored(database: Database, path: Path) -> None:
    """Fill a database from an archive."""
    archive = Archive(path)
    try:
        await fill(database, archive, replacing=lambda _: None, report=lambda _: None)
    finally:
        archive.close()
        await database.close()


def test_there_is_a_dump_of_the_schema_that_the_next_migration_will_change() -> None:
    assert LATEST in SCHEMAS, "write it with: python -m scripts.dump_schema"
