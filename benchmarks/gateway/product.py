"""Lasttenth as one of the gateways: with a key, and a ledger of which it is asked whether it has everything."""

import contextlib
import json
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gateway.gateways import Gateway, Place, Running
from benchmarks.gateway.processes import Tree, free_port, until

PROVIDER = "up"
NO_BODIES = "no bodies"
_PATIENCE = 300.0
_REST = 1.0
"""Seconds: much longer than spans wait for each other."""
_INDEXING = Path(__file__).with_name("indexing.py")


def product(name: str = "lasttenth", settings: Mapping[str, Any] | None = None) -> Gateway:
    """Return Lasttenth with settings of its own."""
    return Gateway(name, lambda place: begin(place, settings or {}))


def variants(environments: Path) -> tuple[Gateway, ...]:
    """Return the rows of the tables, as far as the installed product has their settings."""
    known = json.loads(_said(environments, "config", "schema"))
    fields = known.get("properties") or known["$defs"]["Settings"]["properties"]
    transports = ("aiohttp", "pyreqwest") if "transport" in fields else ()
    rows = []
    for transport in transports or ("",):
        chosen = {"transport": transport} if transport else {}
        name = f"lasttenth, {transport}" if transport else "lasttenth"
        rows.append(product(name, chosen))
        if "traces" in fields:
            rows.append(product(f"{name}, {NO_BODIES}", {**chosen, "traces": {"payloads": False}}))
    return tuple(rows)


def is_product(running: Running) -> bool:
    """Tell whether a gateway keeps a ledger."""
    return (running.folder / "data" / "lasttenth.db").exists()


def spans(running: Running) -> int:
    """Return how many spans the ledger holds."""
    return _count(running, "SELECT count(*) FROM spans")


def until_written(running: Running) -> None:
    """Wait until the recorder has written everything: of several workers, until the ledger has not grown for a while."""
    held, since = -1, time.monotonic()

    def is_written() -> bool:
        nonlocal held, since
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/readyz", timeout=30) as reply:
            health = json.load(reply)
        if health["recording"]["waiting"] or health["recording"]["spilled"]:
            return False
        if health["workers"]["wanted"] == 1:
            return True
        now = spans(running)  # who answered is one of them
        if now != held:
            held, since = now, time.monotonic()
        return time.monotonic() - since > _REST

    until(is_written, "everything is written", seconds=_PATIENCE, pause=0.05)


def until_searchable(running: Running) -> None:
    """Wait until every span is in the full text."""
    waiting = "SELECT count(*) FROM spans WHERE id > (SELECT coalesce(max(span), 0) FROM span_words)"
    until(lambda: not _count(running, waiting), "everything is searchable", seconds=_PATIENCE, pause=0.1)


def indexing(running: Running, environments: Path) -> float:
    """Return the CPU microseconds that indexing the spans of a ledger takes by itself, for each of them."""
    copy = running.folder / "copy.db"
    held = running.folder / "data" / "lasttenth.db"
    with contextlib.closing(sqlite3.connect(held)) as ledger, contextlib.closing(sqlite3.connect(copy)) as copied:
        ledger.backup(copied)
    command = [str(environments / "product/bin/python"), "-P", str(_INDEXING), str(copy)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    copy.unlink()
    return float(said)


def _count(running: Running, question: str) -> int:
    file = running.folder / "data" / "lasttenth.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        counted: int = connection.execute(question).fetchone()[0]
        return counted


def begin(place: Place, settings: Mapping[str, Any], *, command: Sequence[str] = ()) -> Running:
    """Start it with settings of its own, or by another command than its own one."""
    provider = {"base_url": f"http://127.0.0.1:{place.upstream_port}/v1", "api_key": "none"}
    everything = {"folder": "data", "providers": {PROVIDER: provider}, **settings}
    # JSON is YAML.
    (place.folder / "lasttenth.yaml").write_text(json.dumps(everything), encoding="utf-8")
    key = json.loads(_said(place.environments, "key", "create", "benchmark", "--json", folder=place.folder))["key"]
    port = free_port()
    called = command or [str(place.environments / "product/bin/lasttenth")]
    tree = Tree([*called, "up", "--port", str(port)], cores=place.cores, folder=place.folder)
    return Running(tree, port, {"Authorization": f"Bearer {key}"}, f"{PROVIDER}/", place.folder)


def _said(environments: Path, *arguments: str, folder: Path | None = None) -> str:
    command = [str(environments / "product/bin/lasttenth"), *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
