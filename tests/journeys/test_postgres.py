"""An installation whose settings name a PostgreSQL database: the same commands, from any folder."""

import sys
from pathlib import Path

import pytest
from tests.journeys.commands import error_of, lasttenth, output_of
from tests.servers import PostgresServer

QUESTION = "Within how many days can I return a lamp?"


def place(folder: Path, address: str) -> Path:
    """Make a folder whose settings name a database."""
    folder.mkdir()
    (folder / "lasttenth.yaml").write_text(f"storage: {address}\n")
    return folder


def test_what_one_folder_indexes_and_asks_another_one_answers_and_lists(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.database() as address:
        one, other = place(tmp_path / "one", address), place(tmp_path / "other", address)
        (one / "refunds.md").write_text("# Refunds\n\nYou can return any lamp within 30 days of delivery.\n")

        report = output_of("index", "add", "refunds.md", folder=one)
        asked = output_of("ask", QUESTION, "--index", "default", folder=one)
        answered = output_of("ask", QUESTION, "--index", "default", folder=other)
        listed = lasttenth("traces", "--json", folder=other)
        checked = lasttenth("doctor", folder=other)

    assert report["added"] == 1
    assert "30 days" in asked["text"]
    assert answered["citations"] == asked["citations"]
    assert asked["trace_id"] in listed.stdout
    assert checked.returncode == 0, checked.stdout
    assert not list(tmp_path.rglob("*.db"))


def test_database_that_is_not_there_is_told_by_every_command(tmp_path: Path) -> None:
    folder = place(tmp_path / "one", "postgresql://me:secret@/app?host=/nowhere")

    code, error = error_of("index", "list", folder=folder)

    assert (code, error["code"]) == (6, "storage_unavailable")
    assert "cannot be reached" in error["message"]
    assert "secret" not in str(error)


def test_other_kinds_of_databases_are_refused(tmp_path: Path) -> None:
    code, error = error_of("index", "list", folder=place(tmp_path / "one", "mysql://me:secret@db/app"))

    assert (code, error["code"]) == (2, "invalid_configuration")
    assert "postgresql://" in str(error)
    assert "secret" not in str(error)


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("lasttenth.storage.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)

    _, error = error_of("index", "list", folder=place(tmp_path / "one", "postgresql://db/app"))

    assert "lasttenth[postgres]" in str(error)
