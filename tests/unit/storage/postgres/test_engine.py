"""The PostgreSQL engine: what it promises to one writer, to writers beside each other, and to whoever finds it away."""

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy import Connection, make_url, text
from tests.servers import PostgresServer

from lasttenth.records.errors import StorageError
from lasttenth.storage.postgres.engine import PostgresEngine

T = TypeVar("T")


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return the address of an empty database."""
    with postgres.database() as address:
        yield address


def with_engine(url: str, work: Callable[[PostgresEngine], Awaitable[T]]) -> T:
    """Open an engine for the time of some work."""

    async def main() -> T:
        engine = PostgresEngine(make_url(url))
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


def say(statement: str) -> Callable[[Connection], object]:
    """Return work that runs one statement."""
    return lambda connection: connection.execute(text(statement)).rowcount


def ask(statement: str) -> Callable[[Connection], object]:
    """Return work that asks for one value."""
    return lambda connection: connection.scalar(text(statement))


def name_of(url: str) -> str:
    """Return the name of a database."""
    return str(make_url(url).database)


def test_commit_waits_for_the_disk_whatever_the_server_does_by_default(postgres: PostgresServer, url: str) -> None:
    postgres.execute(f"ALTER DATABASE {name_of(url)} SET synchronous_commit = off")

    setting = with_engine(url, lambda engine: engine.write(ask("SHOW synchronous_commit")))

    assert setting == "on"


def test_work_that_fails_leaves_nothing(url: str) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ValueError("No.")

    async def work(engine: PostgresEngine) -> object:
        await engine.write(say("CREATE TABLE t (n int)"))
        with pytest.raises(ValueError, match="No"):
            await engine.write(fail)
        return await engine.read(ask("SELECT count(*) FROM t"))

    assert with_engine(url, work) == 0


def test_reader_sees_one_snapshot_and_cannot_write(url: str) -> None:
    async def work(engine: PostgresEngine) -> object:
        return await engine.read(ask("SELECT current_setting('transaction_isolation')"))

    assert with_engine(url, work) == "repeatable read"
    with pytest.raises(StorageError, match="read-only"):
        with_engine(url, lambda engine: engine.read(say("CREATE TABLE t (n int)")))


def test_writers_that_wait_for_each_other_both_succeed(url: str) -> None:
    both_hold_one = threading.Barrier(2, timeout=20)
    attempts: list[int] = []

    def add(first: int, second: int) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            attempts.append(first)
            connection.execute(text("UPDATE t SET count = count + 1 WHERE n = :n"), {"n": first})
            if attempts.count(first) == 1:
                both_hold_one.wait()
            connection.execute(text("UPDATE t SET count = count + 1 WHERE n = :n"), {"n": second})

        return work

    async def work(engine: PostgresEngine) -> object:
        await engine.write(say("CREATE TABLE t (n int PRIMARY KEY, count int)"))
        await engine.write(say("INSERT INTO t VALUES (1, 0), (2, 0)"))
        await asyncio.gather(engine.write(add(1, 2)), engine.write(add(2, 1)))
        return await engine.read(ask("SELECT sum(count) FROM t"))

    assert with_engine(url, work) == 4
    assert len(attempts) > 2


def test_work_that_can_never_succeed_is_not_tried_for_ever(url: str) -> None:
    attempts: list[int] = []

    def work(connection: Connection) -> None:
        attempts.append(1)
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StorageError, match="got in the way each time"):
        with_engine(url, lambda engine: engine.write(work))

    assert 1 < len(attempts) < 20


def test_server_that_ended_all_connections_is_met_with_new_ones(postgres: PostgresServer, url: str) -> None:
    async def work(engine: PostgresEngine) -> object:
        await engine.read(ask("SELECT 1"))
        postgres.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
        )
        return await engine.read(ask("SELECT 2"))

    assert with_engine(url, work) == 2


def test_closed_engine_says_so(url: str) -> None:
    async def work(engine: PostgresEngine) -> None:
        await engine.close()
        await engine.read(ask("SELECT 1"))

    with pytest.raises(StorageError, match="closed"):
        with_engine(url, work)


def test_opening_and_closing_leaves_no_thread_and_no_descriptor(url: str) -> None:
    def once() -> tuple[int, int]:
        with_engine(url, lambda engine: engine.read(ask("SELECT 1")))
        return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors are names

    once()
    seen = [once() for _ in range(20)]

    assert seen[-1] == seen[0]


def test_server_that_is_not_there_is_told_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://me:secret@127.0.0.1:{taken.getsockname()[1]}/app"

        with pytest.raises(StorageError, match=r"app on 127\.0\.0\.1 cannot be reached.*`storage`") as raised:
            with_engine(url, lambda engine: engine.read(ask("SELECT 1")))

    assert "secret" not in str(raised.value)
    assert raised.value.retry_after is not None


def test_database_or_user_that_is_not_there_is_told(postgres: PostgresServer) -> None:
    stranger = postgres.url("postgres").replace("postgres@", "nobody@")

    with pytest.raises(StorageError, match=r"no database nowhere.*createdb"):
        with_engine(postgres.url("nowhere"), lambda engine: engine.read(ask("SELECT 1")))
    with pytest.raises(StorageError, match="refused the user"):
        with_engine(stranger, lambda engine: engine.read(ask("SELECT 1")))


def test_standby_or_crowded_server_is_told(postgres: PostgresServer, url: str) -> None:
    name = name_of(url)
    postgres.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    try:
        with pytest.raises(StorageError, match=r"read-only.*primary"):
            with_engine(url, lambda engine: engine.write(say("CREATE TABLE t (n int)")))
        with pytest.raises(StorageError, match="no more connections"):
            with_engine(url.replace("postgres@", "crowded@"), lambda engine: engine.read(ask("SELECT 1")))
    finally:
        postgres.execute("DROP ROLE crowded")
