"""Full text of spans in PostgreSQL: the hashes of a span's words in a table beside it, filled behind it from a backlog.

Numbers of 31 bits take a third of the space of a `tsvector`, so that they stand in the row itself and are quick to walk
through where a word is common; where it is rare, a GIN index names the spans. That two words have the same number is
possible, and rarer than one search in ten thousand. The backlog is a table and not a number up to which all is done:
transactions that began earlier may end later.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from lasttenth.records.totals import SearchLag
from lasttenth.storage.postgres.engine import driver
from lasttenth.storage.postgres.spans import native_sql
from lasttenth.storage.traces.rows import Condition, Match, Text, Waiting
from lasttenth.storage.traces.texts import words_in

AT_ONCE = 256
MANY = 1000
"""Spans from which words are common."""

_WAITING = """
WITH taken AS (
    DELETE FROM span_backlog WHERE ctid = ANY (ARRAY(SELECT ctid FROM span_backlog LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING project, trace_id, span_id, start
)
SELECT t.project, t.trace_id, t.span_id, t.start, s.name, s.dictionary, s.payload FROM taken t JOIN spans s
ON s.project = t.project AND s.trace_id = t.trace_id AND s.span_id = t.span_id AND s.start = t.start
"""
# A hash that partitioned tables rest on too, so no version of the server may change it.
_HASHES = """
ARRAY(SELECT (hashtextextended(lexeme COLLATE "C", 0) & 2147483647)::int4 FROM unnest(to_tsvector('lasttenth', %s)))
"""
_ADD = f"INSERT INTO span_words (project, trace_id, span_id, start, words) VALUES (%s, %s, %s, %s, {_HASHES})"  # noqa: S608
_REMOVE = "DELETE FROM {} WHERE project = %s AND trace_id = %s AND span_id = %s AND start = %s"
_HOLDING = "(SELECT * FROM span_words WHERE project = ? AND words @> ?::int4[] LIMIT ?)"
_COUNT = f"SELECT count(*) FROM {_HOLDING} w"  # noqa: S608 - our own words
_MATCHES = """
SELECT s.start, s.trace_id FROM {} w JOIN spans s
ON s.project = w.project AND s.trace_id = w.trace_id AND s.span_id = w.span_id AND s.start = w.start
{} ORDER BY w.start DESC
"""
_RARE = _MATCHES.format(_HOLDING, "WHERE TRUE{}")
_COMMON = _MATCHES.format("span_words", "WHERE w.project = ? AND w.words @> ?::int4[]{}")


class PostgresSpanWords:
    """Which spans hold which words."""

    place = "trace_id, span_id, start"

    def waiting(self, connection: Connection, limit: int) -> list[Waiting]:
        """Return spans that are not indexed, which nobody else has taken."""
        with driver(connection).cursor() as cursor:
            rows = cursor.execute(_WAITING, (limit,)).fetchall()
        return [Waiting(row[0], row[1:4], *row[4:]) for row in rows]

    def add(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Index spans of a project that waited."""
        with driver(connection).cursor() as cursor:
            cursor.executemany(_ADD, [(project, *text.place, " ".join(words_in(text.text))) for text in texts])

    def remove(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Take spans out; some may not have been added yet."""
        keys = [(project, *text.place) for text in texts]
        with driver(connection).cursor() as cursor:
            # The backlog first: it waits for an indexer that has the span, whose words are then seen and removed.
            for table in ("span_backlog", "span_words"):
                cursor.executemany(_REMOVE.format(table), keys)

    def matches(
        self, connection: Connection, project: str, words: Sequence[str], condition: Condition
    ) -> Iterator[Match]:
        """Yield the spans that hold all the words, latest first."""
        native = driver(connection)
        row = native.execute(f"SELECT {_HASHES}".encode(), (" ".join(words),)).fetchone()
        if not row or not row[0]:
            return
        holding = (project, row[0])
        row = native.execute(native_sql(_COUNT), (*holding, MANY)).fetchone()
        is_rare = row is not None and row[0] < MANY
        if not is_rare:
            # Walked through by time: few are read in the end, and the plan is made for that.
            native.execute("SET LOCAL cursor_tuple_fraction = 0.01")
        statement = (_RARE if is_rare else _COMMON).format(condition.sql)
        parameters = (*holding, MANY, *condition.parameters) if is_rare else (*holding, *condition.parameters)
        # A cursor of the server: who reads a page of matches pays for no more.
        with native.cursor(name="matches") as cursor:
            cursor.itersize = AT_ONCE
            cursor.execute(native_sql(statement), parameters)
            yield from (Match(row[0], bytes(row[1])) for row in cursor)

    def forget(self, connection: Connection, project: str) -> None:
        """Do nothing: what was removed leaves with the server's next vacuum."""

    def lag(self, connection: Connection) -> SearchLag:
        """Return how much waits, in all projects."""
        with driver(connection).cursor() as cursor:
            row = cursor.execute("SELECT count(*), min(start) FROM span_backlog").fetchone()
        return SearchLag(spans=row[0], since=row[1]) if row else SearchLag(spans=0)
