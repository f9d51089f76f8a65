"""kill -9 of workers, supervisors and writers, again and again: what was acknowledged is there, once."""

import asyncio
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import msgspec
from tests.journeys.crews import WITHIN, crew, end, has_ended, workers

from lasttenth.records.errors import LasttenthError, StorageError
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.remote import WriterClient
from lasttenth.storage.remote.writer import SOCKET
from lasttenth.testing import RunningServer, eventually, running_server

CLIENTS = 3
TWO = ("--workers", "2")

WRITER = """
import asyncio, sys
from pathlib import Path
from typing import Any
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.remote import Writer
from lasttenth.storage.sqlite import SqliteStore

async def main(folder):
    store = await SqliteStore.open(folder / "store.db", clock=SystemClock(), randomness=system_randomness)
    await Writer.open(store, folder)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_nothing_that_the_writer_acknowledged_over_the_socket_is_lost_when_it_is_killed(
    tmp_path: Path, rounds: int
) -> None:
    acknowledged: set[int] = set()
    numbers = itertools.count(1)
    for turn in range(rounds):
        with writing(tmp_path) as process:
            acknowledged |= asyncio.run(write_and_kill(tmp_path, process, numbers, random.Random(turn).randint(1, 300)))

    stored = [int(row[0], 16) for row in rows(tmp_path / "store.db", "SELECT hex(trace_id) FROM spans")]

    assert rows(tmp_path / "store.db", "PRAGMA integrity_check") == [("ok",)]
    assert acknowledged
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))


def test_documents_that_were_accepted_are_there_whichever_process_is_killed(tmp_path: Path, rounds: int) -> None:
    accepted: set[str] = set()
    for turn in range(rounds):
        with running_server(tmp_path, arguments=TWO) as server, ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(add_until_it_dies, server, f"{turn}-{each}") for each in range(CLIENTS)]
            end(random.Random(turn).choice(workers(server)))
            eventually(lambda: crew_has(server, restarts=1), within=WITHIN)
            processes = workers(server)
            end(server.pid)
            for client in clients:
                accepted |= client.result()
            eventually(lambda: all(has_ended(each) for each in processes), within=WITHIN)  # noqa: B023 - it is called here

    names = [row[0] for row in rows(tmp_path / "lasttenth.db", "SELECT name FROM documents")]

    assert rows(tmp_path / "lasttenth.db", "PRAGMA integrity_check") == [("ok",)]
    assert accepted
    assert accepted <= set(names)
    assert len(names) == len(set(names))


@contextmanager
def writing(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a writer in a process of its own."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


async def write_and_kill(
    folder: Path, process: "subprocess.Popen[str]", numbers: Iterator[int], count: int
) -> set[int]:
    """Write spans from several clients, kill the writer after so many, and return those that it acknowledged."""
    acknowledged: set[int] = set()

    async def write() -> None:
        client = WriterClient(folder / SOCKET)
        try:
            while True:
                number = next(numbers)
                await client.call("traces.append", "one", [span(number)])
                acknowledged.add(number)
                if len(acknowledged) == count:
                    process.send_signal(signal.SIGKILL)
        except StorageError:
            return
        finally:
            await client.close()

    await asyncio.gather(*(write() for _ in range(8)))
    return acknowledged


def add_until_it_dies(server: RunningServer, client: str) -> set[str]:
    """Return the names of the documents that a server accepted before it was gone; a killed worker is asked again."""
    accepted: set[str] = set()
    for number in itertools.count():
        if has_ended(server.pid):
            return accepted
        name = f"{client}-{number}.md"
        body = msgspec.json.encode({"documents": [{"name": name, "text": f"Note {number} of {client}."}]})
        try:
            answer = server.request("POST", "/api/indexes/default/documents", body=body)
        except (OSError, HTTPException):
            continue
        if answer.status == 200:
            accepted.add(name)
    raise AssertionError


def crew_has(server: RunningServer, *, restarts: int) -> bool:
    """Tell whether a worker was started anew so often; while one is killed a connection may break."""
    try:
        return crew(server) == {"wanted": 2, "running": 2, "restarts": restarts}
    except (OSError, HTTPException, LasttenthError):
        return False


def span(number: int) -> Span:
    """Return a span with a payload that is its own."""
    body = Payload(media_type="text/plain", body=b"%d " % number * 100)
    return Span(
        trace_id=f"{number:032x}", span_id="a" * 16, name="n", operation="chat", start=number, end=9, input=body
    )


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(path, timeout=WITHIN)) as connection:
        return connection.execute(statement).fetchall()
