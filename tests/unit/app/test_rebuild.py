"""Building an index anew: the old one answers until the new one is whole."""

import asyncio
from pathlib import Path

import pytest

from lasttenth import App, LasttenthError


def test_old_index_stays_when_the_new_one_cannot_be_built(tmp_path: Path) -> None:
    async def work() -> list[str]:
        async with App(tmp_path / "data") as app:
            (tmp_path / "a.md").write_text("Lamps are returned within 30 days.")
            await app.index([tmp_path / "a.md"], base=tmp_path)
            with pytest.raises(LasttenthError):
                await app.index([tmp_path / "gone.md"], base=tmp_path, rebuild=True)
            return [passage.document for passage in await app.search("lamps")]

    assert asyncio.run(work()) == ["a.md"]


def test_new_index_takes_the_name_and_holds_what_it_was_built_from(tmp_path: Path) -> None:
    async def work() -> tuple[str, list[str], list[str]]:
        async with App(tmp_path / "data") as app:
            for name in ("a.md", "b.md"):
                (tmp_path / name).write_text(f"Lamps of {name} are returned within 30 days.")
            await app.index([tmp_path / "a.md"], base=tmp_path, rebuild=True)
            report = await app.index([tmp_path / "b.md"], base=tmp_path, rebuild=True)
            names = [view.name for view in await app.indexes()]
            return report.index, names, [passage.document for passage in await app.search("lamps")]

    assert asyncio.run(work()) == ("default", ["default"], ["b.md"])
