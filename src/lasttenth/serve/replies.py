"""What a reply says about itself, in headers, and how an error is sent."""

from lasttenth.models import bodies
from lasttenth.models.protocols import WireProtocol
from lasttenth.records.errors import LasttenthError
from lasttenth.records.money import dollars
from lasttenth.records.ports import SpanScope
from lasttenth.serve.calls import GatewayReply
from lasttenth.serve.settle import Settlement

UNEXPECTED = LasttenthError(
    "Something went wrong inside Lasttenth.", hint="The server's log says what; the trace has the request."
)
MOST_LOST = 1000
"""Characters in which a header says what a translation lost; the trace has all of it."""


def reply_headers(settlement: Settlement) -> dict[str, str]:
    """Return our own headers: trace id, model, release, cost, groundedness, and the milliseconds that were ours."""
    outcome = settlement.outcome
    call = settlement.call
    headers = _trace_headers(call.protocol, call.scope.trace_id)
    headers["x-lasttenth-model"] = outcome.model
    stages = settlement.watch.stages
    upstream = stages.get("call", 0) + stages.get("stream", 0)
    headers["x-lasttenth-overhead-ms"] = f"{(settlement.watch.elapsed() - upstream) / 1e6:.3f}"
    if outcome.cost is not None:
        headers["x-lasttenth-cost"] = f"{dollars(outcome.cost):f}"
    if outcome.assignment is not None:
        headers["x-lasttenth-release"] = outcome.assignment.release
    cache = outcome.attributes.get("cache")
    if cache is not None:
        headers["x-lasttenth-cache"] = cache
    attempts = outcome.attributes.get("attempts")
    if attempts is not None:
        headers["x-lasttenth-attempts"] = str(attempts)
    if outcome.translation is not None:
        lost = [place for place in outcome.translation.lost if place not in outcome.translation.unsaid]
        headers |= {"x-lasttenth-lost": _listed(lost)} if lost else {}
    declined, groundedness = outcome.attributes.get("declined"), outcome.attributes.get("groundedness")
    if declined is not None:
        headers["x-lasttenth-answered"] = "false" if declined else "true"
    if groundedness is not None:
        headers["x-lasttenth-groundedness"] = f"{groundedness:.3f}"
    return headers


def refusal(error: LasttenthError, protocol: WireProtocol, scope: SpanScope) -> GatewayReply:
    """Return an error as a reply in the shape of a protocol."""
    headers = _trace_headers(protocol, scope.trace_id)
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    body = protocol.error_body(error, trace_id=scope.trace_id)
    return GatewayReply(status=error.status, media_type=bodies.JSON, headers=headers, body=body)


def _trace_headers(protocol: WireProtocol, trace_id: str) -> dict[str, str]:
    headers = {"x-request-id": trace_id, "x-lasttenth-trace": trace_id}
    for name in protocol.trace_headers:
        headers[name] = trace_id
    return headers


def _listed(lost: list[str]) -> str:
    """Return places that a translation did not carry as they fit into a header."""
    text = ", ".join("".join(c if c.isascii() and c.isprintable() else "?" for c in place) for place in lost)
    return text if len(text) <= MOST_LOST else f"{text[:MOST_LOST]} ..."
