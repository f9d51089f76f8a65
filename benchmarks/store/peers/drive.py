"""Start one peer, put the load into it, ask it, and print what that cost as JSON.

It runs under the peer's own Python, inside a network namespace of its own: one of them listens on all interfaces.
CPU time is that of the server and all its children; rows are counted in its database, which costs the server nothing.
"""

import http.client
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.store.load import Span, traces
from benchmarks.store.peers.otlp import request_of
from benchmarks.store.peers.products import PRODUCTS, Product, Question, body_of

PORT = 6106
CALLS = 5
RESTING = 5
"""Seconds for which an idle server is watched."""
BUSY = 0.2
"""CPU seconds in a second from which a server is still starting."""
PATIENCE = 300
"""Seconds in which a server must be ready, and in which all spans must be visible."""


def main() -> None:
    """Measure the product that the first argument names, with as many traces as the second says."""
    product, count, seed = PRODUCTS[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command, added = product.command(Path(sys.executable), folder, PORT)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                command, env={**os.environ, **added}, stdout=log, stderr=log, start_new_session=True
            )
        try:
            figures = _figures(product, server.pid, folder, list(traces(count, seed)))
        except BaseException:
            sys.stderr.write((folder / "log").read_text(errors="replace")[-4_000:])
            raise
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)
    print(json.dumps(figures))


def _figures(product: Product, pid: int, folder: Path, load: list[list[Span]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    _until(lambda: _ready(folder / product.database))
    _until(lambda: _spent_resting(pid) < BUSY)
    figures["start, CPU s"] = _cpu(pid)
    figures["idle, CPU ms per s"] = _spent_resting(pid) * 1000
    bodies, spans = [request_of(trace) for trace in load], sum(map(len, load))
    file, empty = folder / product.database, _size(folder / product.database)
    began, started = _cpu(pid), time.monotonic()
    for body in bodies:
        _send(product, Question("POST", "/v1/traces"), body)
    figures["acknowledged after, s"] = time.monotonic() - started
    _until(lambda: _count(file) >= spans)
    figures["visible after, s"] = time.monotonic() - started
    figures["ingest, CPU us per span"] = (_cpu(pid) - began) * 1e6 / spans
    figures["bytes per span"] = (_size(file) - empty) / spans
    figures["resident, MiB"] = _resident(pid)
    trace = load[len(load) // 2]
    word = max(trace[-1]["output"].split()[1:-1], key=len)
    for name, question in product.questions(trace, word).items():
        figures[name] = _asked(product, pid, question)
    return figures


def _spent_resting(pid: int) -> float:
    began = _cpu(pid)
    time.sleep(RESTING)
    return (_cpu(pid) - began) / RESTING


def _asked(product: Product, pid: int, question: Question) -> dict[str, float] | str:
    """Return CPU and wall milliseconds of a question, or what the server said instead of an answer."""
    wall, began = [], 0.0
    for call in range(CALLS + 1):
        if call == 1:
            began = _cpu(pid)
        started = time.perf_counter()
        try:
            answer = _send(product, question, body_of(question))
        except RuntimeError as error:
            return str(error)
        wall.append((time.perf_counter() - started) * 1000)
        if not re.search(question.holding, answer):
            return f"not answered: {answer[:300]}"
    return {"CPU ms": (_cpu(pid) - began) * 1000 / CALLS, "wall ms": statistics.median(wall[1:])}


def _send(product: Product, question: Question, body: bytes | None) -> str:
    kind = "application/x-protobuf" if question.path == "/v1/traces" else "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
    try:
        connection.request(question.method, question.path, body, {"content-type": kind, **product.headers})
        response = connection.getresponse()
        answer = response.read().decode(errors="replace")
    finally:
        connection.close()
    if response.status >= 300:
        raise RuntimeError(f"HTTP {response.status}: {answer[:300]}")
    return answer


def _until(condition: Any) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("The server was not ready in time.")
        time.sleep(0.2)


def _ready(file: Path) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", "/health" if file.name == "mlflow.db" else "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _count(file: Path) -> int:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute("SELECT count(*) FROM spans").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def _size(file: Path) -> int:
    """Return the bytes of the pages in use: a log that was not folded in yet would count twice."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    try:
        pages, size, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")
        )
    finally:
        connection.close()
    return int((pages - free) * size)


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(_fields(status)[1]), []).append(int(status.parent.name))
        except OSError:
            continue
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process and its children, those that ended included."""
    ticks = 0
    for each in _family(pid):
        try:
            ticks += sum(int(field) for field in _fields(Path(f"/proc/{each}/stat"))[11:15])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """Return the mebibytes of a process and its children; what they share counts once for each."""
    return (
        sum(int(_fields(Path(f"/proc/{each}/stat"))[21]) for each in _family(pid)) * os.sysconf("SC_PAGESIZE") / 2**20
    )


def _fields(status: Path) -> list[str]:
    return status.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()


if __name__ == "__main__":
    main()
