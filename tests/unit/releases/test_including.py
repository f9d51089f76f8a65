"""Snippets: what a task file includes is part of what it declares, and nothing outside of its folder is."""

from pathlib import Path

import pytest

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.including import read_text
from lasttenth.releases.taskfile import read_task

HEAD = "---\nname: t\nmodel: up/m\n---\n# User\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with snippets that include each other."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "greeting.txt").write_text("Hello {{ name }},\n{% include 'parts/rule.txt' %}\n")
    (tmp_path / "parts" / "rule.txt").write_text("be brief.\n")
    (tmp_path / "loop.txt").write_text('{% include "loop.txt" %}')
    (tmp_path.parent / "secret.txt").write_text("a secret")
    return tmp_path


def test_included_text_is_part_of_the_release(folder: Path) -> None:
    (folder / "t.md").write_text(HEAD + '{%- include "parts/greeting.txt" -%} Thanks.')
    before = read_task(read_text(folder / "t.md"), source="t.md").release

    (folder / "parts" / "rule.txt").write_text("be long.")
    after = read_task(read_text(folder / "t.md"), source="t.md").release

    assert before.messages[0].text == "Hello {{ name }},\nbe brief. Thanks."
    assert before.hash != after.hash


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../secret.txt", "outside of its folder"),
        ("/etc/hostname", "outside of its folder"),
        ("nothing.txt", "There is no file .*nothing.txt < t.md"),
        ("loop.txt", "files deep"),
    ],
)
def test_what_cannot_be_included_is_an_error(folder: Path, name: str, said: str) -> None:
    (folder / "t.md").write_text(f'{HEAD}{{% include "{name}" %}}')

    with pytest.raises(ConfigurationError, match=said):
        read_text(folder / "t.md")
