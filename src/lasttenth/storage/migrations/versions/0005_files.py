"""Files that programs keep here, in parts: what they upload, and what is written line by line."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

POSTGRES_TEXT = sa.Text(collation="C")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "files",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("id", _string(60), nullable=False),
        sa.Column("name", _string(400), nullable=False),
        sa.Column("purpose", _string(40), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_table(
        "file_parts",
        sa.Column("project", _string(200), nullable=False),
        sa.Column("file", _string(60), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", _string(10), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "file", "number"),
    )


def _string(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length=length).with_variant(POSTGRES_TEXT, "postgresql")
