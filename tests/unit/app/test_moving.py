"""Settings after a move: one line is new, the others stay as they were."""

from pathlib import Path

import pytest

from lasttenth.app.configuration import read_settings
from lasttenth.app.moving import changed_settings
from lasttenth.records.errors import ConfigurationError

ADDRESS = "postgresql://me:${PASSWORD:-x}@db:5432/app?sslmode=verify-full"
TEXT = """# Our installation
folder: data  # on the large disk
listen:
  port: 9000
storage: postgresql://old/app
"""


def test_storage_is_replaced_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text(TEXT)

    path.write_text(changed_settings(path, {"storage": ADDRESS}))

    assert path.read_text() == TEXT.replace("postgresql://old/app", ADDRESS)
    assert read_settings(path, {}).storage == ADDRESS.replace("${PASSWORD:-x}", "x")


def test_folder_takes_the_place_of_storage(tmp_path: Path) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text(TEXT)

    path.write_text(changed_settings(path, {"folder": "other: folder"}))

    settings = read_settings(path, {})
    assert (settings.storage, settings.folder, settings.listen.port) == ("", "other: folder", 9000)


@pytest.mark.parametrize("before", ["", "listen: {port: 1}", None])
def test_file_may_be_missing_empty_or_end_without_a_line_end(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "lasttenth.yaml"
    if before is not None:
        path.write_text(before)

    path.write_text(changed_settings(path, {"storage": ADDRESS}))

    assert read_settings(path, {}).storage


def test_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text("{folder: data, storage: 'postgresql://old/app'}\n")

    with pytest.raises(ConfigurationError, match="not changed here"):
        changed_settings(path, {"storage": ADDRESS})
