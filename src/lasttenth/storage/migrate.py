"""Bring a database's schema up to date: numbered migrations, forward only.

Alembic is imported only when there is something to do, because a server that starts should not wait for it.
"""

import importlib
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from lasttenth.records.errors import StorageError

LATEST = "0005"
_MIGRATIONS = Path(__file__).parent / "migrations"


def is_up_to_date(connection: Connection) -> bool:
    """Tell whether there is nothing to migrate."""
    return current(connection) == LATEST


def current(connection: Connection) -> str | None:
    """Return the revision of the schema, None for a database without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if version is None else str(version)


def prepare() -> None:
    """Import what `upgrade` needs, which takes a while, before anybody waits for the lock that it runs under."""
    importlib.import_module("alembic.command")


def upgrade(connection: Connection, *, to: str = LATEST) -> None:
    """Run the migrations that are missing. Raises StorageError for a database that a newer version wrote."""
    standing = current(connection)
    if standing == to:
        return
    if standing is not None and standing > to:
        raise StorageError(
            f"The database has schema {standing}; this version of Lasttenth knows schemas up to {LATEST}.",
            hint="Install a newer version of Lasttenth.",
        )
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
