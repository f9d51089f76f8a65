"""Run the command line as a user does."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lasttenth.testing import clean_environment

SECONDS = 60.0


def lasttenth(
    *arguments: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, where its installation is kept as well, and return what it printed."""
    command = [sys.executable, "-m", "lasttenth", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**clean_environment(folder), "LASTTENTH_FOLDER": str(folder), **(environment or {})},
        timeout=SECONDS,
        check=False,
    )


def output_of(*arguments: str | Path, folder: Path) -> Any:
    """Run a command with --json, which must succeed, and return what it printed."""
    finished = lasttenth(*arguments, "--json", folder=folder)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def error_of(*arguments: str | Path, folder: Path) -> tuple[int, dict[str, str]]:
    """Run a command with --json, which must fail, and return its exit code and its error."""
    finished = lasttenth(*arguments, "--json", folder=folder)
    assert finished.returncode != 0, finished.stdout
    return finished.returncode, json.loads(finished.stdout)["error"]


def made_key(folder: Path) -> str:
    """Make a key for the default project."""
    return str(output_of("key", "create", "tests", folder=folder)["key"])
