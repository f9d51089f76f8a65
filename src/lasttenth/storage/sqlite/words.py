"""Full text in SQLite: one FTS5 table for each index, so that BM25's statistics never mix projects or indexes.

The tables hold no text of their own (`content=''`), therefore what leaves must be named word for word as it came in.
"""

import re

from sqlalchemy import Connection

from lasttenth.storage.ports import Hit
from lasttenth.storage.sqlite.engine import driver

MAX_QUERY_WORDS = 96
HEADING_WEIGHT = 1.0
"""BM25 weight of a chunk's headings beside its text."""

_WORD = re.compile(r"\w+")


def create(connection: Connection, index_id: int) -> None:
    """Create the full-text table of an index."""
    driver(connection).execute(
        f"CREATE VIRTUAL TABLE {_table(index_id)} USING fts5(headings, body, content='', tokenize='porter unicode61')"
    )


def drop(connection: Connection, index_id: int) -> None:
    """Remove the full-text table of an index."""
    driver(connection).execute(f"DROP TABLE {_table(index_id)}")


def add(connection: Connection, index_id: int, rows: list[tuple[int, str, str]]) -> None:
    """Index (chunk id, headings, text) rows."""
    table = _table(index_id)
    driver(connection).executemany(f"INSERT INTO {table}(rowid, headings, body) VALUES (?, ?, ?)", rows)  # noqa: S608


def remove(connection: Connection, index_id: int, rows: list[tuple[int, str, str]]) -> None:
    """Take (chunk id, headings, text) rows out, exactly as they were added."""
    table = _table(index_id)
    statement = f"INSERT INTO {table}({table}, rowid, headings, body) VALUES ('delete', ?, ?, ?)"  # noqa: S608
    driver(connection).executemany(statement, rows)


def search(connection: Connection, index_id: int, query: str, limit: int) -> list[Hit]:
    """Return the chunks that share any word with the query, best first by BM25."""
    words = list(dict.fromkeys(_WORD.findall(query.lower())))[:MAX_QUERY_WORDS]
    if not words:
        return []
    expression = " OR ".join(f'"{word}"' for word in words)
    table = _table(index_id)
    statement = (
        f"SELECT rowid, -bm25({table}, {HEADING_WEIGHT}, 1.0) AS score FROM {table} "  # noqa: S608 - a number of ours
        f"WHERE {table} MATCH ? ORDER BY score DESC, rowid LIMIT ?"
    )
    return [Hit(*row) for row in driver(connection).execute(statement, (expression, limit)).fetchall()]


def _table(index_id: int) -> str:
    return f"words_{int(index_id)}"
