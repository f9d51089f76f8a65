"""Spans as columns and one packed body, with rollups, dictionaries and full text beside them.

The spans of before are left in `spans_before`, from where `storage.traces.carrying` takes them over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

POSTGRES_TEXT = sa.Text(collation="C")
SUMS = ("spans", "errors", "input_tokens", "output_tokens", "cost", "unpriced")


def upgrade() -> None:
    """Put the old spans aside and create the new tables."""
    on_postgres = op.get_context().dialect.name == "postgresql"
    op.drop_index("spans_by_start", "spans")
    op.rename_table("spans", "spans_before")
    if on_postgres:
        op.execute("ALTER TABLE spans_before RENAME CONSTRAINT spans_pkey TO spans_before_pkey")
        _postgres_spans()
    else:
        _sqlite_spans()
    _indexes()
    _beside_spans()


def _string(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length=length).with_variant(POSTGRES_TEXT, "postgresql")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("project", _string(200), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(16), nullable=False),
        sa.Column("span_id", sa.LargeBinary(8), nullable=False),
        sa.Column("parent_id", sa.LargeBinary(8), nullable=True),
        sa.Column("name", _string(400), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("error", _string(60), nullable=True),
        sa.Column("unit", _string(200), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("dictionary", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
    ]


def _sqlite_spans() -> None:
    op.create_table(
        "spans",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        *_columns(),
        sa.UniqueConstraint("project", "trace_id", "span_id", name="spans_by_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "span_words",
        sa.Column("project", sa.Text(), primary_key=True),
        sa.Column("span", sa.Integer(), nullable=False),
    )


def _postgres_spans() -> None:
    key = ("project", "trace_id", "span_id", "start")
    by_day: dict[str, Any] = {"postgresql_partition_by": "RANGE (start)"}
    # Packed by us, so not once more by the server.
    op.create_table("spans", *_columns(), sa.UniqueConstraint(*key, name="spans_by_id"), **by_day)
    op.execute("ALTER TABLE spans ALTER COLUMN payload SET STORAGE EXTERNAL")
    columns = {column.name: column for column in _columns()}
    op.create_table("span_words", *(columns[name] for name in key), **by_day)
    op.execute("ALTER TABLE span_words ADD COLUMN words int4[] NOT NULL")
    op.execute("CREATE INDEX span_words_by_word ON span_words USING gin (words)")
    op.create_index("span_words_by_start", "span_words", ["project", "start"])
    columns = {column.name: column for column in _columns()}
    op.create_table("span_backlog", *(columns[name] for name in key))
    for table in ("spans", "span_words"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")


def _indexes() -> None:
    op.create_index("spans_by_series", "spans", ["project", "series", "start"])
    for name, columns, condition in (
        ("spans_by_start", ["project", "start"], "parent_id IS NULL"),
        ("spans_failed", ["project", "start"], "error IS NOT NULL"),
        ("spans_by_unit", ["project", "unit", "start"], "parent_id IS NULL AND unit <> ''"),
    ):
        where = sa.text(condition)
        op.create_index(name, "spans", columns, sqlite_where=where, postgresql_where=where)


def _beside_spans() -> None:
    op.create_table(
        "series",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation", _string(40), nullable=False),
        sa.Column("model", _string(200), nullable=False),
        sa.Column("task", _string(200), nullable=False),
        sa.Column("release", _string(64), nullable=False),
        sa.Column("environment", _string(64), nullable=False),
        sa.Column("pointer", _string(200), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "dictionaries",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "rollups",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.Column("durations", sa.LargeBinary(), nullable=False),
        sa.Column("first_tokens", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "hour", "series", "shard"),
    )
    op.create_table(
        "spending",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", _string(10), nullable=False),
        sa.Column("name", _string(200), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("project", "day", "kind", "name", "shard"),
    )
