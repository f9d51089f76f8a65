"""The load as OTLP over HTTP. It runs in a peer's environment and imports nothing of Lasttenth but the load."""

import json
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.store.load import Span


def request_of(spans: list[Span]) -> bytes:
    """Return the body of one export request that holds the spans."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    _set(resource.resource.attributes, {"service.name": "load"})
    scope = resource.scope_spans.add()
    for span in spans:
        target = scope.spans.add()
        target.trace_id = bytes.fromhex(span["trace_id"])
        target.span_id = bytes.fromhex(span["span_id"])
        target.parent_span_id = bytes.fromhex(span["parent_id"])
        target.name, target.kind = span["name"], 1
        target.start_time_unix_nano, target.end_time_unix_nano = span["start"], span["end"]
        target.status.code = 1 if span["status"] == "ok" else 2
        said = {"input.value": span["input"], "input.mime_type": "application/json", "output.value": span["output"]}
        _set(target.attributes, {**span["attributes"], **said})
    body: bytes = request.SerializeToString()
    return body


def _set(attributes: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        attribute = attributes.add()
        attribute.key = key
        if isinstance(value, str):
            attribute.value.string_value = value
        elif isinstance(value, int):
            attribute.value.int_value = value
        elif isinstance(value, float):
            attribute.value.double_value = value
        else:
            attribute.value.string_value = json.dumps(value)
