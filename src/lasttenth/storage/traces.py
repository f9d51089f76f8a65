"""Spans in a table, written and read with the engine's native driver: this path runs for every request."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from lasttenth.records.errors import NotFoundError
from lasttenth.records.traces import Assignment, Span, TraceSummary
from lasttenth.records.usage import Usage
from lasttenth.storage import schema
from lasttenth.storage.engine import Engine
from lasttenth.storage.payloads import PayloadTable, open_payload

COLUMNS = tuple(column.name for column in schema.spans.columns)
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_QUALIFIED = ", ".join(f's."{name}"' for name in COLUMNS)
_SELECT = (
    f"SELECT {_QUALIFIED}, "  # noqa: S608 - our own names
    "i.media_type, i.body, i.encoding, o.media_type, o.body, o.encoding FROM spans s "
    "LEFT JOIN payloads i ON i.project = s.project AND i.id = s.input "
    "LEFT JOIN payloads o ON o.project = s.project AND o.id = s.output "
    'WHERE s.project = ? AND s.trace_id = ? ORDER BY s."start", s.span_id'
)
_LIST = (
    'SELECT trace_id, name, operation, "start", "end" - "start", status, error, model, task, release, '
    "input_tokens, output_tokens, cost FROM spans WHERE project = ? AND parent_id = '' "
    'AND "start" < ? AND "start" > ? ORDER BY "start" DESC LIMIT ?'
)
_FOREVER = 2**63 - 1


class SpanRows(Protocol):
    """How an engine's native driver writes and reads rows."""

    def insert(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of all `COLUMNS`; one that is there already is left as it is."""
        ...

    def fetch(self, connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose parameters are question marks."""
        ...


class TraceTable:
    """The spans of one project."""

    def __init__(self, engine: Engine, project: str, payloads: PayloadTable, rows: SpanRows) -> None:
        self._engine = engine
        self._project = project
        self._payloads = payloads
        self._rows = rows

    async def append(self, spans: Sequence[Span]) -> None:
        """Store spans durably, with their payloads; a span that is stored already is left as it is."""

        def work(connection: Connection) -> None:
            payloads: list[dict[str, Any]] = []
            rows = [self._row(span, payloads) for span in spans]
            self._payloads.insert(connection, payloads)
            self._rows.insert(connection, rows)

        await self._engine.write(work)

    async def get(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace in order of their start. Raises NotFoundError."""
        parameters = (self._project, trace_id)
        rows = await self._engine.read(lambda connection: self._rows.fetch(connection, _SELECT, parameters))
        if not rows:
            raise NotFoundError(
                f"There is no trace {trace_id} in project {self._project}.", hint="List them with: lasttenth tail"
            )
        return [_span(row) for row in rows]

    async def latest(
        self, *, limit: int = 50, before: int | None = None, after: int | None = None
    ) -> list[TraceSummary]:
        """Return root spans that started before and after the given Unix nanoseconds, newest first."""
        latest = _FOREVER if before is None else _storable(before)
        parameters = (self._project, latest, -1 if after is None else _storable(after), limit)
        rows = await self._engine.read(lambda connection: self._rows.fetch(connection, _LIST, parameters))
        names = TraceSummary.__struct_fields__
        return [TraceSummary(**dict(zip(names, row, strict=True))) for row in rows]

    def _row(self, span: Span, payloads: list[dict[str, Any]]) -> tuple[Any, ...]:
        references: list[str | None] = []
        for payload in (span.input, span.output):
            row = None if payload is None else self._payloads.row(payload)
            references.append(None if row is None else str(row["id"]))
            if row is not None:
                payloads.append(row)
        chosen = span.assignment or Assignment(task="", release="", environment="")
        usage = span.usage
        return (
            self._project,
            span.trace_id,
            span.span_id,
            span.parent_id,
            span.name,
            span.operation,
            span.start,
            span.end,
            span.status,
            span.error,
            span.model,
            span.unit,
            span.unit_source,
            chosen.task,
            chosen.release,
            chosen.environment,
            chosen.pointer,
            chosen.probability,
            usage.input_tokens if usage else None,
            usage.output_tokens if usage else None,
            msgspec.json.encode(usage).decode() if usage else None,
            span.cost,
            span.price_version,
            span.first_token,
            msgspec.json.encode(span.stages).decode(),
            msgspec.json.encode(span.attributes).decode(),
            *references,
        )


def _storable(time: int) -> int:
    return max(-1, min(time, _FOREVER))


def _span(row: tuple[Any, ...]) -> Span:
    count = len(COLUMNS)
    value = dict(zip(COLUMNS, row[:count], strict=True))
    names = ("task", "release", "environment", "pointer", "probability")
    chosen = {name: value.pop(name) for name in names}
    for derived in ("project", "input_tokens", "output_tokens"):
        del value[derived]
    value["assignment"] = Assignment(**chosen) if chosen["task"] else None
    value["usage"] = msgspec.json.decode(value["usage"], type=Usage) if value["usage"] else None
    value["stages"] = msgspec.json.decode(value["stages"])
    value["attributes"] = msgspec.json.decode(value["attributes"])
    for name, at in (("input", count), ("output", count + 3)):
        value[name] = open_payload(*row[at : at + 3]) if row[at] is not None else None
    return Span(**value)
