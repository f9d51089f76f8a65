"""The command line as a user types it: every command, for people and as JSON, and how each failure ends."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from tests.journeys.commands import error_of, lasttenth, output_of
from typer.testing import CliRunner

from lasttenth import App, __version__
from lasttenth.cli.generic import actor
from lasttenth.cli.main import COMMANDS, build
from lasttenth.storage.ports import IndexSettings

QUESTION = "Within how many days can I return a lamp?"
GROUPS = [["index", name] for name in ("add", "search", "list", "remove", "drop")]
GROUPS += [["embedder", "install"], ["embedder", "list"], ["key", "create"], ["config", "schema"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two documents that are indexed, and one question that was asked."""
    place = tmp_path_factory.mktemp("work")
    documents = place / "docs"
    documents.mkdir()
    (documents / "refunds.md").write_text("# Refunds\n\nYou can return any lamp within 30 days of delivery.\n")
    (documents / "shipping.md").write_text("# Shipping\n\nStandard shipping to Norway costs 14.90 EUR.\n")
    (place / "empty").mkdir()
    (place / "empty" / "data.json").write_text("{}")
    assert output_of("index", "add", "docs", folder=place)["added"] == 2
    assert "30 days" in output_of("ask", QUESTION, "--index", "default", folder=place)["text"]
    return place


def test_answer_is_printed_with_its_quotes(folder: Path) -> None:
    finished = lasttenth("ask", QUESTION, "--docs", "docs", folder=folder)

    assert finished.returncode == 0
    assert "within 30 days" in finished.stdout
    assert "[1] docs/refunds.md:3" in finished.stdout
    assert "trace " in finished.stdout


def test_user_without_a_name_has_a_number() -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    assert actor(nobody) == f"user {os.getuid()}"


def test_question_says_which_documents_were_left_out(folder: Path) -> None:
    (folder / "empty.md").write_text("")

    finished = lasttenth("ask", QUESTION, "--docs", "docs", "--docs", "empty.md", folder=folder)

    assert "within 30 days" in finished.stdout
    assert finished.stderr.splitlines() == [
        "  left out: empty.md holds no text. Leave it out, or check that it was saved completely."
    ]


def test_answer_as_json_has_its_citations(folder: Path) -> None:
    answer = output_of("ask", QUESTION, folder=folder)

    assert answer["citations"][0]["document"] == "docs/refunds.md"
    assert not answer["declined"]


def test_question_that_the_documents_do_not_answer_is_declined_without_failing(folder: Path) -> None:
    answer = output_of("ask", "Who painted the ceiling of the Sistine Chapel?", folder=folder)

    assert (answer["declined"], answer["citations"]) == (True, [])


def test_indexing_again_changes_nothing(folder: Path) -> None:
    report = output_of("index", "add", "docs", folder=folder)

    assert (report["added"], report["unchanged"], report["removed"]) == (0, 2, 0)


def test_indexes_are_listed_and_searched(folder: Path) -> None:
    listed = output_of("index", "list", folder=folder)
    found = output_of("index", "search", "shipping to Norway", folder=folder)

    assert ("default", 2) in [(index["name"], index["documents"]) for index in listed]
    assert found[0]["document"] == "docs/shipping.md"


def test_document_is_removed_and_index_is_dropped(folder: Path) -> None:
    output_of("index", "add", "docs", "--index", "short", folder=folder)

    removed = output_of("index", "remove", "docs/refunds.md", "--index", "short", folder=folder)
    left = output_of("index", "search", "lamp delivery Norway", "--index", "short", folder=folder)
    dropped = output_of("index", "drop", "short", folder=folder)

    assert removed == dropped == {"done": True}
    assert {passage["document"] for passage in left} == {"docs/shipping.md"}
    assert error_of("index", "search", "lamp", "--index", "short", folder=folder)[0] == 3


def test_traces_are_listed_followed_and_shown(folder: Path) -> None:
    trace_id = output_of("ask", QUESTION, folder=folder)["trace_id"]

    listed = [trace["trace_id"] for trace in output_of("traces", folder=folder)]
    tailed = lasttenth("tail", "--no-follow", "--limit", "1", "--json", folder=folder)
    spans = output_of("show", trace_id, folder=folder)

    assert listed[0] == trace_id
    assert [json.loads(line)["trace_id"] for line in tailed.stdout.splitlines()] == [trace_id]
    assert [span["operation"] for span in spans] == ["task", "retrieval", "chat"]
    assert trace_id in lasttenth("tail", "--no-follow", folder=folder).stdout
    assert "builtin/extractive" in lasttenth("show", trace_id, folder=folder).stdout


def test_traces_are_found_by_the_words_that_were_said(folder: Path) -> None:
    found = output_of("traces", "--search", "return lamp", "--task", "answer", folder=folder)

    assert found
    assert output_of("traces", "--search", "zebra", folder=folder) == []
    assert output_of("traces", "--failed", folder=folder) == []


def test_usage_and_spending_are_shown(folder: Path) -> None:
    usage = output_of("usage", "--by", "operation, task", "--period", "hour", folder=folder)
    shown = lasttenth("usage", "--by", "task", folder=folder)
    nobody = lasttenth("spending", "--by", "key", folder=folder)

    assert {"operation": "task", "task": "answer"} in [each["labels"] for each in usage]
    assert all(each["spans"] >= 1 and each["duration"]["p95"] > 0 for each in usage)
    assert "answer" in shown.stdout
    assert nobody.stdout == "Nobody was named in this time.\n"


def test_models_tasks_and_embedders_are_listed(folder: Path) -> None:
    models = output_of("models", folder=folder)["models"]
    tasks = output_of("tasks", folder=folder)
    embedders = output_of("embedder", "list", folder=folder)

    assert {"builtin/extractive", "scripted/echo"} <= {model["name"] for model in models}
    assert [task["name"] for task in tasks] == ["answer"]
    assert [(each["id"], each["installed"]) for each in embedders] == [("builtin/minilm", False)]


def test_key_is_shown_once_and_never_stored(folder: Path) -> None:
    key = output_of("key", "create", "for-tests", folder=folder)["key"]

    secret = key.rpartition("-")[2]
    assert re.fullmatch(r"lt-[a-z2-7]{16}-[a-z2-7]{52}", key)
    assert all(secret.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_schema_of_the_settings_is_json(folder: Path) -> None:
    finished = lasttenth("config", "schema", folder=folder)

    assert "Settings" in json.loads(finished.stdout)["$defs"]


def test_doctor_finds_nothing_bad(folder: Path) -> None:
    findings = output_of("doctor", folder=folder)

    assert [finding for finding in findings if finding["state"] == "bad"] == []


def test_doctor_says_which_index_was_built_with_another_embedder(tmp_path: Path) -> None:
    async def build_with_another() -> None:
        async with App(tmp_path) as app:
            store = await app.installation.store.project("default")
            settings = IndexSettings(splitter="1", embedder="test/other", embedder_hash="0" * 64, dimension=3)
            await store.indexes.create("default", settings)

    asyncio.run(build_with_another())

    findings = output_of("doctor", folder=tmp_path)

    said = [each["said"] for each in findings if each["what"] == "Index"]
    assert len(said) == 1
    assert "default was built with test/other" in said[0]
    assert "--rebuild" in said[0]


def test_doctor_says_which_transport_is_used_and_why(tmp_path: Path) -> None:
    (tmp_path / "lasttenth.yaml").write_text("transport: aiohttp")

    findings = output_of("doctor", folder=tmp_path)

    said = [each["said"] for each in findings if each["what"] == "Transport"]
    assert said == ["aiohttp: lasttenth.yaml names it"]


def test_doctor_says_wrong_settings_once(tmp_path: Path) -> None:
    (tmp_path / "lasttenth.yaml").write_text("listen: {prot: 1}")

    finished = lasttenth("doctor", folder=tmp_path)

    assert finished.returncode == 1
    assert finished.stdout.count("unknown field") == 1


def test_tables_are_whole_where_there_is_no_terminal(folder: Path) -> None:
    trace_id = output_of("ask", QUESTION, folder=folder)["trace_id"]

    rows = lasttenth("traces", folder=folder).stdout.splitlines()

    assert trace_id in rows[1]
    assert "chat task/answer" in rows[1]


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + GROUPS, ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    finished = CliRunner().invoke(build(asked=command[0]), [*command, "--help"])

    assert finished.exit_code == 0
    assert "Usage" in finished.stdout


@pytest.mark.parametrize("words", [["--version"], ["--version", "doctor"]], ids=" ".join)
def test_version_is_printed(words: list[str]) -> None:
    finished = CliRunner().invoke(build(asked="doctor"), words)

    assert (finished.exit_code, finished.stdout) == (0, f"{__version__}\n")


WRONG = {
    "unknown command": ["nope"],
    "unknown command of a group": ["index", "nope"],
    "unknown option": ["ask", "x", "--nope"],
    "missing argument": ["ask"],
    "option of the wrong type": ["traces", "--limit", "many"],
    "port beyond all ports": ["up", "--port", "70000"],
}


@pytest.mark.parametrize("command", WRONG.values(), ids=WRONG.keys())
def test_mistaken_command_ends_with_2(folder: Path, command: list[str]) -> None:
    code, error = error_of(*command, folder=folder)

    assert (code, error["code"]) == (2, "invalid_command")


def test_mistaken_command_shows_people_how_it_is_used(folder: Path) -> None:
    finished = lasttenth("ask", "x", "--nope", folder=folder)

    assert (finished.returncode, finished.stdout) == (2, "")
    assert "Usage" in finished.stderr


FAILURES = {
    "unknown index": (["index", "search", "x", "--index", "nope"], 3, "index_not_found"),
    "unknown trace": (["show", "nope"], 3, "not_found"),
    "unknown model": (["ask", "x", "--model", "nope/nope"], 3, "model_not_found"),
    "empty question": (["ask", " "], 2, "invalid_request"),
    "missing documents": (["ask", "x", "--docs", "nope"], 2, "unreadable_document"),
    "documents of no kind": (["ask", "x", "--docs", "empty"], 2, "unreadable_document"),
    "unknown project name": (["index", "list", "--project", "x" * 300], 2, "invalid_request"),
}


@pytest.mark.parametrize(("command", "code", "name"), FAILURES.values(), ids=FAILURES.keys())
def test_failure_has_an_exit_code_and_a_name(folder: Path, command: list[str], code: int, name: str) -> None:
    found, error = error_of(*command, folder=folder)

    assert (found, error["code"]) == (code, name)
    assert error["message"]


def test_failure_is_told_to_people_on_the_error_stream_with_what_to_do(folder: Path) -> None:
    finished = lasttenth("index", "search", "x", "--index", "nope", folder=folder)

    assert (finished.returncode, finished.stdout) == (3, "")
    assert finished.stderr == (
        "Error: There is no index nope in project default.\nMake one with: lasttenth index add PATH --index nope\n"
    )


def test_output_has_no_colours_where_there_is_no_terminal(folder: Path) -> None:
    finished = lasttenth("ask", QUESTION, folder=folder, environment={"NO_COLOR": "", "TERM": "xterm-256color"})

    assert "\x1b" not in finished.stdout


def test_no_color_is_heeded_where_colours_are_forced(folder: Path) -> None:
    coloured = lasttenth("ask", QUESTION, folder=folder, environment={"NO_COLOR": "", "FORCE_COLOR": "1"})
    plain = lasttenth("ask", QUESTION, folder=folder, environment={"NO_COLOR": "1", "FORCE_COLOR": "1"})

    assert "\x1b[36m" in coloured.stdout
    assert not re.search(r"\x1b\[3\dm", plain.stdout)
