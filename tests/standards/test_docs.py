"""The documentation is held to the code: its blocks run, its links lead somewhere, and it names everything there is."""

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import yaml
from scripts import reference

from lasttenth.app.configuration import (
    DeploymentSettings,
    ListenSettings,
    ProviderSettings,
    RouteSettings,
    ServerLimits,
    Settings,
    read_settings,
)
from lasttenth.cli.main import COMMANDS
from lasttenth.models.providers.ruled import UnsupportedRule
from lasttenth.models.providers.scripted import Line
from lasttenth.net.transport import Limits
from lasttenth.testing import clean_environment, running_server

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
KINDS = (
    ListenSettings,
    ProviderSettings,
    UnsupportedRule,
    DeploymentSettings,
    RouteSettings,
    ServerLimits,
    Limits,
    Line,
)
NOT_RUN = {"make demo", "make test", "make clients", "make check"}
"""What the continuous integration runs itself."""


class Block(NamedTuple):
    """A code block of a page."""

    page: Path
    language: str
    text: str


def blocks(language: str) -> list[Block]:
    """Return the blocks of a language on all pages."""
    found = [(page, match) for page in PAGES for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]
    return [Block(page, match[1], match[2]) for page, match in found if match[1] == language]


def named(block: Block) -> str:
    """Name a block for the test report."""
    return f"{block.page.relative_to(ROOT)}-{block.text.strip().splitlines()[0][:40]}"


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Return a folder that looks as the documentation says: the examples are in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("block", blocks("console"), ids=named)
def test_console_block_runs(block: Block, workplace: Path) -> None:
    commands = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    runnable = [command for command in commands if command not in NOT_RUN]

    results = [run(shlex.split(command), workplace) for command in runnable]

    assert commands
    assert [result.stderr for result in results if result.returncode] == []


@pytest.mark.parametrize("block", blocks("python"), ids=named)
def test_python_block_runs(block: Block, workplace: Path) -> None:
    needs = needs_of(block)
    missing = needs - {"server"} - {each.name for each in distributions()}
    if missing:
        pytest.skip(f"{', '.join(sorted(missing))} of another environment")

    with running_server(workplace / "data") if "server" in needs else contextlib.nullcontext() as server:
        url = "" if server is None else server.base_url
        result = run_python("-c", f"SERVER = {url!r}\n{block.text}", folder=workplace)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", blocks("yaml"), ids=named)
def test_yaml_block_is_a_valid_configuration(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text(block.text)

    settings = read_settings(path, {})

    assert set(yaml.safe_load(block.text)) <= set(Settings.__struct_fields__)
    assert settings != Settings()


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_guide_ends_in_verify_and_troubleshooting() -> None:
    guides = [page for page in PAGES if page.parent.name == "guides"]
    headings = {page.name: re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE) for page in guides}

    assert [name for name, found in headings.items() if found[-2:] != ["Verify", "Troubleshooting"]] == []


def test_every_command_and_setting_is_named() -> None:
    settings = [name for kind in KINDS for name in fields(kind)]
    wanted = [f"lasttenth {name}" for name in COMMANDS] + [*fields(Settings), *settings]

    assert [name for name in wanted if not re.search(rf"\b{re.escape(name)}\b", TEXT)] == []


def test_every_page_is_reached_from_the_first_one() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md", ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = [(page.parent / target).resolve() for target in LINK.findall(page.read_text(encoding="utf-8"))]
        waiting += [link for link in links if link.suffix == ".md" and link.exists() and link not in reached]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def needs_of(block: Block) -> set[str]:
    """Return what a block says that it needs: the server, and packages."""
    return {name for line in re.findall(r"^# needs: (.*)$", block.text, re.MULTILINE) for name in line.split()}


def fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names of a struct's fields."""
    return kind.__struct_fields__


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the documentation; `lasttenth` is this source tree's."""
    assert command[0] == "lasttenth"
    return run_python("-m", *command, folder=folder)


def run_python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run this Python in a folder, away from this machine's own set-up."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=clean_environment(folder), capture_output=True, text=True, check=False
    )


def test_reference_pages_are_those_that_the_code_writes() -> None:
    written = {name: (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") for name in reference.pages()}

    assert written == reference.pages(), "write them anew with: python -m scripts.reference"
