"""Environments of the gateways: one for each, outside the repository, everything compiled before anything is measured.

    python -m benchmarks.gateway.environments

LiteLLM is held to one release, since others were malicious, and no `.pth` file but setuptools' own may come with it.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(tempfile.gettempdir()) / "lasttenth-gateways"
LITELLM_PACKAGE = "litellm[proxy]==1.106.2"
ROUTERS = ("sglang-router==0.3.2", "vllm-router==0.1.17")
FAST = "pyreqwest==0.15.1"
_KNOWN_PTH = {"distutils-precedence.pth"}


def main() -> None:
    """Make what is missing, and install the product anew."""
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, default=FOLDER)
    options.add_argument("--checkout", type=Path, default=ROOT)
    given = options.parse_args()
    install_product(given.folder, given.checkout)
    install_peers(given.folder)


def install_product(folder: Path, checkout: Path) -> None:
    """Install a checkout with what it needs, as `pip install` does."""
    place = folder / "product"
    if not place.exists():
        _make(place)
        needs = ["--require-hashes", "-r", str(checkout / "requirements" / "base.txt")]
        _pip(place, [*needs])
        _pip(place, [FAST, "hatchling>=1.27"])
    _pip(place, ["--no-deps", "--no-build-isolation", "--force-reinstall", str(checkout)])
    _compile(place)


def install_peers(folder: Path) -> None:
    """Make the environments of the peers that are not there."""
    for name, packages in (("litellm", [LITELLM_PACKAGE]), ("routers", ROUTERS)):
        place = folder / name
        if not (place / "complete").exists():
            _make(place)
            _pip(place, packages)
            _check_start_files(place)
            _compile(place)
            (place / "complete").touch()


def _make(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)


def _pip(place: Path, arguments: Sequence[str]) -> None:
    command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True)


def _check_start_files(place: Path) -> None:
    """Refuse packages that run code whenever Python starts. Raises RuntimeError."""
    strange = {file.name for file in place.rglob("*.pth")} - _KNOWN_PTH
    if strange:
        raise RuntimeError(f"{place} has start files of unknown origin: {', '.join(sorted(strange))}.")


def _compile(place: Path) -> None:
    # Some packages ship templates of code that do not compile: nobody imports those.
    compiling = [str(place / "bin" / "python"), "-m", "compileall", "-q", str(place / "lib")]
    subprocess.run(compiling, check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
