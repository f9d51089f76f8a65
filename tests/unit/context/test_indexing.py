"""Indexing folders as they are found in the wild."""

import asyncio
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import with_sqlite

from lasttenth.context.documents import MAX_DOCUMENT_BYTES
from lasttenth.context.indexing import Indexer, IndexReport, name_of
from lasttenth.storage.ports import Store


def indexed(folder: Path, *paths: Path, base: Path | None = None) -> tuple[IndexReport, dict[str, str]]:
    """Index paths, and return the report and what the index holds."""

    async def work(store: Store) -> tuple[IndexReport, dict[str, str]]:
        indexes = (await store.project("one")).indexes
        report = await Indexer(indexes, None).add("docs", paths, base=base or folder)
        return report, await indexes.documents("docs")

    return asyncio.run(with_sqlite(folder, work))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_file_whose_name_is_no_utf_8_is_indexed_under_its_bytes(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / os.fsdecode(b"caf\xe9.md")).write_text("Tea.")

    report, names = indexed(tmp_path, docs)

    assert (report.added, list(names)) == (1, ["docs/caf\\xe9.md"])


def test_one_file_given_in_several_ways_is_one_document(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Tea.")
    (docs / "loop").symlink_to(docs)
    (docs / "self.md").symlink_to(docs / "self.md")

    report, names = indexed(tmp_path, docs, docs / "a.md", docs / ".." / "docs", base=docs / "..")

    assert (report.added, list(names)) == (1, ["docs/a.md"])


def test_file_beyond_the_limit_is_skipped_before_it_is_read(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Tea.")
    with (docs / "huge.txt").open("wb") as file:
        file.truncate(8 * MAX_DOCUMENT_BYTES)

    tracemalloc.start()
    report, names = indexed(tmp_path, docs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (list(names), [skipped.document for skipped in report.skipped]) == (["docs/a.md"], ["docs/huge.txt"])
    assert peak < MAX_DOCUMENT_BYTES


def test_memory_does_not_grow_with_the_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(256):
        (docs / f"{number}.txt").write_text("".join(chr(number + 1000) for _ in range(50_000)))

    tracemalloc.start()
    report, _ = indexed(tmp_path, docs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert report.added == 256
    assert peak < 256 * 100_000


def test_file_that_vanishes_while_others_are_indexed_is_skipped(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(64):
        (docs / f"{number:02}.md").write_text(f"Tea {number}.")

    async def work(store: Store) -> IndexReport:
        indexer = Indexer((await store.project("one")).indexes, None)
        vanish: Callable[[object], None] = lambda _: (docs / "63.md").unlink(missing_ok=True)  # noqa: E731
        return await indexer.add("docs", [docs], base=tmp_path, progress=vanish)

    report = asyncio.run(with_sqlite(tmp_path, work))

    assert report.added == 63
    assert [skipped.document for skipped in report.skipped] == ["docs/63.md"]


def test_file_that_needs_an_absent_package_is_skipped_and_the_reason_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Tea.")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7")
    absent = "import sys; sys.modules['pypdf'] = sys.modules['pypdf.errors'] = None"
    code = f"{absent}; from lasttenth.cli.main import main; main()"
    command = [sys.executable, "-c", code, "index", "add", "a.md", "b.pdf", "--folder", "data", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    report = json.loads(done.stdout)

    assert report["added"] == 1
    assert "lasttenth[documents]" in report["skipped"][0]["reason"]


def test_name_is_relative_to_the_base_however_the_base_is_written(tmp_path: Path) -> None:
    assert name_of(tmp_path / "a" / "b.md", tmp_path / "x" / "..") == "a/b.md"
    assert name_of(tmp_path / "b.md", tmp_path / "elsewhere") == (tmp_path / "b.md").as_posix()
