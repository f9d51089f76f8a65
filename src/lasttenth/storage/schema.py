"""The tables, once for every engine. Every key starts with the project; times are Unix nanoseconds."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
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

files = Table(
    "files",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("id", String(60), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
)

# What is behind the body of a row is read only with it, so the body is last.
file_parts = Table(
    "file_parts",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("file", String(60), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("encoding", String(10), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("operation", String(40), nullable=False),
    Column("model", String(200), nullable=False),
    Column("task", String(200), nullable=False),
    Column("release", String(64), nullable=False),
    Column("environment", String(64), nullable=False),
    Column("pointer", String(200), nullable=False),
)

# PostgreSQL has no `id`, and a partition for each day. Ids of traces and spans are bytes.
spans = Table(
    "spans",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", String(200), nullable=False),
    Column("trace_id", LargeBinary(16), nullable=False),
    Column("span_id", LargeBinary(8), nullable=False),
    Column("parent_id", LargeBinary(8)),
    Column("name", String(400), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("series", BigInteger, nullable=False),
    Column("error", String(60)),
    Column("unit", String(200), nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost", BigInteger),
    Column("dictionary", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("project", "trace_id", "span_id", name="spans_by_id"),
    sqlite_autoincrement=True,  # what is indexed by words is known by its id
)
_ROOT = spans.c.parent_id.is_(None)
_FAILED = spans.c.error.is_not(None)
_NAMED = _ROOT & (spans.c.unit != "")
Index("spans_by_start", spans.c.project, spans.c.start, sqlite_where=_ROOT, postgresql_where=_ROOT)
Index("spans_by_series", spans.c.project, spans.c.series, spans.c.start)
Index("spans_failed", spans.c.project, spans.c.start, sqlite_where=_FAILED, postgresql_where=_FAILED)
Index("spans_by_unit", spans.c.project, spans.c.unit, spans.c.start, sqlite_where=_NAMED, postgresql_where=_NAMED)

# What long payloads begin with. Both have a partition for each day in PostgreSQL; `start` is the beginning of the day.
blocks = Table(
    "blocks",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(20), primary_key=True),
    Column("parent", LargeBinary(20)),
    Column("body", LargeBinary, nullable=False),
)
_CHILD = blocks.c.parent.is_not(None)
Index("blocks_by_parent", *blocks.c["project", "start", "parent"], sqlite_where=_CHILD, postgresql_where=_CHILD)

block_uses = Table(
    "block_uses",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(20), primary_key=True),
    Column("trace_id", LargeBinary(16), primary_key=True),
    Column("span_id", LargeBinary(8), primary_key=True),
    sqlite_with_rowid=False,
)

dictionaries = Table(
    "dictionaries",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("spans", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
)


def _sums() -> list[Column[int]]:
    names = ("spans", "errors", "input_tokens", "output_tokens", "cost", "unpriced")
    return [Column(name, BigInteger, nullable=False) for name in names]


rollups = Table(
    "rollups",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    *_sums(),
    Column("durations", LargeBinary, nullable=False),
    Column("first_tokens", LargeBinary, nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("project", String(200), primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(10), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    *_sums(),
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
