"""The spans of one project: columns to ask by, one packed body, rollups beside them; written in one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from lasttenth.records.errors import NotFoundError
from lasttenth.records.events import Erasure
from lasttenth.records.hashing import keyed_hash
from lasttenth.records.ids import Clock
from lasttenth.records.totals import DAY, Label, Payer, Period, Spending, Total
from lasttenth.records.traces import EVERYTHING, Span, TraceFilter, TraceSummary
from lasttenth.storage.engine import Engine
from lasttenth.storage.events import EventTable
from lasttenth.storage.traces.blocks import Cut
from lasttenth.storage.traces.bodies import Body, body_of, is_long, named_unit, span_of, without_blocks
from lasttenth.storage.traces.dictionaries import Dictionaries
from lasttenth.storage.traces.keeping import KeptBlocks, Use
from lasttenth.storage.traces.learning import Learner
from lasttenth.storage.traces.listing import FOREVER, Listing
from lasttenth.storage.traces.rollups import Rollups
from lasttenth.storage.traces.rows import SpanKey, SpanRow, SpanRows, SpanWords, Text
from lasttenth.storage.traces.series import Series
from lasttenth.storage.traces.texts import text_of

KNOWN_SERIES = 10_000
EXPIRED_AT_ONCE = 1000

_GET = (
    "SELECT s.trace_id, s.span_id, s.parent_id, s.name, s.start, s.duration, s.error, s.unit, s.input_tokens, "  # noqa: S608
    f"s.output_tokens, s.cost, s.dictionary, s.payload, {', '.join(f'v.{name}' for name in Series._fields)} "
    "FROM spans s JOIN series v ON v.project = s.project AND v.id = s.series "
    "WHERE s.project = ? AND s.trace_id = ? ORDER BY s.start, s.span_id"
)
_FIRST_LABEL = 13
_ADD_SERIES = (
    f"INSERT INTO series (project, id, {', '.join(Series._fields)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * (2 + len(Series._fields)))}) ON CONFLICT DO NOTHING"
)
_ALL_SERIES = "SELECT id FROM series WHERE project = ? ORDER BY id"
_EXPIRED = "project = ? AND series = ? AND start < ? LIMIT ?"
_DELETE = "DELETE FROM spans WHERE project = ? AND trace_id = ? AND span_id = ?"
_EMPTY = "UPDATE spans SET payload = ?, dictionary = ? WHERE project = ? AND trace_id = ? AND span_id = ?"


class _Placed(NamedTuple):
    """A stored span that is to be changed or removed, together with its words."""

    key: SpanKey
    text: Text
    body: Body

    def uses(self) -> list[Use]:
        """Return the blocks that its payloads begin with."""
        return [Use(chain, self.key) for chain in self.body.chains if chain is not None]


class TraceTable:
    """The spans of one project."""

    def __init__(
        self, engine: Engine, dictionaries: Dictionaries, *, rows: SpanRows, words: SpanWords, key: bytes, clock: Clock
    ) -> None:
        project = self._project = dictionaries.project
        self._engine = engine
        self._dictionaries = dictionaries
        self._key = key
        self._rows = rows
        self._words = words
        self._blocks = KeptBlocks(rows, project)
        self._events = EventTable(engine, project)
        self._rollups = Rollups(rows, project)
        self._listing = Listing(rows, words, project)
        self._learner = Learner(engine, dictionaries, rows, clock)
        self._known_series: set[int] = set()

    async def append(self, spans: Sequence[Span]) -> None:
        """Store spans durably, with their payloads; a span that is stored already is left as it is."""
        stored = await self._engine.write(lambda connection: self.insert(connection, spans))
        # Only now: what is rolled back was never there.
        if len(self._known_series) > KNOWN_SERIES:
            self._known_series.clear()
        self._known_series |= stored

    def insert(self, connection: Connection, spans: Sequence[Span]) -> set[int]:
        """Store spans inside a transaction and return the numbers of their series."""
        distinct = {(span.trace_id.lower(), span.span_id.lower()): span for span in reversed(spans)}
        ordered = sorted(distinct.values(), key=_id)
        series = {each.number: each for each in map(Series.of, ordered)}
        unknown = sorted(series.keys() - self._known_series)
        if unknown:
            self._rows.run(connection, _ADD_SERIES, [(self._project, number, *series[number]) for number in unknown])
        number, packer = self._dictionaries.latest(connection)
        cuts: dict[SpanKey, list[Cut]] = {}
        rows = [self._row(span, number, packer.pack(self._body(span, cuts))) for span in ordered]
        new = self._rows.insert(connection, rows)
        fresh = [span for span, row in zip(ordered, rows, strict=True) if SpanKey(row.trace_id, row.span_id) in new]
        self._rollups.add(connection, fresh)
        kept = {Use(each.chain, key): each.blocks for key in cuts.keys() & new for each in cuts[key]}
        if kept:
            self._blocks.keep(connection, kept)
        return set(series)

    async def get(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace in order of their start. Raises NotFoundError."""

        def work(connection: Connection) -> list[Span]:
            rows = self._rows.fetch(connection, _GET, (self._project, _bytes(trace_id)))
            return [self._span(connection, row) for row in rows]

        spans = await self._engine.read(work)
        if not spans:
            raise self._unknown(trace_id)
        return spans

    async def latest(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        where: TraceFilter = EVERYTHING,
    ) -> list[TraceSummary]:
        """Return root spans that started before and after the given Unix nanoseconds, newest first."""
        start = -1 if after is None else _storable(after)
        end = FOREVER if before is None else _storable(before)
        return await self._engine.read(
            lambda connection: self._listing.latest(connection, where, after=start, before=end, limit=limit)
        )

    async def totals(
        self,
        *,
        after: int,
        before: int,
        by: Sequence[Label] = (),
        period: Period | None = None,
        where: dict[Label, str] | None = None,
    ) -> list[Total]:
        """Return what spans came to in the hours that begin at or after one time and before another."""
        return await self._engine.read(
            lambda connection: self._rollups.totals(
                connection, after=after, before=before, by=by, period=period, where=where or {}
            )
        )

    async def spending(self, *, by: Payer, after: int, before: int, limit: int = 100) -> list[Spending]:
        """Return who spent most on the days that begin at or after one time and before another."""
        return await self._engine.read(
            lambda connection: self._rollups.spending(connection, by=by, after=after, before=before, limit=limit)
        )

    async def erase(self, trace_id: str, erasure: Erasure) -> None:
        """Erase the inputs, outputs and attributes of a trace for good, and record it. Raises NotFoundError.

        What it cost and how long it took stays, with the keyed hash of what was erased.
        """

        def work(connection: Connection) -> None:
            found = self._placed(connection, "project = ? AND trace_id = ?", (self._project, _bytes(trace_id)))
            if not found:
                raise self._unknown(trace_id)
            for each in found:
                self._erase(connection, each)
            self._words.forget(connection, self._project)
            self._events.insert(connection, [erasure])

        await self._engine.write(work)

    async def expire(self, before: int) -> int:
        """Remove the spans that started before a time and return how many they were; the rollups stay."""
        removed = await self._engine.write(lambda connection: self._rows.drop(connection, self._project, before))
        while some := await self._engine.write(lambda connection: self._expire_some(connection, before)):
            removed += some
        return removed

    async def learn(self) -> bool:
        """Train a dictionary for the spans to come, if there is enough that is new, and tell whether one was stored."""
        return await self._learner.learn()

    def _expire_some(self, connection: Connection, before: int) -> int:
        """Remove a batch, small enough for other writers to take their turns between two of them."""
        for (series,) in self._rows.fetch(connection, _ALL_SERIES, (self._project,)):
            found = self._placed(connection, _EXPIRED, (self._project, series, before, EXPIRED_AT_ONCE))
            if found:
                # The words of what was erased have left already, and full text in SQLite is damaged by leaving twice.
                words = [each.text for each in found if not each.body.erased]
                self._words.remove(connection, self._project, words)
                self._rows.run(connection, _DELETE, [(self._project, *each.key) for each in found])
                self._blocks.release(connection, [use for each in found for use in each.uses()])
                return len(found)
        return 0

    def _placed(self, connection: Connection, condition: str, parameters: tuple[object, ...]) -> list[_Placed]:
        """Return spans that nobody else changes before the transaction ends."""
        statement = (
            f"SELECT trace_id, span_id, name, dictionary, payload, {self._words.place} FROM spans "  # noqa: S608
            f"WHERE {condition} {self._rows.locking}"
        )
        placed = []
        for trace_id, span_id, name, number, payload, *place in self._rows.fetch(connection, statement, parameters):
            body = self._dictionaries.packer(connection, number).unpack(bytes(payload))
            text = text_of(name, self._blocks.said(connection, body), indexed=body.indexed)
            placed.append(_Placed(SpanKey(bytes(trace_id), bytes(span_id)), Text(tuple(place), text), body))
        return placed

    def _erase(self, connection: Connection, found: _Placed) -> None:
        body = found.body
        if body.erased:
            return
        self._words.remove(connection, self._project, [found.text])
        whole = self._blocks.restored(connection, body)
        erased = keyed_hash(self._key, msgspec.msgpack.encode((whole.input, whole.output, whole.attributes)))
        empty = msgspec.structs.replace(body, input=None, output=None, attributes={}, long=None, erased=erased)
        number, packer = self._dictionaries.latest(connection)
        self._rows.run(connection, _EMPTY, [(packer.pack(empty), number, self._project, *found.key)])
        self._blocks.release(connection, found.uses())

    def _unknown(self, trace_id: str) -> NotFoundError:
        return NotFoundError(
            f"There is no trace {trace_id} in project {self._project}.", hint="List them with: lasttenth traces"
        )

    def _body(self, span: Span, cuts: dict[SpanKey, list[Cut]]) -> Body:
        """Return the body of a span, and add how its long payloads were cut to those of the others."""
        body = body_of(span)
        if is_long(body):
            body, theirs = without_blocks(body, self._key, span.start // DAY)
            cuts[SpanKey(bytes.fromhex(span.trace_id), bytes.fromhex(span.span_id))] = theirs
        return body

    def _row(self, span: Span, number: int, payload: bytes) -> SpanRow:
        usage = span.usage
        return SpanRow(
            project=self._project,
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_id=bytes.fromhex(span.parent_id) if span.parent_id else None,
            name=span.name,
            start=span.start,
            duration=span.end - span.start,
            series=Series.of(span).number,
            error=span.error if span.status == "error" else None,
            unit=named_unit(span),
            input_tokens=_storable(usage.input_tokens) if usage else None,
            output_tokens=_storable(usage.output_tokens) if usage else None,
            cost=None if span.cost is None else _storable(span.cost),
            dictionary=number,
            payload=payload,
        )

    def _span(self, connection: Connection, row: tuple[Any, ...]) -> Span:
        trace_id, span_id, parent_id, name, start, duration, error, unit, _, _, cost, number, payload = row[
            :_FIRST_LABEL
        ]
        body: Body = self._dictionaries.packer(connection, number).unpack(bytes(payload))
        columns = {
            "trace_id": bytes(trace_id).hex(),
            "span_id": bytes(span_id).hex(),
            "parent_id": bytes(parent_id or b"").hex(),
            "name": name,
            "start": start,
            "end": start + duration,
            "status": "ok" if error is None else "error",
            "error": error or "",
            "unit": unit,
            "cost": cost,
        }
        return span_of(columns, Series(*row[_FIRST_LABEL:]), self._blocks.restored(connection, body))


def _id(span: Span) -> tuple[str, str]:
    return span.trace_id, span.span_id


def _bytes(trace_id: str) -> bytes:
    """Return the bytes of an id; what is none has no bytes, which nothing is stored under."""
    try:
        return bytes.fromhex(trace_id)
    except ValueError:
        return b""


def _storable(number: int) -> int:
    return number if -1 <= number <= FOREVER else max(-1, min(number, FOREVER))
