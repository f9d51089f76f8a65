"""Which traces a filter finds, newest first.

Labels, failure and words are asked of every span, and a trace is found by any span that meets them all; the unit is asked
of the root. A span starts after its root, so once `limit` roots are known that started after all spans that were not
looked at yet, no newer one can follow.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from lasttenth.records.traces import TraceFilter, TraceSummary
from lasttenth.storage.traces.rows import Condition, Match, SpanRows, SpanWords
from lasttenth.storage.traces.texts import words_in

FOREVER = 2**63 - 1
LATE = 60 * 10**9
"""How long after its root a span may start and still lead to it from an earlier page, in nanoseconds."""

_LABELS = ("operation", "model", "task", "release", "pointer")
_SUMMARY = (
    "SELECT s.trace_id, s.name, v.operation, s.start, s.duration, s.error, v.model, v.task, v.release, "
    "s.input_tokens, s.output_tokens, s.cost, s.unit "
    "FROM spans s JOIN series v ON v.project = s.project AND v.id = s.series "
    "WHERE s.project = ? AND s.parent_id IS NULL"
)
_SERIES = "SELECT id FROM series WHERE project = ?"
_NEWEST = " ORDER BY s.start DESC LIMIT ?"


class _Wanted(NamedTuple):
    """What is asked of a root that one of its spans has led to."""

    after: int
    before: int
    unit: str

    def holds(self, start: int, unit: str) -> bool:
        """Tell whether a root is wanted."""
        return self.after < start < self.before and self.unit in {"", unit}


class Listing:
    """The lists of one project's traces."""

    def __init__(self, rows: SpanRows, words: SpanWords, project: str) -> None:
        self._rows = rows
        self._words = words
        self._project = project

    def latest(
        self, connection: Connection, where: TraceFilter, *, after: int, before: int, limit: int
    ) -> list[TraceSummary]:
        """Return the roots that started between two times and whose traces meet a filter."""
        matches = self._matches(connection, where, after=after, before=before, limit=limit)
        if matches is not None:
            return self._roots(connection, matches, _Wanted(after, before, where.unit), limit)
        condition = Condition(" AND s.start > ? AND s.start < ?", (after, before))
        if where.unit:
            condition = _both(condition, Condition(" AND s.unit = ? AND s.unit <> ''", (where.unit,)))
        newest = Condition(condition.sql + _NEWEST, (*condition.parameters, limit))
        return [summary for summary, _ in self._summaries(connection, newest)]

    def _roots(
        self, connection: Connection, matches: Iterator[Match], wanted: _Wanted, limit: int
    ) -> list[TraceSummary]:
        known: list[TraceSummary] = []
        seen: set[bytes] = set()
        while some := list(islice(matches, limit)):
            new = list({match.trace_id for match in some} - seen)
            seen.update(new)
            if new:
                these = Condition(f" AND s.trace_id IN ({', '.join('?' * len(new))})", tuple(new))
                roots = self._summaries(connection, these)
                known += [root for root, unit in roots if wanted.holds(root.start, unit)]
                known.sort(key=_start, reverse=True)
            if len(known) >= limit and known[limit - 1].start >= some[-1].position:
                break
        return known[:limit]

    def _summaries(self, connection: Connection, condition: Condition) -> list[tuple[TraceSummary, str]]:
        """Return roots, each with its unit."""
        parameters = (self._project, *condition.parameters)
        rows = self._rows.fetch(connection, _SUMMARY + condition.sql, parameters)
        return [(_summary(row[:-1]), row[-1]) for row in rows]

    def _matches(
        self, connection: Connection, where: TraceFilter, *, after: int, before: int, limit: int
    ) -> Iterator[Match] | None:
        """Return the spans that meet what is asked of spans, latest first; None where nothing is."""
        labels = {name: getattr(where, name) for name in _LABELS if getattr(where, name)}
        words = words_in(where.words)
        if where.words and not words:
            return iter(())  # signs alone stand in no text
        if not (labels or words or where.failed):
            return None
        condition = Condition(" AND s.start > ? AND s.start < ?", (after, min(before, FOREVER - LATE) + LATE))
        if where.failed:
            condition = _both(condition, Condition(" AND s.error IS NOT NULL", ()))
        if labels and not (words or where.failed):
            return self._in_series(connection, self._series(connection, labels), condition, limit)
        if labels:
            # The plus keeps an engine from looking series by series, where words or failures are rarer.
            among = f" AND +s.series IN ({_SERIES}{_equal(labels)})"
            condition = _both(condition, Condition(among, (self._project, *labels.values())))
        if words:
            return self._words.matches(connection, self._project, words, condition)
        return self._paged(lambda end, size: self._page(connection, _both(condition, end), size), limit)

    def _series(self, connection: Connection, labels: dict[str, str]) -> list[int]:
        statement = f"{_SERIES}{_equal(labels)} ORDER BY id"
        return [row[0] for row in self._rows.fetch(connection, statement, (self._project, *labels.values()))]

    def _in_series(
        self, connection: Connection, series: list[int], condition: Condition, limit: int
    ) -> Iterator[Match]:
        """Yield the matches of many series: the newest of each are the newest of all."""

        def page(end: Condition, size: int) -> list[Match]:
            found: list[Match] = []
            for number in series:
                one = Condition(" AND s.series = ?", (number,))
                found += self._page(connection, _both(_both(condition, end), one), size)
            return sorted(found, reverse=True)[:size]

        return self._paged(page, limit)

    def _page(self, connection: Connection, condition: Condition, size: int) -> list[Match]:
        statement = f"SELECT s.start, s.trace_id FROM spans s WHERE s.project = ?{condition.sql}{_NEWEST}"  # noqa: S608
        rows = self._rows.fetch(connection, statement, (self._project, *condition.parameters, size))
        return [Match(row[0], bytes(row[1])) for row in rows]

    def _paged(self, page: Callable[[Condition, int], list[Match]], limit: int) -> Iterator[Match]:
        """Yield matches page by page, each twice as long as the one before it."""
        end, size = FOREVER, 2 * limit
        seen: set[Match] = set()
        while True:
            # Spans that start at the same time may stand on both sides of an edge, so the edge is read again.
            matches = page(Condition(" AND s.start <= ?", (end,)), size + len(seen))
            yield from (match for match in matches if match not in seen)
            if len(matches) < size + len(seen):
                return
            end, size = matches[-1].position, size * 2
            seen = {match for match in matches if match.position == end}


def _both(one: Condition, other: Condition) -> Condition:
    return Condition(one.sql + other.sql, one.parameters + other.parameters)


def _equal(labels: Iterable[str]) -> str:
    return "".join(f" AND {name} = ?" for name in labels)


def _start(summary: TraceSummary) -> int:
    return summary.start


def _summary(row: tuple[Any, ...]) -> TraceSummary:
    trace_id, name, operation, start, duration, error, *rest = row
    model, task, release, input_tokens, output_tokens, cost = rest
    return TraceSummary(
        trace_id=bytes(trace_id).hex(),
        name=name,
        operation=operation,
        start=start,
        duration=duration,
        status="ok" if error is None else "error",
        error=error or "",
        model=model,
        task=task,
        release=release,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=cost,
    )
