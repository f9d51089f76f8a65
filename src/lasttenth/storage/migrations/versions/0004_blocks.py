"""Blocks of long payloads, stored once for all spans of a day. Spans of before stay as they are: whole."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

POSTGRES_TEXT = sa.Text(collation="C")
_DAYS = """
SELECT right(relname, 8), pg_get_expr(relpartbound, oid) FROM pg_inherits JOIN pg_class ON oid = inhrelid
WHERE inhparent = 'spans'::regclass AND relname <> 'spans_default'
"""


def upgrade() -> None:
    """Create the tables, and their partitions for the days that there are."""
    on_postgres = op.get_context().dialect.name == "postgresql"
    by_day: dict[str, Any] = {"postgresql_partition_by": "RANGE (start)"}
    op.create_table(
        "blocks",
        *_key(),
        sa.Column("parent", sa.LargeBinary(20), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "start", "hash"),
        **by_day,
    )
    where = sa.text("parent IS NOT NULL")
    columns = ["project", "start", "parent"]
    op.create_index("blocks_by_parent", "blocks", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "block_uses",
        *_key(),
        sa.Column("trace_id", sa.LargeBinary(16), nullable=False),
        sa.Column("span_id", sa.LargeBinary(8), nullable=False),
        sa.PrimaryKeyConstraint("project", "start", "hash", "trace_id", "span_id"),
        sqlite_with_rowid=False,
        **by_day,
    )
    if on_postgres:
        _divide()


def _key() -> list[sa.Column[object]]:
    return [
        sa.Column("project", sa.String(200).with_variant(POSTGRES_TEXT, "postgresql"), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(20), nullable=False),
    ]


def _divide() -> None:
    # Packed by us, so not once more by the server.
    op.execute("ALTER TABLE blocks ALTER COLUMN body SET STORAGE EXTERNAL")
    days = op.get_bind().execute(sa.text(_DAYS)).all()
    for table in ("blocks", "block_uses"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
        for day, bounds in days:
            op.execute(f"CREATE TABLE {table}_{day} PARTITION OF {table} {bounds}")
