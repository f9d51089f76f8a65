"""Every example runs, and prints what it says it prints."""

import shutil
import subprocess
import sys
from pathlib import Path

from lasttenth.testing import running_server

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(name: str, *arguments: str, folder: Path) -> str:
    """Run an example in a folder and return what it prints."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_documents_are_quoted_or_said_not_to_answer(tmp_path: Path) -> None:
    printed = run("ask_your_documents.py", folder=tmp_path)

    assert "[1] refunds.md:7" in printed
    assert "The documents do not answer this question." in printed


def test_failures_are_rehearsed(tmp_path: Path) -> None:
    printed = run("rehearse_failure.py", folder=tmp_path)

    assert "Refunds take 30 days." in printed
    assert "Too many requests." in printed


def test_type_is_asked_for_until_the_answer_fits(tmp_path: Path) -> None:
    printed = run("typed_answer.py", folder=tmp_path)

    assert printed == "billing, because: It talks about money.\nasked 2 times\n"


def test_official_client_streams_and_gets_citations(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "policies", tmp_path / "policies")
    index = [sys.executable, "-m", "lasttenth", "index", "add", "policies", "--folder", str(tmp_path)]
    subprocess.run(index, cwd=tmp_path, check=True, capture_output=True)

    with running_server(tmp_path) as server:
        printed = run("openai_client.py", server.base_url, folder=tmp_path)

    assert "Hello, gateway." in printed
    assert "url_citation" in printed


def test_every_example_is_run() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")

    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in tested] == []
