"""The entry point: which command, and how its errors end the process.

Only the module of the command that was asked for is imported, so that `--help` and quick commands stay quick; the
others stand in the help by their summary alone.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from lasttenth import __version__
from lasttenth.cli.output import fail
from lasttenth.records.errors import InvalidCommandError, LasttenthError

INTERRUPTED = 130

COMMANDS = {
    "up": ("up", "Start the server: gateway, API and pages."),
    "demo": ("demo", "Index the documentation that comes with Lasttenth and answer questions from it."),
    "ask": ("ask", "Ask a question, from the documents at --docs or from an index."),
    "index": ("index", "Add documents to an index, search it, list indexes."),
    "jobs": ("jobs", "List, show, cancel, retry and do jobs."),
    "schedules": ("jobs", "List, show, pause, resume, run and remove schedules."),
    "tail": ("traces", "Follow the traces as they come."),
    "traces": ("traces", "List the latest traces."),
    "show": ("traces", "Show the spans of a trace."),
    "try": ("trying", "Ask several releases of a task the same, or see what they would ask."),
    "replay": ("replay", "Run what traces recorded once more, offline, and say what is not the same."),
    "usage": ("traces", "Show what calls came to: tokens, cost and latency."),
    "spending": ("traces", "Show what each unit or key has spent."),
    "models": ("models", "List the models."),
    "tasks": ("models", "List the tasks."),
    "task": ("task", "Push and pull task files, compare releases, move pointers and put them back."),
    "import": (
        "exchange",
        "Make task files of the prompts of promptfoo, Dotprompt and others, or settings of LiteLLM's.",
    ),
    "export": ("exchange", "Write releases as files of promptfoo, Dotprompt and others."),
    "embedder": ("embedder", "Install and list embedders."),
    "key": ("key", "Make keys."),
    "backup": ("copies", "Write everything to one file, while the server runs."),
    "restore": ("copies", "Fill an empty installation from a backup."),
    "migrate": ("copies", "Move everything to PostgreSQL, or back to a folder."),
    "config": ("config", "Check, compare, reload and roll back the settings."),
    "doctor": ("doctor", "Look for what is missing or wrong."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, by default with the process's own arguments, and exit as `lasttenth.records.errors` says."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        command = build(asked=next((word for word in words if not word.startswith("-")), ""))
        # For people, mistakes in the command itself are shown as typer shows them.
        sys.exit(command(words, standalone_mode=not as_json))
    except LasttenthError as error:
        fail(error, as_json=as_json)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the outer door of the command line
        fail(_explained(error), as_json=as_json)


def _explained(error: Exception) -> LasttenthError:
    """Return our own error for a mistake in the command, which typer tells by a class that it does not make public."""
    said = getattr(error, "format_message", None)
    if said is not None:
        return InvalidCommandError(said(), hint="See --help.")
    traceback.print_exception(error)
    return LasttenthError(f"Something went wrong inside Lasttenth: {error}.", hint="Please report what stands above.")


def build(asked: str) -> typer.Typer:
    """Return the command line, of which only the asked command is real."""
    app = typer.Typer(
        name="lasttenth",
        help="The last tenth of an LLM application: gateway, traces, retrieval with verified quotes.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name, (module, summary) in COMMANDS.items():
        if name == asked:
            import_module(f"lasttenth.cli.{module}").register(app, name)
        else:
            app.command(name, help=summary)(_elsewhere)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


_Version = Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)]


def _root(version: _Version = False) -> None:
    """Take what stands before the command."""


def _elsewhere() -> None:
    """Stand for a command in the help of another one."""
