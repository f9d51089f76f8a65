"""`lasttenth replay`."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.replaying import Replayed
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.task_lines import change_lines
from lasttenth.records.traces import TraceFilter

FAILED = 1
_COLOURS = {"same": "green", "different": "red", "not reproducible": "yellow"}

Traces = Annotated[list[str], typer.Argument(help="Ids of traces; without any, the latest ones.", show_default=False)]
Last = Annotated[int, typer.Option("--last", help="How many of the latest traces.", min=1, max=1000)]
Task = Annotated[str, typer.Option("--task", help="Only of this task.")]
Release = Annotated[
    str, typer.Option("--release", help="Another release in the place of the recorded one: a pointer or a hash.")
]
Live = Annotated[bool, typer.Option("--live", help="Ask models for what the traces have no answer to.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Run what traces recorded once more, offline, and say what is not the same.")(replay)


def replay(
    traces: Traces = [],  # noqa: B006 - typer reads it, nobody changes it
    last: Last = 20,
    task: Task = "",
    release: Release = "",
    live: Live = False,
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Run traces once more; it fails where nothing can be, or something is not the same though the release is."""

    async def work(app: App) -> list[Replayed]:
        if task:
            await app.tasks.get(task)
        if task and release:
            await app.tasks.pull(task, version=release)  # a release that is not there is told once
        latest = [] if traces else await app.traces(limit=last, where=TraceFilter(task=task))
        names = traces or list(dict.fromkeys(summary.trace_id for summary in latest))
        return await app.replay(names, release=release, live=live)

    replayed = run(folder, project, work)
    show(replayed, as_json=as_json, render=replayed_lines)
    outcomes = {each.outcome for each in replayed}
    if outcomes == {"not reproducible"} or (not release and "different" in outcomes):
        raise typer.Exit(FAILED)


def replayed_lines(replayed: Sequence[Replayed]) -> Group:
    """Return how replays went, and then how many of each kind there were."""
    lines = [line for each in replayed if each.outcome != "same" for line in _lines(each)]
    counts = Counter[str](each.outcome for each in replayed)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _COLOURS if counts[outcome])
    return Group(*lines, Text(f"{said or 'No traces'}."))


def _lines(replayed: Replayed) -> list[Text]:
    head = Text.assemble(f"{replayed.trace}  ", (replayed.outcome, _COLOURS[replayed.outcome]), f"  {replayed.reason}")
    lines = [head]
    for difference in replayed.differences:
        lines.append(Text(f"  {difference.span}: {difference.part}", style="bold"))
        lines += [line for change in difference.changes for line in change_lines(change)]
    return lines
