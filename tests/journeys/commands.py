"""Run the command line as a user does."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from lasttenth.cli.main import main
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
    """Run a command with --json, which must fail, and return its exit code and its error.

    Failures are many and a process takes its time to start, so this one runs here.
    """
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as place, redirect_stdout(printed):
        place.chdir(folder)
        place.setenv("LASTTENTH_FOLDER", str(folder))
        place.setenv("LASTTENTH_CACHE", str(folder / "cache"))
        with pytest.raises(SystemExit) as caught:
            main([*map(str, arguments), "--json"])
    assert isinstance(caught.value.code, int)
    return caught.value.code, json.loads(printed.getvalue())["error"]


def made_key(folder: Path) -> str:
    """Make a key for the default project."""
    return str(output_of("key", "create", "tests", folder=folder)["key"])
