"""What earlier versions stored is read by this one as they read it: dumps of every schema, brought up to date.

A dump is written by `scripts/dump_schema.py` before the next migration comes.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripts.dump_schema import FOLDER, answers_of
from tests.conftest import open_postgres, open_sqlite, with_store
from tests.servers import PostgresServer

from lasttenth.records.traces import Span
from lasttenth.storage.migrate import LATEST

SCHEMAS = sorted(path.stem for path in FOLDER.glob("*.json"))


def expected(schema: str) -> Any:
    """Return what the version that wrote a dump answered."""
    return read((FOLDER / f"{schema}.json").read_bytes())


def read(answers: str | bytes) -> Any:
    """Return answers with spans as this version knows them: defaults may be written or not."""
    found = msgspec.json.decode(answers)
    for project in found["projects"]:
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


def test_there_is_a_dump_of_the_schema_that_the_next_migration_will_change() -> None:
    assert LATEST in SCHEMAS, "write it with: python -m scripts.dump_schema"
