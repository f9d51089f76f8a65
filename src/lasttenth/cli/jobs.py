"""`lasttenth jobs` and `lasttenth schedules`."""

import asyncio
import contextlib
import logging
import signal
from typing import Annotated

import typer

from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.cli.generic import add_operation, run
from lasttenth.cli.output import Folder

_JOBS = ("list_jobs", "show_job", "cancel_job", "retry_job")
_SCHEDULES = (
    "list_schedules",
    "show_schedule",
    "pause_schedule",
    "resume_schedule",
    "run_schedule",
    "remove_schedule",
)

UntilIdle = Annotated[bool, typer.Option("--until-idle", help="End once nothing is due.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    for operation in _JOBS if name == "jobs" else _SCHEDULES:
        add_operation(group, operation)
    if name == "jobs":
        group.command("work", help="Do the jobs of all projects in this process.")(work)
    app.add_typer(group, name=name, help=_HELP[name])


_HELP = {
    "jobs": "List, show, cancel, retry and do jobs.",
    "schedules": "List, show, pause, resume, run and remove schedules.",
}


def work(until_idle: UntilIdle = False, folder: Folder = "") -> None:
    """Do jobs until it is stopped."""

    async def do(app: App) -> None:
        working = asyncio.ensure_future(app.jobs.work(until_idle=until_idle))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    run(folder, DEFAULT_PROJECT, do)
