"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _ledger()
    _owners_and_payloads()
    _spans()
    _indexes()


def _ledger() -> None:
    op.create_table(
        "definitions",
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "hash"),
    )
    op.create_index("definitions_by_kind", "definitions", ["project", "kind", "created"], unique=False)
    op.create_table(
        "edges",
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("child", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("project", "child", "parent"),
    )
    op.create_table(
        "events",
        sa.Column("sequence", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("project", "id", name="events_by_id"),
    )
    op.create_index("events_by_subject", "events", ["project", "kind", "subject", "sequence"], unique=False)


def _owners_and_payloads() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "payloads",
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("encoding", sa.String(length=10), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "projects",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("payload_key", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _spans() -> None:
    op.create_table(
        "spans",
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("trace_id", sa.String(length=32), nullable=False),
        sa.Column("span_id", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("unit_source", sa.String(length=20), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("release", sa.String(length=64), nullable=False),
        sa.Column("environment", sa.String(length=64), nullable=False),
        sa.Column("pointer", sa.String(length=200), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("usage", sa.Text(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("price_version", sa.String(length=60), nullable=False),
        sa.Column("first_token", sa.BigInteger(), nullable=True),
        sa.Column("stages", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("input", sa.String(length=64), nullable=True),
        sa.Column("output", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("project", "trace_id", "span_id"),
    )
    op.create_index(
        "spans_by_start",
        "spans",
        ["project", "start"],
        unique=False,
        sqlite_where=sa.text("parent_id = ''"),
        postgresql_where=sa.text("parent_id = ''"),
    )


def _indexes() -> None:
    op.create_table(
        "indexes",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("splitter", sa.String(length=60), nullable=False),
        sa.Column("embedder", sa.String(length=200), nullable=False),
        sa.Column("embedder_hash", sa.String(length=64), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project", "name", name="indexes_by_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "documents",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("index_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "payload"],
            ["payloads.project", "payloads.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project", "index_id", "name", name="documents_by_name"),
    )
    op.create_index("documents_by_payload", "documents", ["project", "payload"], unique=False)
    op.create_table(
        "chunks",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", sa.String(length=200), nullable=False),
        sa.Column("index_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("headings", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("chunks_by_document", "chunks", ["project", "document_id"], unique=False)
    op.create_index("chunks_by_index", "chunks", ["project", "index_id"], unique=False)
