"""Admit: decode the head of a request, take our own controls out of it, and say who it is for.

Only the head is typed. Every other field stays the bytes it was, so unknown fields pass untouched.
"""

import hashlib
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Ids, trace_id_of_traceparent
from lasttenth.records.ports import SpanScope
from lasttenth.records.traces import UnitSource
from lasttenth.serve.calls import Call, GatewayRequest

CONTROL_HEADER = "x-lasttenth-"
CONTROL_KEY = "lasttenth_"
MAX_UNIT = 200
MAX_MODEL = 200


class _ChatHead(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    messages: msgspec.Raw
    stream: bool | None = None
    metadata: dict[str, Any] | None = None
    safety_identifier: str | None = None
    user: str | None = None


class _EmbeddingsHead(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    input: msgspec.Raw
    user: str | None = None


def scope_of(request: GatewayRequest, ids: Ids) -> SpanScope:
    """Return where the request is recorded: under the caller's trace id, where it sent one."""
    trace_id = trace_id_of_traceparent(request.headers.get("traceparent", "")) or ids.trace()
    return SpanScope(project=request.project, trace_id=trace_id, span_id=ids.span())


def admit(request: GatewayRequest, scope: SpanScope) -> Call:
    """Return the call that a request makes. Raises InvalidRequestError."""
    if request.operation == "chat":
        return _admit_chat(request, scope)
    head = openai.decode(request.body, _EmbeddingsHead)
    unit, source = _unit(request, {}, [("user", head.user)], scope)
    return Call(
        operation=request.operation,
        model=named(head.model),
        stream=False,
        body=request.body,
        controls=_header_controls(request),
        unit=unit,
        unit_source=source,
        key=request.key,
        scope=scope,
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


def _admit_chat(request: GatewayRequest, scope: SpanScope) -> Call:
    head = openai.decode(request.body, _ChatHead)
    if not bytes(head.messages).lstrip().startswith(b"["):
        raise InvalidRequestError("messages must be a list.", parameter="messages")
    metadata = head.metadata or {}
    own = {name: value for name, value in metadata.items() if name.startswith(CONTROL_KEY)}
    controls = {name.removeprefix(CONTROL_KEY): str(value) for name, value in own.items() if value is not None}
    candidates: list[tuple[UnitSource, str | None]] = [
        ("safety_identifier", head.safety_identifier),
        ("user", head.user),
    ]
    unit, source = _unit(request, controls, candidates, scope)
    return Call(
        operation=request.operation,
        model=named(head.model),
        stream=bool(head.stream),
        body=_without_controls(request.body) if own else request.body,
        controls={**controls, **_header_controls(request)},
        unit=unit,
        unit_source=source,
        key=request.key,
        scope=scope,
    )


def _header_controls(request: GatewayRequest) -> dict[str, str]:
    return {
        name.removeprefix(CONTROL_HEADER).replace("-", "_"): value
        for name, value in request.headers.items()
        if name.startswith(CONTROL_HEADER)
    }


def _without_controls(body: bytes) -> bytes:
    fields = openai.decode(body, dict[str, msgspec.Raw])
    metadata = msgspec.json.decode(fields.pop("metadata"), type=dict[str, msgspec.Raw])
    kept = {name: value for name, value in metadata.items() if not name.startswith(CONTROL_KEY)}
    if kept:
        fields["metadata"] = msgspec.Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def _unit(
    request: GatewayRequest,
    controls: dict[str, str],
    fields: list[tuple[UnitSource, str | None]],
    scope: SpanScope,
) -> tuple[str, UnitSource]:
    """Return whom the request is for: the first that is named, in the order that the documentation gives."""
    candidates: list[tuple[UnitSource, str | None]] = [
        ("header", request.headers.get(f"{CONTROL_HEADER}unit")),
        ("metadata", controls.get("unit")),
        *fields,
        ("key", request.key),
    ]
    for source, value in candidates:
        if value:
            return _bounded(value), source
    return scope.trace_id, "random"


def _bounded(unit: str) -> str:
    return unit if len(unit) <= MAX_UNIT else hashlib.sha256(unit.encode()).hexdigest()
