"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Compared byte by byte, as in SQLite: what is sorted by text has one order everywhere, whatever the server's language.
POSTGRES_TEXT = sa.Text(collation="C")
TEXT = sa.Text().with_variant(POSTGRES_TEXT, "postgresql")


def upgrade() -> None:
    """Create every table."""
    _ledger()
    _owners_and_payloads()
    _spans()
    _indexes()
    if op.get_context().dialect.name == "postgresql":
        _postgres_search()


def _string(length: int) -> sa.types.TypeEngine[str]:
    # SQLite takes a length for a remark; a server that enforced it would lose the trace of whoever sent a longer name.
    return sa.String(length=length).with_variant(POSTGRES_TEXT, "postgresql")


def _ledger() -> None:
    op.create_table(
        "definitions",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("hash", _string(64), nullable=False),
        sa.Column("kind", _string(40), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "hash"),
    )
    op.create_index("definitions_by_kind", "definitions", ["project", "kind", "created"], unique=False)
    op.create_table(
        "edges",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("child", _string(64), nullable=False),
        sa.Column("parent", _string(64), nullable=False),
        sa.PrimaryKeyConstraint("project", "child", "parent"),
    )
    op.create_table(
        "events",
        sa.Column("sequence", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", _string(64), nullable=False),
        sa.Column("kind", _string(40), nullable=False),
        sa.Column("subject", _string(400), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("project", "id", name="events_by_id"),
    )
    op.create_index("events_by_subject", "events", ["project", "kind", "subject", "sequence"], unique=False)


def _owners_and_payloads() -> None:
    op.create_table(
        "keys",
        sa.Column("id", _string(40), nullable=False),
        sa.Column("project", _string(200), nullable=False),
        sa.Column("name", _string(200), nullable=False),
        sa.Column("digest", _string(64), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "payloads",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", _string(64), nullable=False),
        sa.Column("media_type", _string(100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("encoding", _string(10), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "projects",
        sa.Column("name", _string(200), nullable=False),
        sa.Column("payload_key", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _spans() -> None:
    op.create_table(
        "spans",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("trace_id", _string(32), nullable=False),
        sa.Column("span_id", _string(16), nullable=False),
        sa.Column("parent_id", _string(16), nullable=False),
        sa.Column("name", _string(400), nullable=False),
        sa.Column("operation", _string(40), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("status", _string(10), nullable=False),
        sa.Column("error", _string(60), nullable=False),
        sa.Column("model", _string(200), nullable=False),
        sa.Column("unit", _string(200), nullable=False),
        sa.Column("unit_source", _string(20), nullable=False),
        sa.Column("task", _string(200), nullable=False),
        sa.Column("release", _string(64), nullable=False),
        sa.Column("environment", _string(64), nullable=False),
        sa.Column("pointer", _string(200), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("usage", TEXT, nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("price_version", _string(60), nullable=False),
        sa.Column("first_token", sa.BigInteger(), nullable=True),
        sa.Column("stages", TEXT, nullable=False),
        sa.Column("attributes", TEXT, nullable=False),
        sa.Column("input", _string(64), nullable=True),
        sa.Column("output", _string(64), nullable=True),
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
        sa.Column("project", _string(200), nullable=False),
        sa.Column("name", _string(200), nullable=False),
        sa.Column("splitter", _string(60), nullable=False),
        sa.Column("embedder", _string(200), nullable=False),
        sa.Column("embedder_hash", _string(64), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project", "name", name="indexes_by_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "documents",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("project", _string(200), nullable=False),
        sa.Column("index_id", sa.BigInteger(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("hash", _string(64), nullable=False),
        sa.Column("payload", _string(64), nullable=False),
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
        sa.Column("project", _string(200), nullable=False),
        sa.Column("index_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("headings", TEXT, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("chunks_by_document", "chunks", ["project", "document_id"], unique=False)
    op.create_index("chunks_by_index", "chunks", ["project", "index_id"], unique=False)


def _postgres_search() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.drop_column("chunks", "vector")
    op.execute("ALTER TABLE chunks ADD COLUMN vector vector, ADD COLUMN words tsvector, ADD COLUMN size bigint")
    # English stems, and no stop words: BM25 gives little weight to what stands everywhere, and some of it is asked for.
    op.execute("CREATE TEXT SEARCH DICTIONARY lasttenth (TEMPLATE = snowball, LANGUAGE = english)")
    op.execute("CREATE TEXT SEARCH CONFIGURATION lasttenth (COPY = english)")
    op.execute("ALTER TEXT SEARCH CONFIGURATION lasttenth ALTER MAPPING REPLACE english_stem WITH lasttenth")
    op.execute("CREATE INDEX chunks_by_word ON chunks USING gin (words)")
