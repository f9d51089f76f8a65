"""`lasttenth demo`: the main job from beginning to end, over HTTP, on the documentation that ships with Lasttenth."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import uvloop
from rich.text import Text

import lasttenth
from lasttenth.app.answers import Answer, read_answer
from lasttenth.app.app import App
from lasttenth.app.installation import Installation, find_place
from lasttenth.cli.index import report_lines
from lasttenth.cli.output import AsJson, Folder, console, show
from lasttenth.cli.progress import moving, progress_bar
from lasttenth.cli.rendering import answer_lines
from lasttenth.console.pages import console_routes
from lasttenth.context.indexing import IndexReport
from lasttenth.records.errors import ConflictError, UpstreamError
from lasttenth.serve.calls import GatewayReply
from lasttenth.server.application import Application
from lasttenth.server.run import bind, serve

DEFAULT_FOLDER = ".lasttenth-demo"
QUESTIONS = (
    "Which port does the server listen on?",
    "Can two processes use the same folder?",
    "How is the cost of a request rounded?",
    "Where do traces go when the database cannot be written?",
    "Who won the football world cup of 1998?",
)

Stay = Annotated[bool, typer.Option("--stay", help="Keep the server running afterwards, to look at the traces.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Index the documentation that comes with Lasttenth and answer questions from it.")(demo)


def demo(folder: Folder = DEFAULT_FOLDER, stay: Stay = False, as_json: AsJson = False) -> None:
    """Start the server, index the documentation, and ask it questions through the gateway."""
    uvloop.run(_demo(Path(folder), stay=stay, as_json=as_json))


def documentation() -> Path:
    """Return the folder of the documentation: the one in the source tree, or the copy in the package."""
    package = Path(lasttenth.__file__).parent
    beside = package.parent.parent / "docs"
    return beside if (beside / "guides").is_dir() else package / "_docs"


async def _demo(folder: Path, *, stay: bool, as_json: bool) -> None:
    began = time.perf_counter()
    listener = bind("127.0.0.1", 0)
    place = find_place(os.environ, folder=folder)
    installation = await Installation.open(place)
    started = asyncio.Event()
    application = Application(installation, keys_required=False, pages=console_routes())
    stopping = installation.runner.close
    serving = asyncio.ensure_future(serve(application, listener, ready=started.set, stopping=stopping))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        await started.wait()
        _say(f"Server ready at {url} after {time.perf_counter() - began:.2f} s.", as_json=as_json)
        report = await _index(App(installation=installation), as_json=as_json)
        answers = await _ask(url, links=stay, as_json=as_json)
        if as_json:
            show({"index": report, "answers": answers}, as_json=True, render=str)
        elif stay:
            console().print(f"Traces: {url}/   Stop with Ctrl-C.")
            await serving
        else:
            console().print()
            console().print(f"Look at the traces in a browser: {_command()} up --folder {folder}")
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await installation.close()
        listener.close()


async def _index(app: App, *, as_json: bool) -> IndexReport:
    with progress_bar() as bar:
        moved = moving(bar, "Indexing the documentation")
        docs = documentation()
        base = docs.parent if docs.name == "docs" else docs
        try:
            report = await app.index([docs], base=base, progress=moved)
        except ConflictError:  # the embedder was installed or removed since the last demonstration
            report = await app.index([docs], base=base, rebuild=True, progress=moved)
    if not as_json:
        console().print(report_lines(report))
        if not report.embedder:
            console().print("No embedder is installed; with one, documents are found by meaning as well:")
            console().print("  pip install 'lasttenth[local]' && lasttenth embedder install && lasttenth demo")
    return report


async def _ask(url: str, *, links: bool, as_json: bool) -> list[Answer]:
    answers = []
    async with aiohttp.ClientSession() as session:
        for question in QUESTIONS:
            answer = await _answer(session, url, question)
            answers.append(answer)
            if not as_json:
                console().print()
                console().print(Text(f"? {question}", style="bold cyan"))
                console().print(answer_lines(answer))
                if links:  # without a server that stays they would lead nowhere
                    console().print(Text(f"  {url}/traces/{answer.trace_id}", style="dim"))
    return answers


async def _answer(session: aiohttp.ClientSession, url: str, question: str) -> Answer:
    body: dict[str, Any] = {"model": "task/answer", "messages": [{"role": "user", "content": question}]}
    began = time.perf_counter()
    async with session.post(f"{url}/v1/chat/completions", json=body) as response:
        content = await response.read()
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status != 200:
            raise UpstreamError(f"The gateway answers {response.status}: {content.decode(errors='replace')}")
    reply = GatewayReply(status=200, media_type="application/json", headers=headers, body=content)
    return read_answer(reply, latency=time.perf_counter() - began)


def _command() -> str:
    """Return how this command line was called: `make demo` runs it from an environment that is not active."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "lasttenth" and shutil.which("lasttenth") is None else "lasttenth"


def _say(text: str, *, as_json: bool) -> None:
    if not as_json:
        console().print(text)
