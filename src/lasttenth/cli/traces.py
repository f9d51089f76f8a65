"""`lasttenth tail`, `traces`, `show`, `usage` and `spending`."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.views import SpanView, span_view
from lasttenth.cli.generic import add_operation, run
from lasttenth.cli.output import AsJson, Folder, Project, console, show
from lasttenth.cli.rendering import trace_lines, trace_row
from lasttenth.records.traces import TraceSummary

POLL_SECONDS = 0.5
MOST = 1000
LONGEST_CALL = 600 * 10**9
"""A trace is listed when it ends, by when it began: so far back, in nanoseconds, later looks may find new ones."""

_OPERATIONS = {
    "traces": "list_traces",
    "usage": "show_usage",
    "spending": "show_spending",
}

Trace = Annotated[str, typer.Argument(help="The trace's id.", show_default=False)]
Full = Annotated[bool, typer.Option("--full", help="All of what was said, not its beginning alone.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many earlier traces to begin with.")]
Follow = Annotated[bool, typer.Option("--follow/--no-follow", help="Go on as new traces come.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    if name in _OPERATIONS:
        add_operation(app, _OPERATIONS[name])
    elif name == "show":
        app.command(name, help="Show the spans of a trace.")(show_trace)
    else:
        app.command(name, help="Follow the traces as they come.")(tail)


def show_trace(
    trace: Trace,
    full: Full = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Print the spans of a trace as a tree."""

    async def work(app: App) -> list[SpanView]:
        return [span_view(span) for span in await app.trace(trace)]

    show(run(folder, project, work), as_json=as_json, render=lambda spans: trace_lines(spans, is_full=full))


def tail(
    limit: Limit = 10,
    follow: Follow = True,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Print the latest traces, then each new one; with --json one object a line."""

    async def work(app: App) -> None:
        recent = await app.traces(limit=MOST)
        _print(recent[:limit][::-1], as_json=as_json)
        while follow:
            await asyncio.sleep(POLL_SECONDS)
            seen = {each.trace_id for each in recent}
            newest = recent[0].start if recent else 0
            recent = await app.traces(limit=MOST, after=newest - LONGEST_CALL)
            _print([each for each in recent if each.trace_id not in seen][::-1], as_json=as_json)

    run(folder, project, work)


def _print(summaries: Sequence[TraceSummary], *, as_json: bool) -> None:
    for summary in summaries:
        if as_json:
            sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
            sys.stdout.flush()
        else:
            console().print(Text("  ".join(trace_row(summary))))
