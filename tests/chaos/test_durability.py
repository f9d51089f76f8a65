"""Acknowledged means flushed: what the kernel sees of SQLite, and what PostgreSQL says of its own log."""

import asyncio
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from tests.servers import PostgresServer

WRITES = 5

# Each line of output is an acknowledgement.
WRITER = """
import asyncio, os, sys
from pathlib import Path
from lasttenth.storage.sqlite.engine import SqliteEngine

async def main():
    engine = SqliteEngine(Path(sys.argv[1]) / "store.db")
    await engine.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (n)").close())
    for number in range(int(sys.argv[2])):
        await engine.write(lambda connection: connection.exec_driver_sql("INSERT INTO t VALUES (1)").close())
        os.write(1, b"acknowledged")
    await engine.close()

asyncio.run(main())
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows what the kernel sees")
def test_every_acknowledged_write_was_flushed_to_the_disk_before_it_was_acknowledged(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watch = ["strace", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,pwrite64,write", "-o", str(trace)]
    command = [*watch, sys.executable, "-c", WRITER, str(tmp_path), str(WRITES)]
    subprocess.run(command, check=True, capture_output=True, timeout=60, env=dict(os.environ))

    calls = [line for line in trace.read_text().splitlines() if "store.db-wal" in line or "write(1<" in line]
    acknowledged = [number for number, line in enumerate(calls) if "write(1<" in line]

    assert len(acknowledged) == WRITES
    assert all("sync(" in calls[number - 1] for number in acknowledged)


def test_postgres_flushed_every_commit_before_it_was_acknowledged_whatever_its_own_setting(
    postgres: PostgresServer,
) -> None:
    from lasttenth.storage.postgres.engine import PostgresEngine  # noqa: PLC0415 - psycopg is an extra

    def insert(connection: Connection) -> str:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        return str(connection.scalar(text("SELECT pg_current_wal_insert_lsn()")))

    def is_flushed(connection: Connection, written: str) -> bool:
        query = text("SELECT pg_current_wal_flush_lsn() > CAST(:written AS pg_lsn)")
        return bool(connection.scalar(query, {"written": written}))

    async def work(url: str) -> list[bool]:
        engine = PostgresEngine(make_url(url))
        await engine.write(lambda connection: connection.execute(text("CREATE TABLE t (n int)")).close())
        flushed = []
        for _ in range(WRITES):
            # The record of the commit comes after this place in the log.
            written = await engine.write(insert)
            flushed.append(await engine.read(partial(is_flushed, written=written)))
        await engine.close()
        return flushed

    with postgres.database() as url:
        postgres.execute(f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")

        assert all(asyncio.run(work(url)))
