"""Rollups: sums and sketches by hour and series, and daily sums by unit and key, kept in the transaction of the spans.

Each row has a shard, so that writers beside each other need not wait for one another; who asks adds the shards up.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from lasttenth.records.totals import DAY, HOUR, Label, Payer, Period, Quantiles, Spending, Total
from lasttenth.records.traces import Span
from lasttenth.storage.sketches import Sketch
from lasttenth.storage.traces.bodies import named_unit
from lasttenth.storage.traces.rows import SpanRows
from lasttenth.storage.traces.series import Series

MOST_TOKENS = 2**40
MOST_COST = 2**50
"""What one span adds at most: whatever a provider claims, a sum stays within 64 bits."""

_SUMS = ("spans", "errors", "input_tokens", "output_tokens", "cost", "unpriced")
_ADDED = ", ".join(f"{name} = rollups.{name} + excluded.{name}" for name in _SUMS)
_SKETCHES = "SELECT durations, first_tokens FROM rollups WHERE project = ? AND hour = ? AND series = ? AND shard = ?"
_STORE = (
    f"INSERT INTO rollups (project, hour, series, shard, {', '.join(_SUMS)}, durations, first_tokens) "  # noqa: S608
    f"VALUES ({', '.join('?' * 12)}) ON CONFLICT (project, hour, series, shard) DO UPDATE SET {_ADDED}, "
    "durations = excluded.durations, first_tokens = excluded.first_tokens"
)
_SPEND = (
    f"INSERT INTO spending (project, day, kind, name, shard, {', '.join(_SUMS)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * 11)}) ON CONFLICT (project, day, kind, name, shard) DO UPDATE SET "
    + _ADDED.replace("rollups.", "spending.")
)
_TOTALS = (
    f"SELECT r.hour, {', '.join(f's.{name}' for name in Series._fields)}, "  # noqa: S608
    f"{', '.join(f'r.{name}' for name in _SUMS)}, r.durations, r.first_tokens "
    "FROM rollups r JOIN series s ON s.project = r.project AND s.id = r.series "
    "WHERE r.project = ? AND r.hour >= ? AND r.hour < ?"
)
_SPENDING = (
    f"SELECT name, {', '.join(f'SUM({each})' for each in _SUMS)} FROM spending "  # noqa: S608
    "WHERE project = ? AND kind = ? AND day >= ? AND day < ? GROUP BY name ORDER BY SUM(cost) DESC, name LIMIT ?"
)


class Sums(msgspec.Struct):
    """What some spans came to."""

    spans: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    unpriced: int = 0

    def count(self, span: Span) -> None:
        """Add a span."""
        usage = span.usage
        self.spans += 1
        self.errors += span.status == "error"
        if usage is not None:
            self.input_tokens += _bounded(usage.input_tokens, MOST_TOKENS)
            self.output_tokens += _bounded(usage.output_tokens, MOST_TOKENS)
            self.unpriced += span.cost is None
        self.cost += _bounded(span.cost or 0, MOST_COST)

    def add(self, other: Iterable[int]) -> None:
        """Add the sums of others, in the order of the fields."""
        for name, value in zip(_SUMS, other, strict=True):
            setattr(self, name, getattr(self, name) + int(value))


def _bounded(number: int, most: int) -> int:
    return number if 0 <= number <= most else max(0, min(number, most))


class Cell:
    """What the spans of one group came to, and how their durations were distributed."""

    def __init__(self) -> None:
        self.sums = Sums()
        self.durations = Sketch()
        self.first_tokens = Sketch()

    def add(self, sums: Iterable[int], durations: bytes, first_tokens: bytes) -> None:
        """Add a stored row."""
        self.sums.add(sums)
        self.durations.merge(Sketch.from_bytes(durations))
        self.first_tokens.merge(Sketch.from_bytes(first_tokens))

    def total(self, start: int, labels: dict[str, str]) -> Total:
        """Return what the cell shows."""
        first_token = _quantiles(self.first_tokens) if len(self.first_tokens) else None
        sums = msgspec.structs.asdict(self.sums)
        return Total(start=start, labels=labels, **sums, duration=_quantiles(self.durations), first_token=first_token)


class Rollups:
    """The rollups of one project."""

    def __init__(self, rows: SpanRows, project: str) -> None:
        self._rows = rows
        self._project = project

    def add(self, connection: Connection, spans: Sequence[Span]) -> None:
        """Count spans that were stored just now, in the same transaction."""
        if not spans:
            return
        shard = self._rows.shard(connection)
        for (hour, series), group in sorted(_by_series(spans).items()):
            self._add_to_hour(connection, (self._project, hour, series, shard), group)
        spent = [
            (self._project, *payer, shard, *msgspec.structs.astuple(sums))
            for payer, sums in sorted(_by_payer(spans).items())
        ]
        if spent:
            self._rows.run(connection, _SPEND, spent)

    def totals(
        self,
        connection: Connection,
        *,
        after: int,
        before: int,
        by: Sequence[Label],
        period: Period | None,
        where: dict[Label, str],
    ) -> list[Total]:
        """Return totals of the hours that begin at or after one time and before another, by period and labels."""
        conditions = "".join(f" AND s.{label} = ?" for label in where)
        parameters = (self._project, -(-after // HOUR), -(-before // HOUR), *where.values())
        length = {None: 0, "hour": 1, "day": 24}[period]
        cells: defaultdict[tuple[Any, ...], Cell] = defaultdict(Cell)
        labels = len(Series._fields)
        for hour, *values in self._rows.fetch(connection, _TOTALS + conditions, parameters):
            series = Series(*values[:labels])
            start = hour - hour % length if length else 0
            key = (start * HOUR, *(getattr(series, label) for label in by))
            cells[key].add(values[labels:-2], values[-2], values[-1])
        return [cells[key].total(key[0], dict(zip(by, key[1:], strict=True))) for key in sorted(cells)]

    def spending(self, connection: Connection, *, by: Payer, after: int, before: int, limit: int) -> list[Spending]:
        """Return who spent most on the days that begin at or after one time and before another."""
        parameters = (self._project, by, -(-after // DAY), -(-before // DAY), limit)
        rows = self._rows.fetch(connection, _SPENDING, parameters)
        return [Spending(name=row[0], **dict(zip(_SUMS, map(int, row[1:]), strict=True))) for row in rows]

    def _add_to_hour(self, connection: Connection, key: tuple[object, ...], spans: Sequence[Span]) -> None:
        sums = Sums()
        for span in spans:
            sums.count(span)
        durations = Sketch(span.end - span.start for span in spans)
        first_tokens = Sketch(span.first_token for span in spans if span.first_token is not None)
        for before in self._rows.fetch(connection, _SKETCHES, key):
            durations.merge(Sketch.from_bytes(before[0]))
            first_tokens.merge(Sketch.from_bytes(before[1]))
        row = (*key, *msgspec.structs.astuple(sums), durations.to_bytes(), first_tokens.to_bytes())
        self._rows.run(connection, _STORE, [row])


def _by_series(spans: Sequence[Span]) -> dict[tuple[int, int], list[Span]]:
    groups = defaultdict(list)
    for span in spans:
        groups[span.start // HOUR, Series.of(span).number].append(span)
    return groups


def _by_payer(spans: Sequence[Span]) -> dict[tuple[int, str, str], Sums]:
    """Return the sums of whom the requests were for: of a trace only the root counts, which includes the rest of it."""
    groups: defaultdict[tuple[int, str, str], Sums] = defaultdict(Sums)
    for span in (each for each in spans if not each.parent_id):
        for kind, name in (("key", span.key), ("unit", named_unit(span))):
            if name:
                groups[span.start // DAY, kind, name].count(span)
    return groups


def _quantiles(sketch: Sketch) -> Quantiles:
    return Quantiles(
        p50=sketch.quantile(0.5), p90=sketch.quantile(0.9), p95=sketch.quantile(0.95), p99=sketch.quantile(0.99)
    )
