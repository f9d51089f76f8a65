"""Full text of spans in SQLite: one FTS5 table for each project, filled behind the spans, in the order they came.

The tables hold neither text nor positions (`content=''`, `detail=none`): they say which span has which word, in about a
tenth of the text's size. What leaves must therefore be named word for word as it came in. `span_words` says up to which
span each project is indexed; since they are taken in order, whatever is above the highest of these numbers waits.
"""

import hashlib
import itertools
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from lasttenth.records.totals import SearchLag
from lasttenth.storage.sqlite.batches import in_statements
from lasttenth.storage.sqlite.engine import driver
from lasttenth.storage.traces.rows import Condition, Match, Text, Waiting
from lasttenth.storage.traces.texts import words_in

_INDEXED = "(SELECT coalesce(max(span), 0) FROM span_words)"
_WAITING = f"SELECT project, id, name, dictionary, payload FROM spans WHERE id > {_INDEXED} ORDER BY id LIMIT ?"  # noqa: S608
_LAG = f"SELECT count(*), min(start) FROM spans WHERE id > {_INDEXED}"  # noqa: S608
_REMEMBER = (
    "INSERT INTO span_words (project, span) VALUES (?, ?) ON CONFLICT (project) DO UPDATE SET span = excluded.span"
)

MANY = 1000
"""Spans from which words are common."""
MOMENT = 2 * 10**9
"""How long after its end a span comes to be stored, in nanoseconds."""


class SqliteSpanWords:
    """Which spans hold which words."""

    place = "id"

    def waiting(self, connection: Connection, limit: int) -> list[Waiting]:
        """Return the spans that came first among those that are not indexed."""
        rows = driver(connection).execute(_WAITING, (limit,)).fetchall()
        return [Waiting(row[0], (row[1],), *row[2:]) for row in rows]

    def add(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Index spans of a project that waited."""
        table, native = _table(project), driver(connection)
        native.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} "
            "USING fts5(body, content='', detail=none, columnsize=0, tokenize='porter unicode61')"
        )
        for some in in_statements(_rows(texts)):
            statement = f"INSERT INTO {table}(rowid, body) VALUES {', '.join(['(?, ?)'] * len(some))}"  # noqa: S608
            native.execute(statement, list(itertools.chain(*some)))
        native.execute(_REMEMBER, (project, max(text.place[0] for text in texts)))

    def remove(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Take spans out, whose texts are exactly those that were added; some may not have been added yet."""
        indexed = driver(connection).execute(f"SELECT {_INDEXED}").fetchone()[0]
        added = [text for text in texts if text.place[0] <= indexed]
        if added:
            table = _table(project)
            statement = f"INSERT INTO {table}({table}, rowid, body) VALUES ('delete', ?, ?)"  # noqa: S608
            driver(connection).executemany(statement, _rows(added))

    def matches(
        self, connection: Connection, project: str, words: Sequence[str], condition: Condition
    ) -> Iterator[Match]:
        """Yield the spans that hold all the words: by their start where they are few, else as they came."""
        native, table = driver(connection), _table(project)
        if native.execute("SELECT span FROM span_words WHERE project = ?", (project,)).fetchone() is None:
            return
        asked = " ".join(f'"{word}"' for word in words)
        holding = f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?"  # noqa: S608 - a name of ours
        are_few = len(native.execute(holding, (asked, MANY)).fetchall()) < MANY
        # What came before a span had ended by then, so it cannot have started later than a moment after that.
        position, order = ("s.start", "s.start") if are_few else (f"s.start + s.duration + {MOMENT}", f"{table}.rowid")
        statement = (
            f"SELECT {position}, s.trace_id FROM {table} JOIN spans s ON s.id = {table}.rowid "  # noqa: S608
            f"WHERE {table} MATCH ? AND s.project = ?{condition.sql} ORDER BY {order} DESC"
        )
        yield from map(Match._make, native.execute(statement, (asked, project, *condition.parameters)))

    def forget(self, connection: Connection, project: str) -> None:
        """Let nothing that was removed stay readable in the file: FTS5 keeps it until its parts are joined."""
        if driver(connection).execute("SELECT span FROM span_words WHERE project = ?", (project,)).fetchone():
            table = _table(project)
            driver(connection).execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608

    def lag(self, connection: Connection) -> SearchLag:
        """Return how much waits, in all projects."""
        spans, since = driver(connection).execute(_LAG).fetchone()
        return SearchLag(spans=spans, since=since)


def _rows(texts: Sequence[Text]) -> list[tuple[int, str]]:
    return [(text.place[0], _words(text.text)) for text in texts]


def _words(text: str) -> str:
    # In ASCII FTS5 finds the same words by itself, and sooner.
    return text if text.isascii() else " ".join(words_in(text))


def _table(project: str) -> str:
    return f"span_words_{hashlib.sha256(project.encode()).hexdigest()[:16]}"
