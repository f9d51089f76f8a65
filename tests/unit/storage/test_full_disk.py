"""A store whose file may grow no further: the write is refused, and everything acknowledged before stays."""

import asyncio
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from lasttenth.records.errors import StorageError
from lasttenth.storage.sqlite.engine import SqliteEngine


def test_write_that_does_not_fit_is_refused_and_nothing_else_is_lost(tmp_path: Path) -> None:
    refusals: list[StorageError] = []

    async def scenario() -> list[int]:
        engine = SqliteEngine(tmp_path / "full.db")
        try:
            await engine.write(_limited)
            kept = []
            for number in range(100):
                try:
                    await engine.write(partial(_insert, number))
                    kept.append(number)
                except StorageError as error:
                    refusals.append(error)
            found = await engine.read(_numbers)
        finally:
            await engine.close()
        assert found == kept
        return found

    found = asyncio.run(scenario())

    assert 0 < len(found) < 100
    assert "full" in refusals[0].message
    assert refusals[0].retry_after is not None


def _limited(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE notes (number INTEGER, body BLOB)")
    connection.exec_driver_sql("PRAGMA max_page_count = 64")


def _insert(number: int, connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO notes VALUES (?, zeroblob(8000))", (number,))


def _numbers(connection: Connection) -> list[int]:
    return [row[0] for row in connection.exec_driver_sql("SELECT number FROM notes ORDER BY number")]
