"""`lasttenth index add|search|list|remove|drop`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.app import DEFAULT_INDEX, App, wanted_paths
from lasttenth.app.indexing import IndexPaths, index_job, index_schedule
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import add_operation, run
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.progress import moving, progress_bar
from lasttenth.cli.rendering import job_lines, schedule_lines
from lasttenth.context.indexing import IndexReport
from lasttenth.jobs import at_times
from lasttenth.records.errors import DocumentError

Paths = Annotated[list[str], typer.Argument(help="Files and folders.", show_default=False)]
Index = Annotated[str, typer.Option("--index", help="The index, made when it is new.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Build it anew beside the old one, then put it in its place.")]
Background = Annotated[bool, typer.Option("--background", help="Let the server do it, as a job.")]
Times = Annotated[
    str, typer.Option("--schedule", help="Do it again and again: `every 15m`, or a cron expression as `0 3 * * *`.")
]
Zone = Annotated[str, typer.Option("--zone", help="The time zone of the cron expression.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.command("add", help="Index files and folders; a stopped run goes on where it was.")(add)
    for operation in ("search_index", "list_indexes", "remove_documents", "drop_index"):
        add_operation(group, operation)
    app.add_typer(group, name=name, help="Add documents to an index, search it, list indexes.")


def add(
    paths: Paths,
    index: Index = DEFAULT_INDEX,
    rebuild: Rebuild = False,
    background: Background = False,
    schedule: Times = "",
    zone: Zone = "UTC",
    folder: Folder = "",
    project: Project = DEFAULT_PROJECT,
    as_json: AsJson = False,
) -> None:
    """Index files and folders; what is indexed already is left alone."""
    wanted = wanted_paths(paths, index=index, rebuild=rebuild)
    if schedule or background:
        _refuse_missing(wanted)
    if schedule:
        times = at_times(index_schedule(wanted, zone=zone), schedule)
        show(run(folder, project, lambda app: app.jobs.schedule(times)), as_json=as_json, render=schedule_lines)
        return
    if background:
        job = index_job(wanted)
        show(run(folder, project, lambda app: app.jobs.enqueue(job)), as_json=as_json, render=job_lines)
        return
    with progress_bar() as bar:

        async def work(app: App) -> IndexReport:
            return await app.index(paths, index=index, rebuild=rebuild, progress=moving(bar, "Indexing"))

        report = run(folder, project, work)
    show(report, as_json=as_json, render=report_lines)


def _refuse_missing(wanted: IndexPaths) -> None:
    """Refuse now what a job would fail at later, when nobody looks."""
    for path in wanted.paths:
        if not Path(path).exists():
            raise DocumentError(f"{path} does not exist.", hint="Check how it is written.")


def report_lines(report: IndexReport) -> Group:
    """Return what indexing did."""
    by = f"words and {report.embedder}" if report.embedder else "words alone"
    lines = [
        Text(
            f"{report.index}: {report.added} added, {report.unchanged} unchanged, {report.removed} removed; "
            f"{report.documents} documents in {report.chunks} chunks, searched by {by}."
        )
    ]
    return Group(*lines, *skipped_lines(report))


def skipped_lines(report: IndexReport) -> list[Text]:
    """Return which documents were left out, and why."""
    return [Text(f"  left out: {each.reason}", style="yellow") for each in report.skipped]
