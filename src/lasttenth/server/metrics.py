"""`GET /metrics`: what Prometheus reads, in its text format.

Counts are those of the ledger since midnight (UTC), so that every process tells the same of all of them; a counter that
begins anew each day is one that was restarted, for Prometheus. What one process alone knows carries its id.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from lasttenth.app.app import App
from lasttenth.app.installation import Installation
from lasttenth.app.views import HealthView
from lasttenth.records.money import dollars
from lasttenth.records.totals import DAY, HOUR, Label, Total
from lasttenth.server.requests import Door, headers_of

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BY: tuple[Label, ...] = ("operation", "model", "task")
_SECOND = 1e9
_ESCAPED = re.compile(r'[\\"\n]')

Labels = dict[str, str]


class Metric(NamedTuple):
    """A metric with its samples."""

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    samples: Sequence[tuple[Labels, float]]


def metrics_endpoint(installation: Installation, door: Door) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers `GET /metrics`, to whoever the door lets in."""

    async def endpoint(request: Request) -> Response:
        identity = await door.let_in(headers_of(request.scope))
        app = App(project=identity.project, installation=installation)
        hours = installation.clock.now() % DAY // HOUR + 1  # the one that began at midnight as well
        totals = await app.usage(by=BY, hours=hours)
        found = [*_of_totals(totals), *_of_process(installation.health())]
        return Response("".join(_lines(found)), media_type=MEDIA_TYPE)

    return endpoint


def _of_totals(totals: Iterable[Total]) -> Iterator[Metric]:
    known = [({"operation": "", "model": "", "task": "", **each.labels}, each) for each in totals]
    yield Metric("lasttenth_spans_total", "counter", "Spans since midnight.", [(a, b.spans) for a, b in known])
    yield Metric("lasttenth_errors_total", "counter", "Spans that failed.", [(a, b.errors) for a, b in known])
    tokens = [
        ({**labels, "direction": direction}, count)
        for labels, each in known
        for direction, count in (("input", each.input_tokens), ("output", each.output_tokens))
    ]
    yield Metric("lasttenth_tokens_total", "counter", "Tokens.", [(labels, float(count)) for labels, count in tokens])
    cost = [(labels, float(dollars(each.cost))) for labels, each in known]
    yield Metric("lasttenth_cost_dollars_total", "counter", "Cost in dollars, where prices are known.", cost)
    unpriced = [(labels, float(each.unpriced)) for labels, each in known]
    yield Metric("lasttenth_unpriced_spans_total", "counter", "Spans whose price is not known.", unpriced)
    durations = [
        ({**labels, "quantile": quantile}, value / _SECOND)
        for labels, each in known
        for quantile, value in (("0.5", each.duration.p50), ("0.95", each.duration.p95))
    ]
    yield Metric("lasttenth_duration_seconds", "gauge", "How long spans took since midnight.", durations)
    first = [
        ({**labels, "quantile": quantile}, value / _SECOND)
        for labels, each in known
        if each.first_token is not None
        for quantile, value in (("0.5", each.first_token.p50), ("0.95", each.first_token.p95))
    ]
    yield Metric("lasttenth_first_token_seconds", "gauge", "How long streams took to their first token.", first)


def _of_process(health: HealthView) -> Iterator[Metric]:
    here = {"process": str(health.process)}
    recording = health.recording
    for name, value, about in (
        ("recorder_waiting_spans", recording.waiting, "Spans that are not written yet."),
        ("recorder_waiting_bytes", recording.waiting_bytes, "Bytes of these."),
        ("recorder_spilled_spans", recording.spilled, "Spans in the spill file."),
        ("recorder_dropped_spans", recording.dropped, "Spans that were dropped."),
        ("workers_running", health.workers.running, "Workers that serve."),
    ):
        yield Metric(f"lasttenth_{name}", "gauge", about, [(here, value)])
    deployments = [({**here, "route": each.route, "model": each.model}, each) for each in health.deployments]
    waiting = [(labels, float(each.waiting)) for labels, each in deployments]
    yield Metric("lasttenth_deployment_waiting_calls", "gauge", "Calls that a deployment has not answered.", waiting)
    rest = [(labels, each.rest) for labels, each in deployments]
    yield Metric("lasttenth_deployment_rest_seconds", "gauge", "How long a deployment still rests.", rest)
    latency = [(labels, each.first_content) for labels, each in deployments]
    yield Metric("lasttenth_deployment_first_content_seconds", "gauge", "To the first content, lately.", latency)


def _lines(metrics: Iterable[Metric]) -> Iterator[str]:
    for metric in metrics:
        if metric.samples:
            yield f"# HELP {metric.name} {metric.about}\n# TYPE {metric.name} {metric.kind}\n"
        for labels, value in metric.samples:
            shown = ",".join(f'{name}="{_ESCAPED.sub(_escaped, text)}"' for name, text in labels.items())
            yield f"{metric.name}{{{shown}}} {value:g}\n"


def _escaped(found: re.Match[str]) -> str:
    return {"\\": r"\\", '"': r"\"", "\n": r"\n"}[found[0]]
