"""How the results of operations look on a terminal."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Group
from rich.text import Text

from lasttenth.app.answers import Answer
from lasttenth.app.views import IndexView, ModelsView, SpanView
from lasttenth.cli import task_lines
from lasttenth.cli.output import table
from lasttenth.context.retrieval import Passage
from lasttenth.records.hashing import SHOWN
from lasttenth.records.jobs import DEFAULT_QUEUE, Job, Schedule, ScheduleState
from lasttenth.records.money import format_dollars
from lasttenth.records.totals import Spending, Total
from lasttenth.records.traces import TraceSummary

PREVIEW = 160
_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def render(operation: str, result: Any) -> object:
    """Return the result of an operation for a terminal; one that has no form of its own is shown as JSON."""
    form = _FORMS.get(operation)
    return Text(msgspec.json.encode(result).decode()) if form is None else form(result)


def answer_lines(answer: Answer) -> Group:
    """Return an answer with its quotes and what it took."""
    is_given = not answer.declined and not answer.refusal
    lines = [Text((answer.refusal or answer.text).strip(), style="bold" if is_given else "yellow")]
    for number, citation in enumerate(answer.citations, 1):
        place = f"{citation.document}:{citation.line}"
        quote = " ".join(citation.quote.split())
        lines.append(Text.assemble((f"  [{number}] ", "cyan"), (place, "cyan"), f"  “{quote}”"))
    lines += [Text.assemble(("  calls ", "cyan"), f"{each.name}({each.arguments})") for each in answer.tool_calls]
    facts = [
        *_verdicts(answer),
        format_dollars(answer.cost),
        f"{answer.latency * 1000:.0f} ms",
        answer.model,
        f"trace {answer.trace_id}",
    ]
    lines.append(Text("  " + " · ".join(facts), style="dim"))
    return Group(*lines)


def _verdicts(answer: Answer[Any]) -> list[str]:
    if answer.declined or answer.refusal:
        return ["refused" if answer.refusal else "declined"]
    return [] if answer.groundedness is None else [f"grounded {_share(answer.groundedness)}"]


def trace_row(summary: TraceSummary) -> list[str]:
    """Return one trace as cells."""
    started = datetime.fromtimestamp(summary.start / 1e9, tz=UTC).astimezone()
    tokens = "" if summary.input_tokens is None else f"{summary.input_tokens}+{summary.output_tokens or 0}"
    return [
        f"{started:%H:%M:%S}",
        _HASH.sub(lambda found: found[0][:SHOWN], summary.name),
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
    return table(TRACE_COLUMNS, [trace_row(each) for each in summaries], empty="No traces.", in_lines=True)


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
            _dollars(each),
            f"{each.duration.p50 / 1e6:.0f} ms",
            f"{each.duration.p95 / 1e6:.0f} ms",
        ]
        for each in totals
    ]
    time = ["Begin (UTC)"] if by_time else []
    columns = (*time, *(label.title() for label in labels), "Spans", "Failed", "Tokens", "Cost", "p50", "p95")
    return table(columns, rows, empty="No traces in this time.")


def _dollars(sums: Total | Spending) -> str:
    return format_dollars(sums.cost) + (f" and {sums.unpriced} without a price" if sums.unpriced else "")


def _spending(spending: Sequence[Spending]) -> object:
    rows = [
        [each.name, each.spans, each.errors, f"{each.input_tokens}+{each.output_tokens}", _dollars(each)]
        for each in spending
    ]
    return table(("Name", "Requests", "Failed", "Tokens", "Cost"), rows, empty="Nobody was named in this time.")


def trace_lines(spans: Sequence[SpanView], *, is_full: bool = False) -> Group:
    """Return the spans of a trace as a tree, with the beginning of what was said, or all of it."""
    depths = {"": -1}
    lines: list[Text] = []
    for span in spans:
        depth = depths.setdefault(span.span_id, depths.get(span.parent_id, -1) + 1)
        took = f"{(span.end - span.start) / 1e6:.1f} ms"
        style = "red" if span.status == "error" else "bold"
        lines.append(Text.assemble("  " * depth, (span.name, style), f"  {span.error or span.status}  {took}"))
        indent = "  " * depth + "    "
        lines += [Text(indent + line, style="dim") for line in _details(span, _whole if is_full else _preview)]
    return Group(*lines)


def _details(span: SpanView, said: Callable[[str | None], str]) -> list[str]:
    facts: list[tuple[str, object]] = [
        ("model", span.model),
        ("release", span.assignment.release[:12] if span.assignment else ""),
        ("unit", f"{span.unit} ({span.unit_source})" if span.unit else ""),
        ("tokens", f"{span.usage.input_tokens} in, {span.usage.output_tokens} out" if span.usage else ""),
        ("cost", format_dollars(span.cost) if span.usage else ""),
        ("stages", ", ".join(f"{name} {spent / 1e6:.1f} ms" for name, spent in span.stages.items())),
        ("facts", ", ".join(f"{name} {value}" for name, value in span.attributes.items())),
        ("input", said(span.input)),
        ("output", said(span.output)),
    ]
    return [f"{name:8}{value}" for name, value in facts if value]


def _preview(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= PREVIEW else f"{line[:PREVIEW]}…"


def _whole(text: str | None) -> str:
    """Return a payload in lines of its own, JSON among them so that it can be read."""
    try:
        shown = msgspec.json.format(text or "", indent=2)
    except msgspec.DecodeError:
        shown = text or ""
    return f"\n{shown}" if shown else ""


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
            ", ".join(form for form in each.reads if form != "text"),
            "" if each.retires is None else f"{each.retires}",
        ]
        for each in view.models
    ]
    names = ("Model", "Operations", "Context", "$/M in", "$/M out", "Reads", "Retires")
    retiring = [
        f"{each.name} retires on {each.retires}: move to another one." for each in view.models if each.is_retiring
    ]
    notes = [Text(note, style="yellow") for note in (*retiring, *view.failures)]
    return Group(table(names, rows, empty="No models."), *notes)


def job_lines(job: Job) -> Group:
    """Return a job with everything that is known of it."""
    facts: list[tuple[str, object]] = [
        ("kind", job.kind),
        ("queue", "" if job.queue == DEFAULT_QUEUE else job.queue),
        ("attempts", f"{job.attempts} of {job.max_attempts}" if job.attempts else ""),
        ("progress", _progress(job)),
        ("created", _moment(job.created)),
        ("due", _moment(job.due) if job.state == "waiting" and job.due else ""),
        ("ended", _moment(job.ended) if job.ended else ""),
        ("schedule", job.schedule),
        ("worker", job.worker),
        ("payload", _preview(_json(job.payload))),
        ("result", "" if job.result is None else _preview(_json(job.result))),
        ("error", f"{job.error_code}: {job.error}" if job.error else ""),
    ]
    state = "stopping" if job.cancelling else job.state
    head = Text.assemble((job.id, "bold"), f"  {state}")
    return Group(head, *(Text(f"    {name:9}{value}", style="dim") for name, value in facts if value))


def schedule_lines(state: ScheduleState) -> Group:
    """Return a schedule with everything that is known of it."""
    schedule = state.schedule
    facts: list[tuple[str, object]] = [
        ("kind", schedule.kind),
        ("times", _times(schedule)),
        ("next", "paused" if state.paused else _moment(state.next_due)),
        ("success", _moment(state.last_success) if state.last_success else ""),
        ("expects", _span(schedule.expect_every) if schedule.expect_every else ""),
        ("payload", _preview(_json(schedule.payload))),
    ]
    head = Text(schedule.name, style="bold")
    return Group(head, *(Text(f"    {name:9}{value}", style="dim") for name, value in facts if value))


def _jobs(jobs: Sequence[Job]) -> object:
    rows = [
        [_moment(job.created), job.kind, job.state, _progress(job), job.attempts, _preview(job.error), job.id]
        for job in jobs
    ]
    columns = ("Created", "Kind", "State", "Progress", "Attempts", "Error", "Job")
    return table(columns, rows, empty="No jobs yet.", in_lines=True)


def _schedules(states: Sequence[ScheduleState]) -> object:
    rows = [
        [
            each.schedule.name,
            each.schedule.kind,
            _times(each.schedule),
            "paused" if each.paused else _moment(each.next_due),
            _moment(each.last_success) if each.last_success else "",
        ]
        for each in states
    ]
    return table(("Schedule", "Kind", "Times", "Next", "Last success"), rows, empty="No schedules yet.")


def _progress(job: Job) -> str:
    progress = job.progress
    counted = f"{progress.done}/{progress.total}" if progress.total is not None else f"{progress.done or ''}"
    return f"{counted} {progress.message}".strip()


def _times(schedule: Schedule) -> str:
    return f"every {_span(schedule.every)}" if schedule.every else f"{schedule.cron} ({schedule.zone})"


def _span(nanoseconds: int) -> str:
    for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60)):
        if nanoseconds % (seconds * 10**9) == 0:
            return f"{nanoseconds // (seconds * 10**9)}{unit}"
    return f"{nanoseconds / 1e9:g}s"


def _moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1e9, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _known(value: object) -> str:
    return "?" if value is None else str(value)


_FORMS: dict[str, Callable[[Any], object]] = {
    "list_traces": _traces,
    "show_usage": _usage,
    "show_spending": _spending,
    "search_index": _passages,
    "list_indexes": _indexes,
    "list_jobs": _jobs,
    "show_job": job_lines,
    "cancel_job": job_lines,
    "retry_job": job_lines,
    "list_schedules": _schedules,
    "show_schedule": schedule_lines,
    "pause_schedule": schedule_lines,
    "resume_schedule": schedule_lines,
    "run_schedule": job_lines,
    "list_models": _models,
    "list_tasks": task_lines.task_table,
    "show_task": task_lines.task_state,
    "list_releases": task_lines.release_table,
    "diff_releases": task_lines.changes,
    "list_moves": task_lines.move_table,
    "move_pointer": task_lines.move_line,
    "roll_back": task_lines.move_line,
    "protect_pointer": task_lines.protection_line,
    "list_cases": task_lines.case_table,
    "list_proposals": task_lines.proposal_list,
    "propose_move": task_lines.proposal_lines,
    "review_proposal": task_lines.proposal_lines,
}
