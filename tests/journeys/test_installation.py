"""An installation under adverse conditions: ports, files, locks, full disks, damage, and sudden death."""

import http.client
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.commands import error_of, lasttenth, output_of
from tests.journeys.refusals import CHAT, chat

from lasttenth.testing import RunningServer, clean_environment, eventually, running_server

DATABASE = "lasttenth.db"
FILES = 320
CLIENTS = 4


def test_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])

        finished = lasttenth("up", "--port", port, folder=tmp_path)

    assert finished.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be had: it is in use." in finished.stderr


def test_server_beyond_loopback_without_a_key_does_not_start(tmp_path: Path) -> None:
    finished = lasttenth("up", "--host", "0.0.0.0", "--port", "0", folder=tmp_path)

    assert finished.returncode == 2
    assert "lasttenth key create NAME" in finished.stderr


DOCUMENTS: dict[str, bytes | None] = {
    "missing.md": None,
    "binary.txt": b"\x00\x01\x02\xff\xfe",
    "broken.pdf": b"%PDF-1.4 and nothing more",
    "broken.docx": b"PK\x03\x04 no archive",
    "unknown.exe": b"MZ",
    "empty.md": b"",
}


@pytest.mark.parametrize(("name", "content"), DOCUMENTS.items(), ids=DOCUMENTS.keys())
def test_document_that_cannot_be_read_is_an_error(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    code, error = error_of("index", "add", name, folder=tmp_path)

    assert (code, error["code"]) == (2, "unreadable_document")
    assert name in error["message"]


def test_unreadable_documents_among_others_are_left_out_and_named(tmp_path: Path) -> None:
    documents = tmp_path / "docs"
    documents.mkdir()
    (documents / "good.md").write_text("Good.")
    (documents / "bad.txt").write_bytes(b"\x00\x01")
    (documents / "gone.md").symlink_to(tmp_path / "nowhere")

    report = output_of("index", "add", "docs", folder=tmp_path)

    assert report["added"] == 1
    assert [each["document"] for each in report["skipped"]] == ["docs/bad.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_document_without_permission_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("Secret.")
    (tmp_path / "secret.md").chmod(0)

    code, error = error_of("index", "add", "secret.md", folder=tmp_path)

    assert (code, error["code"]) == (2, "unreadable_document")


def test_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("A file.")

    code, error = error_of("traces", "--folder", "taken", folder=tmp_path)

    assert (code, error["code"]) == (6, "storage_unavailable")
    assert "taken" in error["message"]


DAMAGE = {
    "no database": b"This is no database, and it is long enough to be looked at. " * 100,
    "half a header": b"SQLite",
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_database_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)

    code, error = error_of("traces", folder=tmp_path)

    assert (code, error["code"]) == (6, "storage_unavailable")
    assert error["hint"]


def test_damaged_pepper_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_bytes(b"")

    code, error = error_of("key", "create", "x", folder=tmp_path)

    assert (code, error["code"]) == (6, "storage_unavailable")


WRONG_SETTINGS = {
    "unknown field": "nope: 1",
    "wrong type": "listen: {port: many}",
    "unknown field below": "timeouts: {raed: 5}",
    "no port": "listen: {port: 99999}",
    "no time": "timeouts: {read: -1}",
    "no URL": "providers: {up: {base_url: 'localhost:8000'}}",
    "undefined variable": "providers: {up: {base_url: 'http://x', api_key: '${NOWHERE_DEFINED}'}}",
    "bad YAML": "listen: [",
    "a list": "- 1",
    "reserved provider": "providers: {task: {base_url: 'http://x'}}",
    "bad expression": "scripts: {s: {lines: [{when: '(', text: x}]}}",
    "no UTF-8": "\udcff",
}


@pytest.mark.parametrize("settings", WRONG_SETTINGS.values(), ids=WRONG_SETTINGS.keys())
def test_wrong_settings_are_an_error_that_names_the_file(tmp_path: Path, settings: str) -> None:
    (tmp_path / "lasttenth.yaml").write_bytes(settings.encode(errors="surrogateescape"))

    code, error = error_of("traces", folder=tmp_path)

    assert (code, error["code"]) == (2, "invalid_configuration")
    assert "lasttenth.yaml" in error["message"]


def test_missing_settings_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    finished = lasttenth("up", "--config", "nope.yaml", folder=tmp_path)

    assert finished.returncode == 2
    assert "nope.yaml" in finished.stderr


def test_database_that_another_process_locks_delays_traces_and_loses_none(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        before = [ask(server)]
        eventually(lambda: set(before) <= traces(server))
        with locked(tmp_path):
            during = [ask(server) for _ in range(20)]
            listed_meanwhile = traces(server)
        after = [ask(server)]

        listed = eventually(lambda: set(before + during + after) <= traces(server), within=30)

    assert listed
    assert not listed_meanwhile & set(during)


def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    output_of("ask", "Anything?", "--model", "scripted/echo", "--docs", written(tmp_path), folder=tmp_path)

    with locked(tmp_path):
        listed = output_of("traces", folder=tmp_path)
        indexes = output_of("index", "list", folder=tmp_path)

    assert len(listed) == len(indexes) == 1


def test_full_disk_delays_traces_and_loses_none(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        before = ask(server)
        eventually(lambda: before in traces(server))
        with no_room(server):
            during = [ask(server) for _ in range(20)]
            eventually(lambda: server.get("/api/status")["recording"]["failing"])

        listed = eventually(lambda: set(during) <= traces(server), within=30)

    assert listed
    assert sound(tmp_path)


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_server_that_is_asked_to_stop_writes_what_waits(tmp_path: Path, with_signal: signal.Signals) -> None:
    with running_server(tmp_path) as server:
        asked = {ask(server) for _ in range(50)}
        code = server.stop(with_signal)

    written = {trace["trace_id"] for trace in output_of("traces", "--limit", "1000", folder=tmp_path)}
    assert asked <= written
    assert code in {0, 130}


def test_server_that_is_killed_during_traffic_keeps_what_was_written(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(ask_until_it_dies, server) for _ in range(CLIENTS)]
        written = eventually(lambda: traces(server) if len(traces(server)) > 100 else set())
        server.stop(signal.SIGKILL)
        answered = sum(client.result() for client in clients)

    assert answered + CLIENTS >= len(written)
    assert sound(tmp_path)
    with running_server(tmp_path) as again:
        assert written <= traces(again)
        asked = ask(again)
        assert eventually(lambda: asked in traces(again))


def test_indexing_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    write_documents(tmp_path / "docs", FILES)
    started = start("index", "add", "docs", folder=tmp_path)
    eventually(lambda: count(tmp_path, "documents") >= 32, within=30)
    started.kill()
    started.wait()
    kept = count(tmp_path, "documents")

    report = output_of("index", "add", "docs", folder=tmp_path)

    assert 32 <= kept < FILES
    assert (report["unchanged"], report["added"], report["documents"]) == (kept, FILES - kept, FILES)
    assert names(tmp_path) == sorted(f"docs/note-{number:03}.md" for number in range(FILES))
    assert sound(tmp_path)


def test_two_processes_write_to_one_new_folder_at_once(tmp_path: Path) -> None:
    write_documents(tmp_path / "docs", 60)
    commands = [("index", "add", "docs"), ("index", "add", "docs"), ("key", "create", "a"), ("key", "create", "b")]

    running = [start(*command, folder=tmp_path) for command in commands]
    codes = [process.wait(60) for process in running]

    assert codes == [0, 0, 0, 0]
    assert len(names(tmp_path)) == len(set(names(tmp_path))) == 60
    assert sound(tmp_path)


def test_server_sees_what_another_process_indexes(tmp_path: Path) -> None:
    write_documents(tmp_path / "docs", 3)
    with running_server(tmp_path) as server:
        ask(server)

        output_of("index", "add", "docs", folder=tmp_path)
        found = server.get("/api/indexes/default/search?question=note")

    assert {passage["document"] for passage in found} == set(names(tmp_path))


def ask(server: RunningServer) -> str:
    """Ask one question and return the id of its trace."""
    answer = server.request("POST", CHAT, body=chat())
    assert answer.status == 200
    return answer.headers["x-request-id"]


def ask_until_it_dies(server: RunningServer) -> int:
    """Return how many questions were answered before the server was gone."""
    answered = 0
    try:
        while ask(server):
            answered += 1
    except (OSError, http.client.HTTPException):
        return answered
    return answered


def traces(server: RunningServer) -> set[str]:
    return {trace["trace_id"] for trace in server.get("/api/traces?limit=1000")}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the write lock of a database, as another process would."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def no_room(server: RunningServer) -> Iterator[None]:
    """Let a server's files grow no further, as on a full disk."""
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


def written(folder: Path) -> Path:
    write_documents(folder / "docs", 1)
    return folder / "docs"


def write_documents(folder: Path, number: int) -> None:
    folder.mkdir()
    for each in range(number):
        text = f"# Note {each}\n\n" + f"Note {each} says that lamp {each} is bright. " * 20
        (folder / f"note-{each:03}.md").write_text(text)


def start(*arguments: str, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**clean_environment(folder), "LASTTENTH_FOLDER": str(folder)}
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "lasttenth", *arguments], cwd=folder, env=environment, **quiet)


def count(folder: Path, table: str) -> int:
    return int(read(folder, f"SELECT count(*) FROM {table}")[0][0])


def names(folder: Path) -> list[str]:
    return sorted(row[0] for row in read(folder, "SELECT name FROM documents"))


def sound(folder: Path) -> bool:
    return read(folder, "PRAGMA integrity_check") == [("ok",)] and read(folder, "PRAGMA foreign_key_check") == []


def read(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return rows of the database, none while there is no database or no such table."""
    try:
        with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(statement).fetchall()
    except sqlite3.OperationalError:
        return [(0,)]
