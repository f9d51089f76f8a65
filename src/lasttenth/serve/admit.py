"""Admit: decode the head of a request, take our own controls out of it, and say who it is for.

Only the head is typed. Every other field stays the bytes it was, so unknown fields pass untouched.
"""

import hashlib
from typing import Any

import msgspec

from lasttenth.models import bodies
from lasttenth.models.protocols import Head
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Ids, trace_id_of_traceparent
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import UnitSource
from lasttenth.serve.calls import Call, GatewayRequest

CONTROL_HEADER = "x-lasttenth-"
CONTROL_KEY = "lasttenth_"
UNIT_HEADER = "x-lasttenth-unit"
VARIABLES_HEADER = "x-lasttenth-variables"
STREAMED = frozenset({"chat", "completions"})
"""Operations whose answers may come as streams."""
TAGS = "tags"
TAGS_HEADER = CONTROL_HEADER + TAGS
MAX_UNIT = 200
MAX_MODEL = 200


def scope_of(request: GatewayRequest, ids: Ids) -> SpanScope:
    """Return where the request is recorded: under the caller's trace id, where it sent one."""
    trace_id = trace_id_of_traceparent(request.headers.get("traceparent", "")) or ids.trace()
    return SpanScope(project=request.project, trace_id=trace_id, span_id=ids.span())


def admit(request: GatewayRequest, scope: SpanScope) -> Call:
    """Return the call that a request makes. Raises InvalidRequestError."""
    fields, body = bodies.fields_of(request.body), request.body
    if request.beside:
        fields.update(request.beside)
        body = msgspec.json.encode(fields)
    protocol = request.protocol
    head = protocol.head(request.operation, fields)
    controls: dict[str, str] = {}
    if head.metadata:
        own = {name: value for name, value in head.metadata.items() if name.startswith(CONTROL_KEY)}
        controls = {name.removeprefix(CONTROL_KEY): _text(value) for name, value in own.items() if value is not None}
        fields = _without_controls(fields) if own else fields
    unit, source = _unit(request, controls, head, scope)
    controls |= _header_controls(request)
    return Call(
        operation=request.operation,
        protocol=protocol,
        model=named(head.model),
        stream=bool(head.stream) and request.operation in STREAMED,
        body=body,
        fields=fields,
        headers=_passed_headers(request) if protocol.passed_headers else {},
        controls=controls,
        unit=unit,
        unit_source=source,
        key=request.key,
        scope=msgspec.structs.replace(scope, tags=_tags(controls[TAGS])) if TAGS in controls else scope,
    )


def named(model: str) -> str:
    """Return a model's name, which will stand in headers and in lists. Raises InvalidRequestError."""
    if not model.strip():
        raise InvalidRequestError("model is empty.", hint="Name one of GET /v1/models.", parameter="model")
    if len(model) > MAX_MODEL or not model.isprintable():
        raise InvalidRequestError(
            f"model must be a name of at most {MAX_MODEL} printable characters.",
            hint="Name one of GET /v1/models.",
            parameter="model",
        )
    return model


def _tags(text: str) -> frozenset[str]:
    """Return the tags that are asked for. Raises InvalidRequestError where there is none in what claims to name some."""
    tags = frozenset(tag.strip().lower() for tag in text.split(",") if tag.strip())
    if not tags:
        raise InvalidRequestError(
            "The tags are empty.", hint="Name some, with commas, or leave them out.", parameter=TAGS
        )
    return tags


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _passed_headers(request: GatewayRequest) -> dict[str, str]:
    """Return the headers that go on to the provider. Raises InvalidRequestError."""
    passed = {name: request.headers[name] for name in request.protocol.passed_headers if name in request.headers}
    for name, value in passed.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidRequestError(f"The header {name} must be printable ASCII.", parameter=name)
    return passed


def _header_controls(request: GatewayRequest) -> dict[str, str]:
    names = [name for name in request.headers if name.startswith(CONTROL_HEADER)]
    if not names:
        return {}
    if VARIABLES_HEADER in names:
        raise InvalidRequestError(
            "Variables are no header.", hint="Send them in metadata.lasttenth_variables.", parameter="variables"
        )
    return {name.removeprefix(CONTROL_HEADER).replace("-", "_"): request.headers[name] for name in names}


def _without_controls(fields: bodies.Fields) -> bodies.Fields:
    metadata = msgspec.json.decode(fields["metadata"], type=bodies.Fields)
    kept = {name: value for name, value in metadata.items() if not name.startswith(CONTROL_KEY)}
    others = {name: value for name, value in fields.items() if name != "metadata"}
    return {**others, "metadata": msgspec.Raw(msgspec.json.encode(kept))} if kept else others


def _unit(request: GatewayRequest, controls: dict[str, str], head: Head, scope: SpanScope) -> tuple[str, UnitSource]:
    """Return whom the request is for: the first that is named, in the order that the documentation gives."""
    candidates: tuple[tuple[UnitSource, str | None], ...] = (
        ("header", request.headers.get(UNIT_HEADER)),
        ("metadata", controls.get("unit")),
        ("safety_identifier", head.safety_identifier),
        ("user", head.user),
        ("key", request.key),
    )
    for source, value in candidates:
        if value:
            return _bounded(value), source
    return scope.trace_id, "random"


def _bounded(unit: str) -> str:
    return unit if len(unit) <= MAX_UNIT else hashlib.sha256(unit.encode()).hexdigest()
