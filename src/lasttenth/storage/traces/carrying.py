"""Carry spans over from the tables of the first schema, as part of the migration that puts them aside.

They are written by the code that writes spans today, so later changes of the format need no second look at them.
"""

import logging
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, inspect, text

from lasttenth.records.traces import Assignment, Payload, Span
from lasttenth.records.usage import Usage

BATCH = 500

_OLD = text("""
    SELECT s.*, i.media_type AS input_type, i.body AS input_body, i.encoding AS input_encoding,
        o.media_type AS output_type, o.body AS output_body, o.encoding AS output_encoding
    FROM spans_before s
    LEFT JOIN payloads i ON i.project = s.project AND i.id = s.input
    LEFT JOIN payloads o ON o.project = s.project AND o.id = s.output
    WHERE s.project = :project AND (s.trace_id > :trace_id OR s.trace_id = :trace_id AND s.span_id > :span_id)
    ORDER BY s.trace_id, s.span_id LIMIT :limit
""")
_PAYLOADS = text("""
    DELETE FROM payloads WHERE body IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.project = payloads.project AND d.payload = payloads.id)
    AND EXISTS (SELECT 1 FROM spans_before s WHERE s.project = payloads.project
        AND (s.input = payloads.id OR s.output = payloads.id))
""")

logger = logging.getLogger("lasttenth.storage")


def carry_over(connection: Connection, insert: Callable[[Connection, str, list[Span]], None]) -> None:
    """Move what the first schema held, if there is anything; `insert` stores spans of a project."""
    if not inspect(connection).has_table("spans_before"):
        return
    for project in connection.scalars(text("SELECT DISTINCT project FROM spans_before ORDER BY project")).all():
        moved = 0
        for spans in _batches(connection, project):
            insert(connection, project, spans)
            moved += len(spans)
        logger.info("Project %s: %d spans were moved into the new format.", project, moved)
    connection.execute(text("CREATE INDEX spans_before_input ON spans_before (project, input)"))
    connection.execute(text("CREATE INDEX spans_before_output ON spans_before (project, output)"))
    connection.execute(_PAYLOADS)
    connection.execute(text("DROP TABLE spans_before"))


def _batches(connection: Connection, project: str) -> Iterator[list[Span]]:
    last = {"trace_id": "", "span_id": ""}
    while True:
        rows = connection.execute(_OLD, {"project": project, "limit": BATCH, **last}).mappings().all()
        if not rows:
            return
        yield [_span(dict(row)) for row in rows]
        last = {name: rows[-1][name] for name in last}


def _span(row: dict[str, Any]) -> Span:
    chosen = {name: row[name] for name in Assignment.__struct_fields__}
    kept = ("trace_id", "span_id", "parent_id", "name", "operation", "start", "end", "status", "error", "model")
    rest = ("unit", "unit_source", "cost", "price_version", "first_token")
    said, answered = _payload(row, "input"), _payload(row, "output")
    erased = [row[name] for name, found in (("input", said), ("output", answered)) if row[name] and found is None]
    return Span(
        **{name: row[name] for name in (*kept, *rest)},
        input=said,
        output=answered,
        assignment=Assignment(**chosen) if row["task"] else None,
        usage=msgspec.json.decode(row["usage"], type=Usage) if row["usage"] else None,
        stages=msgspec.json.decode(row["stages"]),
        attributes=msgspec.json.decode(row["attributes"]),
        erased=" ".join(erased),
    )


def _payload(row: dict[str, Any], name: str) -> Payload | None:
    body = row[f"{name}_body"]
    if body is None:
        return None
    plain = zlib.decompress(body) if row[f"{name}_encoding"] == "zlib" else bytes(body)
    return Payload(media_type=row[f"{name}_type"], body=plain)
