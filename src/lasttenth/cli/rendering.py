"""How the results of operations look on a terminal."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Group
from rich.text import Text

from lasttenth.app.answers import Answer
from lasttenth.app.views import IndexView, ModelsView, SpanView
from lasttenth.cli.output import table
from lasttenth.context.retrieval import Passage
from lasttenth.records.definitions import Task
from lasttenth.records.money import format_dollars
from lasttenth.records.totals import Spending, Total
from lasttenth.records.traces import TraceSummary

PREVIEW = 160


def render(operation: str, result: Any) -> object:
    """Return the result of an operation for a terminal; one that has no form of its own is shown as JSON."""
    form = _FORMS.get(operation)
    return Text(msgspec.json.encode(result).decode()) if form is None else form(result)


def answer_lines(answer: Answer) -> Group:
    """Return an answer with its quotes and what it took."""
    lines = [Text(answer.text.strip(), style="bold" if not answer.declined else "yellow")]
    for number, citation in enumerate(answer.citations, 1):
        place = f"{citation.document}:{citation.line}"
        quote = " ".join(citation.quote.split())
        lines.append(Text.assemble((f"  [{number}] ", "cyan"), (place, "cyan"), f"  “{quote}”"))
    facts = [
        "declined" if answer.declined else f"grounded {_share(answer.groundedness)}",
        format_dollars(answer.cost),
        f"{answer.latency * 1000:.0f} ms",
        answer.model,
        f"trace {answer.trace_id}",
    ]
    lines.append(Text("  " + " · ".join(facts), style="dim"))
    return Group(*lines)


def trace_row(summary: TraceSummary) -> list[str]:
    """Return one trace as cells."""
    started = datetime.fromtimestamp(summary.start / 1e9, tz=UTC).astimezone()
    tokens = "" if summary.input_tokens is None else f"{summary.input_tokens}+{summary.output_tokens or 0}"
    return [
        f"{started:%H:%M:%S}",
        summary.name,
        summary.error or summary.status,
        f"{summary.duration / 1e6:.0f} ms",
        tokens,
        format_dollars(summary.cost) if tokens else "",
        summary.trace_id,
    ]


TRACE_COLUMNS = ("Time", "Name", "Status", "Duration", "Tokens", "Cost", "Trace")


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _traces(summaries: Sequence[TraceSummary]) -> object:
    return table(TRACE_COLUMNS, [trace_row(each) for each in summaries], empty="No traces yet.", in_lines=True)


def _usage(totals: Sequence[Total]) -> object:
    labels = list(dict.fromkeys(label for each in totals for label in each.labels))
    by_time = any(each.start for each in totals)
    rows = [
        [
            *([f"{datetime.fromtimestamp(each.start / 1e9, tz=UTC):%Y-%m-%d %H:%M}"] if by_time else []),
            *(each.labels[label] or "none" for label in labels),
            each.spans,
            each.errors,
            f"{each.input_tokens}+{each.output_tokens}",
            format_dollars(each.cost) + ("" if not each.unpriced else f" and {each.unpriced} without a price"),
            f"{each.duration.p50 / 1e6:.0f} ms",
            f"{each.duration.p95 / 1e6:.0f} ms",
        ]
        for each in totals
    ]
    time = ["Begin (UTC)"] if by_time else []
    columns = (*time, *(label.title() for label in labels), "Spans", "Failed", "Tokens", "Cost", "p50", "p95")
    return table(columns, rows, empty="No traces in this time.")


def _spending(spending: Sequence[Spending]) -> object:
    rows = [
        [each.name, each.spans, each.errors, f"{each.input_tokens}+{each.output_tokens}", format_dollars(each.cost)]
        for each in spending
    ]
    return table(("Name", "Requests", "Failed", "Tokens", "Cost"), rows, empty="Nobody was named in this time.")


def _trace(spans: Sequence[SpanView]) -> object:
    depths = {"": -1}
    lines: list[Text] = []
    for span in spans:
        depth = depths.setdefault(span.span_id, depths.get(span.parent_id, -1) + 1)
        took = f"{(span.end - span.start) / 1e6:.1f} ms"
        style = "red" if span.status == "error" else "bold"
        lines.append(Text.assemble("  " * depth, (span.name, style), f"  {span.error or span.status}  {took}"))
        lines += [Text("  " * depth + f"    {line}", style="dim") for line in _details(span)]
    return Group(*lines)


def _details(span: SpanView) -> list[str]:
    facts: list[tuple[str, object]] = [
        ("model", span.model),
        ("release", span.assignment.release[:12] if span.assignment else ""),
        ("unit", f"{span.unit} ({span.unit_source})" if span.unit else ""),
        ("tokens", f"{span.usage.input_tokens} in, {span.usage.output_tokens} out" if span.usage else ""),
        ("cost", format_dollars(span.cost) if span.usage else ""),
        ("stages", ", ".join(f"{name} {spent / 1e6:.1f} ms" for name, spent in span.stages.items())),
        ("facts", ", ".join(f"{name} {value}" for name, value in span.attributes.items())),
        ("input", _preview(span.input)),
        ("output", _preview(span.output)),
    ]
    return [f"{name:8}{value}" for name, value in facts if value]


def _preview(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= PREVIEW else f"{line[:PREVIEW]}…"


def _passages(passages: Sequence[Passage]) -> object:
    rows = [[f"{each.document}:{each.line}", f"{each.score:.4f}", _preview(each.text)] for each in passages]
    return table(("Place", "Score", "Text"), rows, empty="Nothing fits.")


def _indexes(indexes: Sequence[IndexView]) -> object:
    rows = [[i.name, i.documents, i.chunks, i.embedder or "words alone", i.snapshot[:12]] for i in indexes]
    columns = ("Index", "Documents", "Chunks", "Embedder", "Snapshot")
    return table(columns, rows, empty="No indexes yet. Make one with: lasttenth index add PATH")


def _models(view: ModelsView) -> object:
    rows = [
        [
            each.name,
            ", ".join(each.operations),
            _known(each.context_window),
            _known(each.input_price),
            _known(each.output_price),
        ]
        for each in view.models
    ]
    listed = table(("Model", "Operations", "Context", "$/M in", "$/M out"), rows, empty="No models.")
    return Group(listed, *(Text(failure, style="yellow") for failure in view.failures))


def _known(value: object) -> str:
    return "?" if value is None else str(value)


def _tasks(tasks: Sequence[Task]) -> object:
    return table(("Task", "Description"), [[f"task/{t.name}", t.description] for t in tasks], empty="No tasks.")


_FORMS: dict[str, Callable[[Any], object]] = {
    "list_traces": _traces,
    "show_trace": _trace,
    "show_usage": _usage,
    "show_spending": _spending,
    "search_index": _passages,
    "list_indexes": _indexes,
    "list_models": _models,
    "list_tasks": _tasks,
}
