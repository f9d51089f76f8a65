"""The tables, once for every engine. Every key starts with the project; times are Unix nanoseconds."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite counts row ids only for the exact type INTEGER; other engines need 64 bits.
RowId = BigInteger().with_variant(Integer, "sqlite")

projects = Table(
    "projects",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("payload_key", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("project", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)

definitions = Table(
    "definitions",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("definitions_by_kind", "project", "kind", "created"),
)

edges = Table(
    "edges",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("child", String(64), primary_key=True),
    Column("parent", String(64), primary_key=True),
)

events = Table(
    "events",
    metadata,
    Column("sequence", RowId, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("id", String(64), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("project", "id", name="events_by_id"),
    Index("events_by_subject", "project", "kind", "subject", "sequence"),
)

payloads = Table(
    "payloads",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("media_type", String(100), nullable=False),
    Column("body", LargeBinary),
    Column("encoding", String(10), nullable=False),
    Column("size", BigInteger, nullable=False),
)

spans = Table(
    "spans",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("trace_id", String(32), primary_key=True),
    Column("span_id", String(16), primary_key=True),
    Column("parent_id", String(16), nullable=False),
    Column("name", String(400), nullable=False),
    Column("operation", String(40), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("status", String(10), nullable=False),
    Column("error", String(60), nullable=False),
    Column("model", String(200), nullable=False),
    Column("unit", String(200), nullable=False),
    Column("unit_source", String(20), nullable=False),
    Column("task", String(200), nullable=False),
    Column("release", String(64), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("pointer", String(200), nullable=False),
    Column("probability", Float, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("usage", Text),
    Column("cost", BigInteger),
    Column("price_version", String(60), nullable=False),
    Column("first_token", BigInteger),
    Column("stages", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("input", String(64)),
    Column("output", String(64)),
)
Index(
    "spans_by_start",
    spans.c.project,
    spans.c.start,
    sqlite_where=spans.c.parent_id == "",
    postgresql_where=spans.c.parent_id == "",
)

indexes = Table(
    "indexes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("name", String(200), nullable=False),
    Column("splitter", String(60), nullable=False),
    Column("embedder", String(200), nullable=False),
    Column("embedder_hash", String(64), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    UniqueConstraint("project", "name", name="indexes_by_name"),
    sqlite_autoincrement=True,  # an id is never used again: what is cached by it stays true
)

documents = Table(
    "documents",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("index_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("payload", String(64), nullable=False),
    UniqueConstraint("project", "index_id", "name", name="documents_by_name"),
    ForeignKeyConstraint(["project", "payload"], ["payloads.project", "payloads.id"]),
    Index("documents_by_payload", "project", "payload"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("index_id", BigInteger, nullable=False),
    Column("document_id", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("headings", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("chunks_by_index", "project", "index_id"),
    Index("chunks_by_document", "project", "document_id"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("kind", String(200), nullable=False),
    Column("payload", Text, nullable=False),
    Column("queue", String(200), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("due", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("idempotency_key", Text),
    Column("concurrency_key", Text, nullable=False),
    Column("schedule", String(200), nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("progress", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("error_code", String(60), nullable=False),
    Column("error", Text, nullable=False),
    Column("worker", String(200), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
)


def _partial(name: str, *columns: ColumnElement[Any], where: ColumnElement[bool], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_partial(
    "jobs_by_key",
    jobs.c.project,
    jobs.c.kind,
    jobs.c.idempotency_key,
    where=jobs.c.idempotency_key.is_not(None),
    unique=True,
)
_partial("jobs_by_urgency", jobs.c.priority.desc(), jobs.c.due, jobs.c.id, where=jobs.c.due.is_not(None))
_partial("jobs_that_run", jobs.c.project, jobs.c.queue, jobs.c.concurrency_key, where=jobs.c.state == "running")
_partial("jobs_that_ended", jobs.c.ended, where=jobs.c.ended.is_not(None))

queues = Table(
    "queues",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("running", Integer),
    Column("per_key", Integer, nullable=False),
    Column("rate", Integer),
    Column("period", BigInteger, nullable=False),
    Column("full_until", BigInteger, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("body", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("next_due", BigInteger, nullable=False),
    Column("expect_every", BigInteger),
    Column("since", BigInteger, nullable=False),
    Column("last_success", BigInteger),
    Index("schedules_by_due", "next_due"),
)

expectations = Table(
    "expectations",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("kind", String(200), primary_key=True),
    Column("expect_every", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("last_success", BigInteger),
)
