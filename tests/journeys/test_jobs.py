"""Background work as a user meets it: over the command line, over HTTP, and across a server that is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.commands import error_of, lasttenth, output_of

from lasttenth import App
from lasttenth.testing import RunningServer, clean_environment, eventually, running_server

FILES = 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with documents to index."""
    (tmp_path / "docs").mkdir()
    for number in range(3):
        (tmp_path / "docs" / f"{number}.md").write_text(
            f"# Page {number}\n\nLamps are returned within {number} days.\n"
        )
    return tmp_path


def test_indexing_in_the_background_is_done_by_whoever_works(folder: Path) -> None:
    job = output_of("index", "add", "docs", "--background", folder=folder)
    waiting = output_of("jobs", "list", folder=folder)

    worked = lasttenth("jobs", "work", "--until-idle", folder=folder)

    done = output_of("jobs", "show", job["id"], folder=folder)
    assert (job["state"], len(waiting), worked.returncode) == ("waiting", 1, 0)
    assert (done["state"], done["result"]["added"], done["progress"]["done"]) == ("done", 3, 3)
    assert output_of("index", "list", folder=folder)[0]["documents"] == 3
    assert output_of("index", "search", "lamps", folder=folder)[0]["document"].startswith("docs/")


def test_server_does_the_jobs_that_commands_enqueue(folder: Path) -> None:
    with running_server(folder) as server:
        job = output_of("index", "add", "docs", "--background", folder=folder)
        done = eventually(lambda: ended(server, job["id"]), within=30)
        listed = server.get("/api/jobs?state=done&kind=index")
        status = server.get("/api/status")

    assert done["state"] == "done"
    assert [each["id"] for each in listed] == [job["id"]]
    assert status["overdue"] == []


def test_background_indexing_goes_on_where_the_server_was_killed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(FILES):
        (docs / f"{number:03}.md").write_text(f"# Page {number}\n\n" + f"Word {number} and more. " * 200)
    with running_server(tmp_path) as server:
        job = output_of("index", "add", "docs", "--background", folder=tmp_path)
        eventually(lambda: documents(server) > 0, within=30)
        os.kill(server.pid, signal.SIGKILL)
        server.stop()

    with running_server(tmp_path) as server:
        eventually(lambda: ended(server, job["id"]), within=90)
        found = server.get(f"/api/jobs/{job['id']}")
        total = documents(server)

    assert (found["state"], total) == ("done", FILES)
    # Where the kill came before the end, another attempt found what the first one had made durable.
    assert found["attempts"] == 1 or found["result"]["unchanged"] > 0


def test_schedule_is_made_shown_paused_resumed_run_and_removed(folder: Path) -> None:
    made = output_of("index", "add", "docs", "--schedule", "0 3 * * *", "--zone", "Europe/Berlin", folder=folder)
    with running_server(folder) as server:
        paused = post(server, "/api/schedules/index-default/pause")
        resumed = post(server, "/api/schedules/index-default/resume")
        job = post(server, "/api/schedules/index-default/run")
        done = eventually(lambda: ended(server, job["id"]), within=30)
        shown = server.get("/api/schedules/index-default")
        server.request("DELETE", "/api/schedules/index-default")
        left = server.get("/api/schedules")

    assert made["schedule"]["cron"] == "0 3 * * *"
    assert (paused["paused"], resumed["paused"]) == (True, False)
    assert (done["schedule"], done["state"]) == ("index-default", "done")
    assert shown["last_success"] == done["ended"]
    assert left == []


def test_worker_that_is_asked_to_stop_stops(folder: Path) -> None:
    job = output_of("index", "add", "docs", "--background", folder=folder)
    command = [sys.executable, "-m", "lasttenth", "jobs", "work", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(folder)) as worker:
        eventually(lambda: output_of("jobs", "show", job["id"], folder=folder)["state"] == "done", within=60)
        worker.terminate()

    assert worker.returncode == 0


def test_job_that_cannot_be_done_fails_says_why_and_may_be_tried_again(folder: Path) -> None:
    code, refused = error_of("index", "add", "nothing-here", "--background", folder=folder)
    (folder / "nothing-here").mkdir()
    job = output_of("index", "add", "nothing-here", "--background", folder=folder)
    (folder / "nothing-here").rmdir()
    lasttenth("jobs", "work", "--until-idle", folder=folder)
    failed = output_of("jobs", "show", job["id"], folder=folder)
    (folder / "nothing-here").mkdir()
    (folder / "nothing-here" / "a.md").write_text("# Now\n\nThere is something.\n")

    output_of("jobs", "retry", job["id"], folder=folder)
    lasttenth("jobs", "work", "--until-idle", folder=folder)

    assert (code, refused["code"]) == (2, "unreadable_document")
    assert (failed["state"], failed["attempts"], failed["error_code"]) == ("failed", 1, "unreadable_document")
    assert output_of("jobs", "show", job["id"], folder=folder)["state"] == "done"


def test_waiting_job_is_cancelled_once(folder: Path) -> None:
    job = output_of("index", "add", "docs", "--background", folder=folder)

    cancelled = output_of("jobs", "cancel", job["id"], folder=folder)
    code, error = error_of("jobs", "cancel", job["id"], folder=folder)

    assert cancelled["state"] == "cancelled"
    assert (code, error["code"]) == (5, "conflict")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("jobs", "show", "nowhere"), "not_found"),
        (("jobs", "retry", "nowhere"), "not_found"),
        (("schedules", "pause", "nowhere"), "not_found"),
        (("schedules", "run", "nowhere"), "not_found"),
        (("index", "add", "docs", "--schedule", "every blue moon"), "invalid_request"),
        (("index", "add", "docs", "--schedule", "99 * * * *"), "invalid_request"),
        (("index", "add", "docs", "--schedule", "0 3 * * *", "--zone", "Moon/Sea"), "invalid_request"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_so(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    assert error_of(*arguments, folder=folder)[1]["code"] == code


def test_one_project_sees_nothing_of_anothers_jobs(folder: Path) -> None:
    output_of("index", "add", "docs", "--background", "--project", "one", folder=folder)

    assert output_of("jobs", "list", "--project", "two", folder=folder) == []


def test_doctor_names_what_is_overdue(folder: Path) -> None:
    async def expect_backups() -> None:
        async with App(folder) as app:
            await app.jobs.expect("backup", 1)

    asyncio.run(expect_backups())

    findings = json.loads(lasttenth("doctor", "--json", folder=folder).stdout)

    assert [each["said"] for each in findings if each["what"] == "Overdue"] == [
        "kind:backup of project default should have succeeded"
    ]


def ended(server: RunningServer, job: str) -> dict[str, Any]:
    """Return a job once it has ended, nothing before."""
    found: dict[str, Any] = server.get(f"/api/jobs/{job}")
    return found if found["ended"] is not None else {}


def documents(server: RunningServer) -> int:
    """Return how many documents the only index holds."""
    return sum(each["documents"] for each in server.get("/api/indexes"))


def post(server: RunningServer, path: str) -> dict[str, Any]:
    """Post nothing to a path, which must be there."""
    answer = server.request("POST", path)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found
