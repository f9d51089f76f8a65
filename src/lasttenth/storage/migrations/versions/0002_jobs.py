"""Jobs, the limits of their queues, schedules, and what is expected to succeed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


# Compared byte by byte, as in SQLite: what is sorted by text has one order everywhere, whatever the server's language.
POSTGRES_TEXT = sa.Text(collation="C")
TEXT = sa.Text().with_variant(POSTGRES_TEXT, "postgresql")


def upgrade() -> None:
    """Create the tables."""
    _jobs()
    _queues()
    _schedules()


def _string(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length=length).with_variant(POSTGRES_TEXT, "postgresql")


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", _string(32), nullable=False),
        sa.Column("kind", _string(200), nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("queue", _string(200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", _string(10), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", TEXT, nullable=True),
        sa.Column("concurrency_key", TEXT, nullable=False),
        sa.Column("schedule", _string(200), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("progress", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.Column("error_code", _string(60), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("worker", _string(200), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    _index("jobs_by_key", ["project", "kind", "idempotency_key"], where="idempotency_key IS NOT NULL", unique=True)
    _index("jobs_by_urgency", [sa.text("priority DESC"), "due", "id"], where="due IS NOT NULL")
    _index("jobs_that_run", ["project", "queue", "concurrency_key"], where="state = 'running'")
    _index("jobs_that_ended", ["ended"], where="ended IS NOT NULL")


def _index(name: str, columns: list[str | sa.TextClause], *, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _queues() -> None:
    op.create_table(
        "queues",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("name", _string(200), nullable=False),
        sa.Column("running", sa.Integer(), nullable=True),
        sa.Column("per_key", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("full_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "name"),
    )


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("name", _string(200), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_due", sa.BigInteger(), nullable=False),
        sa.Column("expect_every", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "name"),
    )
    op.create_index("schedules_by_due", "schedules", ["next_due"])
    op.create_table(
        "expectations",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("kind", _string(200), nullable=False),
        sa.Column("expect_every", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "kind"),
    )
