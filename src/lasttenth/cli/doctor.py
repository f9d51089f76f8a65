"""`lasttenth doctor`: what is missing or wrong, and the command that mends it."""

import asyncio
import importlib.util
import os
import socket
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from lasttenth import __version__
from lasttenth.app.app import App, made_by_asking
from lasttenth.app.configuration import FILE_NAME, Settings, read_settings
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.moving import is_moved
from lasttenth.app.views import IndexView
from lasttenth.cli.generic import run
from lasttenth.cli.output import AsJson, Folder, show
from lasttenth.context.embedding import Embedder
from lasttenth.models.embeddings import MINILM, default_cache, is_installed
from lasttenth.net.choosing import Choice, choose
from lasttenth.records.errors import LasttenthError

_PACKAGES = {
    "local": ("onnxruntime", "tokenizers"),
    "documents": ("pypdf", "docx"),
    "postgres": ("psycopg",),
    "fast": ("pyreqwest",),
}
_EXTRAS = {
    "local": "embedders",
    "documents": "PDF and DOCX",
    "postgres": "databases on PostgreSQL",
    "fast": "faster requests to providers",
}
_MARKS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "bad": ("bad ", "red")}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "note", "bad"]
    said: str


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Look for what is missing or wrong.")(doctor)


def doctor(folder: Folder = "", as_json: AsJson = False) -> None:
    """Look at Python, SQLite, extras, settings, the port, the folder and the providers. Exit code 1 for anything bad."""
    settings = _settings()
    findings = [_python(), _sqlite(), *_extras(), _embedder(), *settings]
    if not any(finding.state == "bad" for finding in settings):
        findings += _installation(folder)
    show(findings, as_json=as_json, render=_lines)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(what="Python", state="ok", said=f"{version}, Lasttenth {__version__}")


def _sqlite() -> Finding:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5(body)")
    except sqlite3.OperationalError:
        return Finding(what="SQLite", state="bad", said="It has no FTS5: use a Python whose sqlite3 module has it.")
    finally:
        connection.close()
    return Finding(what="SQLite", state="ok", said=f"{sqlite3.sqlite_version} with FTS5")


def _extras() -> list[Finding]:
    findings = []
    for extra, use in _EXTRAS.items():
        missing = not _has(extra)
        said = f"missing; {use} need it. Install it with: pip install 'lasttenth[{extra}]'" if missing else "installed"
        findings.append(Finding(what=f"Extra {extra}", state="note" if missing else "ok", said=said))
    return findings


def _has(extra: str) -> bool:
    return all(importlib.util.find_spec(package) is not None for package in _PACKAGES[extra])


def _embedder() -> Finding:
    installed = is_installed(default_cache(os.environ), MINILM)
    if installed and not _has("local"):
        return Finding(what="Embedder", state="note", said=f"{MINILM.id} is not used: the extra local is missing")
    if installed:
        return Finding(what="Embedder", state="ok", said=MINILM.id)
    said = "not installed: documents are searched by words alone. Install it with: lasttenth embedder install"
    return Finding(what="Embedder", state="note", said=said)


def _settings() -> list[Finding]:
    try:
        settings = read_settings(Path(FILE_NAME), os.environ)
    except LasttenthError as error:
        return [Finding(what="Settings", state="bad", said=str(error))]
    where = FILE_NAME if Path(FILE_NAME).exists() else "defaults"
    port = _port(settings.listen.host, settings.listen.port)
    return [Finding(what="Settings", state="ok", said=where), port, _transport(settings)]


def _transport(settings: Settings) -> Finding:
    async def chosen() -> Choice:
        choice = await choose(settings.transport, settings.timeouts)
        await choice.transport.close()
        return choice

    try:
        choice = asyncio.run(chosen())
    except LasttenthError as error:
        return Finding(what="Transport", state="bad", said=str(error))
    return Finding(what="Transport", state="ok", said=f"{choice.engine}: {choice.why}")


def _port(host: str, port: int) -> Finding:
    with socket.socket() as probe:
        probe.settimeout(1)
        in_use = probe.connect_ex((host, port)) == 0
    said = f"{port} is in use, perhaps by a running server" if in_use else f"{port} is free"
    return Finding(what="Port", state="note" if in_use else "ok", said=said)


def _installation(folder: str) -> list[Finding]:
    async def look(app: App) -> list[Finding]:
        found = await app.models()
        indexes = await app.indexes()
        health = app.installation.recorder.health()
        findings = [
            Finding(what="Folder", state="ok", said=f"{app.installation.place.folder}, {len(indexes)} indexes"),
            Finding(what="Models", state="ok", said=f"{len(found.models)} models"),
        ]
        findings += _indexes(indexes, app.installation.embedder.get())
        findings += [Finding(what="Provider", state="bad", said=failure) for failure in found.failures]
        findings += await _retiring(app)
        findings += [
            Finding(what="Overdue", state="bad", said=f"{each.subject} of project {each.project} should have succeeded")
            for each in await app.installation.store.work.overdue()
        ]
        if health.dropped or health.spilled:
            said = f"{health.spilled} traces wait in the spill file, {health.dropped} were dropped"
            findings.append(Finding(what="Recording", state="note", said=said))
        if await is_moved(app.installation.place):
            said = "takes no writes: it was moved. Name the new place in lasttenth.yaml, or: lasttenth migrate --undo"
            findings.append(Finding(what="Folder", state="bad", said=said))
        lag = await app.installation.store.search_lag()
        if lag.spans:
            findings.append(Finding(what="Search", state="note", said=f"{lag.spans} spans are not searchable yet"))
        return findings

    try:
        return run(folder, DEFAULT_PROJECT, look)
    except LasttenthError as error:
        return [Finding(what="Folder", state="bad", said=str(error))]


async def _retiring(app: App) -> list[Finding]:
    """Find the models of routes and of tasks that retire soon, or have."""
    routes = app.installation.place.settings.routes
    users = {f"route {name}": [each.model for each in route.deployments] for name, route in routes.items()}
    for name, route in routes.items():
        users[f"route {name}"] += route.fallbacks
    registry = await app.installation.registry(app.project)
    for task in await app.tasks.overview():
        moves = (await app.tasks.get(task.name)).pointers
        released = {release for move in moves for release in move.releases}
        users[f"task {task.name}"] = [(await registry.find(task.name, each)).release.model for each in sorted(released)]
    facts, now = app.installation.facts, app.installation.clock.now()
    return [
        Finding(what="Model", state="note", said=f"{model} retires on {last}, and {user} asks it: move to another one")
        for user, models in users.items()
        for model in dict.fromkeys(models)
        if (last := facts.retiring(model, at=now)) is not None
    ]


def _indexes(indexes: Sequence[IndexView], embedder: Embedder | None) -> list[Finding]:
    """Find the indexes that were built before the embedder was installed, or removed."""
    now = "" if embedder is None else embedder.id
    return [
        Finding(
            what="Index",
            state="note",
            said=f"{index.name} was built with {index.embedder or 'words alone'}, and now there is {now or 'no embedder'}; "
            f"build it anew with: lasttenth index add PATH --index {index.name} --rebuild",
        )
        for index in indexes
        if index.embedder != now and not made_by_asking(index.name)
    ]


def _lines(findings: list[Finding]) -> Group:
    lines = []
    for finding in findings:
        mark, style = _MARKS[finding.state]
        lines.append(Text.assemble((f"{mark} ", style), f"{finding.what:15} {finding.said}"))
    return Group(*lines)
