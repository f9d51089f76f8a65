"""Backups and moves as a user makes them, with a running server, full disks and processes that are killed."""

import secrets
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.commands import error_of, lasttenth, made_key, output_of
from tests.journeys.refusals import CHAT, chat
from tests.servers import PostgresServer

from lasttenth.testing import RunningServer, clean_environment, eventually, running_server

QUESTION = "Within how many days can I return a lamp?"


def place(folder: Path, storage: str = "") -> Path:
    """Make a folder for an installation."""
    folder.mkdir()
    if storage:
        (folder / "lasttenth.yaml").write_text(f"storage: {storage}\n")
    return folder


def filled(folder: Path) -> Path:
    """Put a document into an installation."""
    (folder / "refunds.md").write_text("# Refunds\n\nYou can return any lamp within 30 days of delivery.\n")
    output_of("index", "add", "refunds.md", folder=folder)
    return folder


def asked(server: RunningServer, key: str) -> str:
    """Ask something with a key and return the trace's id."""
    answer = server.request("POST", CHAT, body=chat(), headers={"authorization": f"Bearer {key}"})
    assert answer.status == 200, answer.body
    return answer.headers["x-request-id"]


def traces(server: RunningServer) -> set[str]:
    """Return the ids of the latest traces."""
    return {trace["trace_id"] for trace in server.get("/api/traces?limit=1000")}


def test_backup_of_a_running_server_is_restored_with_its_documents_traces_and_keys(tmp_path: Path) -> None:
    one, other, file = filled(place(tmp_path / "one")), place(tmp_path / "other"), tmp_path / "backup.zip"
    key = made_key(one)
    with running_server(one) as server:
        trace = asked(server, key)
        eventually(lambda: trace in traces(server))
        made = output_of("backup", file, folder=one)
        asked(server, key)
    report = output_of("restore", file, folder=other)
    answered = output_of("ask", QUESTION, "--index", "default", folder=other)
    with running_server(other) as server:
        restored = traces(server)
        asked(server, key)

    assert "30 days" in answered["text"]
    assert trace in restored
    assert (made["rows"], made["pepper"]) == (report["rows"], True)
    assert (other / "pepper").read_bytes() == (one / "pepper").read_bytes()
    assert (other / "pepper").stat().st_mode & 0o777 == 0o600


def test_installation_moves_to_postgresql_and_back_while_its_server_runs_and_no_trace_is_lost(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    folder, back = filled(place(tmp_path / "one")), tmp_path / "back"
    key = made_key(folder)
    with postgres.database() as address:
        with running_server(folder) as server:
            before = asked(server, key)
            eventually(lambda: before in traces(server))
            rehearsed = output_of("migrate", "--to", address, "--dry-run", folder=folder)
            moved = output_of("migrate", "--to", address, "--write", folder=folder)
            during = asked(server, key)
            eventually(lambda: server.get("/api/status")["recording"]["failing"])
        settings = (folder / "lasttenth.yaml").read_text()
        with running_server(folder, settings=settings) as server:
            eventually(lambda: {before, during} <= traces(server), within=30)
            asked(server, key)
        answered = output_of("ask", QUESTION, "--index", "default", folder=folder)
        output_of("migrate", "--to", back, folder=folder)
    home = output_of("ask", QUESTION, "--index", "default", folder=back)
    with running_server(back) as server:
        returned = traces(server)
        asked(server, key)

    assert (rehearsed["moved"], moved["moved"]) == (False, True)
    assert settings == f"storage: {address}\n"
    assert "30 days" in answered["text"]
    assert answered["citations"] == home["citations"]
    assert {before, during} <= returned


KILLED = """
import asyncio, os, signal
from pathlib import Path
from lasttenth.app.backups import backup, restore
from lasttenth.app.installation import find_place
from lasttenth.app.moving import migrate, target_of

def report(progress):
    if progress.done > 5:
        os.kill(os.getpid(), signal.SIGKILL)

place = find_place(os.environ, folder=Path({folder!r}))
asyncio.run({work})
"""


def killed(folder: Path, work: str) -> None:
    """Do some work in a process that is killed in the middle of it."""
    program = textwrap.dedent(KILLED).format(folder=str(folder), work=work)
    environment = clean_environment(folder)
    finished = subprocess.run([sys.executable, "-c", program], env=environment, cwd=folder, check=False, timeout=60)
    assert finished.returncode == -signal.SIGKILL


def test_move_that_was_killed_can_be_made_again_or_taken_back(postgres: PostgresServer, tmp_path: Path) -> None:
    folder = filled(place(tmp_path / "one"))
    with postgres.database() as address:
        killed(folder, f"migrate(place, target_of(place, {address!r}, {{}}), write=False, report=report)")
        code, refused = error_of("index", "drop", "default", folder=folder)
        doctor = lasttenth("doctor", folder=folder)
        output_of("migrate", "--undo", folder=folder)
        again = error_of("migrate", "--undo", folder=folder)
        key = made_key(folder)
        killed(folder, f"migrate(place, target_of(place, {address!r}, {{}}), write=False, report=report)")
        moved = output_of("migrate", "--to", address, "--write", folder=folder)
        answered = output_of("ask", QUESTION, "--index", "default", folder=folder)

    assert (code, refused["code"]) == (6, "storage_unavailable")
    assert "being moved" in refused["message"]
    assert "takes no writes: it was moved" in " ".join(doctor.stdout.split())
    assert "nothing to undo" in again[1]["message"]
    assert moved["tables"]["keys"] == 1
    assert key
    assert "30 days" in answered["text"]


def test_backup_and_restore_that_were_killed_leave_nothing_that_looks_whole(tmp_path: Path) -> None:
    one, other, file = filled(place(tmp_path / "one")), place(tmp_path / "other"), tmp_path / "backup.zip"

    killed(one, f"backup(place, Path({str(file)!r}), report=report)")
    nothing = not file.exists()
    output_of("backup", file, folder=one)
    killed(other, f"restore(place, Path({str(file)!r}), replace=False, report=report)")
    report = output_of("restore", file, folder=other)

    assert nothing
    assert report["rows"] > 5
    assert "30 days" in output_of("ask", QUESTION, "--index", "default", folder=other)["text"]


def in_little_room(*arguments: str | Path, folder: Path, kilobytes: int) -> "subprocess.CompletedProcess[str]":
    """Run a command none of whose files may grow beyond some size, as on a full disk."""
    words = [sys.executable, "-m", "lasttenth", *map(str, arguments)]
    limited = ["sh", "-c", f'ulimit -f {2 * kilobytes}; exec "$@"', "sh", *words]
    environment = {**clean_environment(folder), "LASTTENTH_FOLDER": str(folder)}
    return subprocess.run(limited, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_full_disk_is_told_and_no_half_backup_or_installation_is_left(tmp_path: Path) -> None:
    one, other = place(tmp_path / "one"), place(tmp_path / "other")
    (one / "noise.md").write_text("\n\n".join(secrets.token_hex(500) for _ in range(1_500)))
    output_of("index", "add", "noise.md", folder=one)
    backup, small = tmp_path / "backup.zip", tmp_path / "small.zip"

    cut = in_little_room("backup", small, folder=one, kilobytes=400)
    output_of("backup", backup, folder=one)
    refused = in_little_room("restore", backup, folder=other, kilobytes=400)

    assert (cut.returncode, refused.returncode) == (6, 6), cut.stderr + refused.stderr
    assert "cannot be written" in cut.stderr
    assert "Free some space" in cut.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.zip", "one", "other"]
    assert not list(other.glob("*.db*"))
    output_of("restore", backup, folder=other)


def told(*arguments: str | Path, folder: Path) -> tuple[int, str, str]:
    """Return the exit code, the code and the words of a failure."""
    code, error = error_of(*arguments, folder=folder)
    return code, error["code"], f"{error['message']} {error['hint']}"


def test_bad_input_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    one, empty, file = filled(place(tmp_path / "one")), place(tmp_path / "empty"), tmp_path / "backup.zip"
    output_of("backup", file, folder=one)
    cases: dict[tuple[Any, ...], tuple[Path, int, str, str]] = {
        ("restore", tmp_path / "nowhere"): (empty, 2, "invalid_backup", "Correct the path"),
        ("restore", one / "refunds.md"): (empty, 2, "invalid_backup", "no backup"),
        ("restore", file): (one, 5, "conflict", "--replace"),
        ("backup", file): (one, 2, "invalid_backup", "already"),
        ("backup", tmp_path / "other.zip"): (empty, 3, "not_found", "--folder"),
        ("migrate",): (one, 2, "invalid_command", "--to"),
        ("migrate", "--to", "mysql://me:secret@db/app"): (one, 2, "invalid_configuration", "postgresql://"),
        ("migrate", "--to", "postgresql://me:secret@/a?host=/no"): (one, 6, "storage_unavailable", "reached"),
        ("migrate", "--to", "postgresql://${NO_SUCH_NAME}/a"): (one, 2, "invalid_configuration", "NO_SUCH_NAME"),
        ("migrate", "--to", one): (one, 5, "conflict", "empty"),
    }

    failures = {arguments: told(*arguments, folder=case[0]) for arguments, case in cases.items()}

    for arguments, (_, exit_code, code, words) in cases.items():
        assert failures[arguments][:2] == (exit_code, code), failures[arguments]
        assert words in failures[arguments][2]
        assert "secret" not in failures[arguments][2]
    assert "30 days" in output_of("ask", QUESTION, "--index", "default", folder=one)["text"]


@pytest.mark.parametrize("command", ["backup", "restore", "migrate"])
def test_help_says_what_a_command_does(tmp_path: Path, command: str) -> None:
    assert lasttenth(command, "--help", folder=tmp_path).returncode == 0
