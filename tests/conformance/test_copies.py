"""Backups and moves between all pairs of engines: what the ports return is the same before and after."""

import asyncio
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.conftest import with_store
from tests.servers import PostgresServer

from lasttenth.app.backups import backup, restore
from lasttenth.app.configuration import Settings
from lasttenth.app.installation import DATABASE, Place
from lasttenth.app.moving import migrate, rehearse, take_back, target_of
from lasttenth.records.definitions import Task
from lasttenth.records.errors import BackupError, ConflictError, LasttenthError, StorageError
from lasttenth.records.events import Erasure
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.traces import Payload, Span, TraceFilter
from lasttenth.storage.copies import Progress
from lasttenth.storage.file_ports import FilePart, NewFile
from lasttenth.storage.migrate import LATEST
from lasttenth.storage.opening import open_store
from lasttenth.storage.ports import IndexSettings, KeyRecord, NewChunk, NewDocument, Store

Places = Callable[[str], Place]
ENGINES = ("sqlite", "postgres")
PAIRS = [(one, other) for one in ENGINES for other in ENGINES]
TRACES = [f"{number:032x}" for number in range(1, 4)]
LONG = bytes(range(256)) * 400
"""What several payloads begin with."""
ODD = "lamp\0 \uf8ff0 é 🙂 'quoted' %s \\ \n"


def silent(_: Progress) -> None:
    """Take a report and say nothing."""


@pytest.fixture
def places(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Places]:
    """Return what makes new installations on an engine, with nothing in them."""
    with ExitStack() as stack:

        def make(engine: str) -> Place:
            folder = tmp_path / f"place-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            storage = ""
            if engine == "postgres":
                server: PostgresServer = request.getfixturevalue("postgres")
                storage = stack.enter_context(server.database())
            return Place(folder=folder, cache=folder, settings=Settings(storage=storage), threads=1)

        yield make


def using(place: Place, work: Callable[[Store], Any]) -> Any:
    """Open an installation's store for the time of some work."""
    opening = open_store(
        place.settings.storage, place.folder / DATABASE, clock=SystemClock(), randomness=system_randomness
    )
    return asyncio.run(with_store(opening, work))


async def fill(store: Store) -> None:
    """Put something of everything into a store."""
    await store.add_key(KeyRecord(id="a" * 16, name="k", project="one", digest="d" * 64, created=1))
    for name in ("one", "two"):
        project = await store.project(name)
        first = await project.definitions.put(Task(name="answer", description=ODD))
        await project.definitions.put(Task(name="other", description=name), derived_from=[first])
        spans = [span(trace, f"{trace} {name} {ODD}") for trace in TRACES]
        await project.traces.append(spans)
        file = NewFile(id="file-1", name=ODD, purpose="batch", created=1)
        await project.files.put(file, [FilePart(0, LONG), FilePart(1, name.encode())])
        secret = await project.payloads.put(Payload(media_type="text/plain", body=b"to be erased"))
        await project.payloads.erase(Erasure(id=f"{1:032x}", at=5, actor="me", payload=secret, reason="asked for"))
        settings = IndexSettings(splitter="1", embedder="e", embedder_hash="h", dimension=3)
        await project.indexes.create("docs", settings)
        await project.indexes.create("words", IndexSettings(splitter="1"))
        await project.indexes.put("docs", [document(f"{name} {number}", number) for number in range(30)])
        await project.indexes.put("words", [document("w", None)])
        await project.indexes.remove("docs", [f"{name} 29"])


def span(trace: str, text: str) -> Span:
    """Return a span with everything that a span may have."""
    return Span(
        trace_id=trace,
        span_id=trace[16:],
        name=ODD,
        operation="chat",
        start=int(trace, 16),
        end=int(trace, 16) + 10,
        cost=2**62,
        attributes={"odd": ODD, "number": 0.1},
        input=Payload(media_type="text/plain", body=(text * 50).encode()),
        output=Payload(media_type="text/plain", body=LONG + text.encode()),
    )


def document(name: str, number: int | None) -> NewDocument:
    """Return a document of two chunks; a number gives them vectors."""
    text = f"Returned lamps {name} {ODD} and their warranty."
    vector = b"" if number is None else np.array([number / 30, 0.1, 1 / 3], dtype="<f4").tobytes()
    chunks = (
        NewChunk(start=0, end=20, line=1, headings=("Policy", ODD), vector=vector),
        NewChunk(start=20, end=len(text), line=2, vector=vector),
    )
    return NewDocument(name=name, hash="h", media_type="text/plain", text=text, chunks=chunks)


async def seen(store: Store) -> dict[str, Any]:
    """Return what the ports of a filled store answer."""
    while (await store.index_spans()).spans:
        pass
    found: dict[str, Any] = {"projects": await store.projects(), "key": await store.key("a" * 16)}
    for name in found["projects"]:
        project = await store.project(name)
        tasks = await project.definitions.latest(Task)
        hits = await project.indexes.search_vectors("docs", np.array([1, 0, 0], dtype=np.float32), limit=5)
        words = await project.indexes.search_words("docs", "warranty of a returned lamp", limit=9)
        found[name] = {
            "tasks": sorted(task.description for task in tasks),
            "edges": [await project.definitions.ancestors(task.hash) for task in tasks],
            "events": await project.events.latest(Erasure),
            "traces": [await project.traces.get(trace) for trace in TRACES],
            "latest": await project.traces.latest(),
            "by words": await project.traces.latest(where=TraceFilter(words="lamp")),
            "totals": await project.traces.totals(after=0, before=10**15),
            "indexes": await project.indexes.overview(),
            "documents": await project.indexes.documents("docs"),
            "files": [(file, await project.files.parts(file.id)) for file in await project.files.latest()],
            "snapshot": await project.indexes.snapshot("docs"),
            "hits": [(hit.chunk, round(hit.score, 5)) for hit in hits],
            "chunks": await project.indexes.chunks("docs", [hit.chunk for hit in hits]),
            "words": len(words),
            "text": await project.indexes.text("words", "w"),
            "found in words": [hit.chunk for hit in await project.indexes.search_words("words", "lamp", limit=5)],
        }
    return found


async def add(store: Store) -> list[int]:
    """Write on: ids go on after those that came, and what is new is found."""
    indexes = (await store.project("one")).indexes
    await indexes.put("docs", [document("new and singular", 1)])
    return [hit.chunk for hit in await indexes.search_words("docs", "singular", limit=5)]


async def projects(store: Store) -> list[str]:
    """Return the names of the projects."""
    return await store.projects()


def backed_up(place: Place, path: Path) -> Any:
    """Make a backup."""
    return asyncio.run(backup(place, path, report=silent))


def restored(place: Place, path: Path, *, replace: bool = False) -> Any:
    """Restore a backup."""
    return asyncio.run(restore(place, path, replace=replace, report=silent))


def moved(place: Place, to: str) -> Any:
    """Move an installation."""
    return asyncio.run(migrate(place, target_of(place, to, {}), write=False, report=silent))


def there(place: Place) -> str:
    """Return what `--to` is told."""
    return place.settings.storage or str(place.folder)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_backup_of_one_engine_is_restored_on_another_as_it_was(
    places: Places, tmp_path: Path, one: str, other: str
) -> None:
    source, target, file = places(one), places(other), tmp_path / "backup.zip"
    using(source, fill)
    before = using(source, seen)

    report = backed_up(source, file)
    restoring = restored(target, file)
    after = using(target, seen)

    assert after == before
    assert report.rows == restoring.rows == sum(report.tables.values()) > 100
    assert len(using(target, add)) == 1
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_move_takes_everything_along_and_leaves_a_source_that_refuses_writes(
    places: Places, one: str, other: str
) -> None:
    source, target = places(one), places(other)
    using(source, fill)
    before = using(source, seen)

    report = moved(source, there(target))
    after = using(target, seen)
    left = using(source, seen)

    assert (after, left) == (before, before)
    assert report.moved
    assert len(using(target, add)) == 1
    with pytest.raises(StorageError, match="was moved to"):
        using(source, add)


@pytest.mark.parametrize("engine", ENGINES)
def test_move_that_is_taken_back_lets_the_source_be_written(places: Places, engine: str) -> None:
    source, target = places(engine), places("sqlite")
    using(source, fill)
    moved(source, there(target))

    asyncio.run(take_back(source))

    assert len(using(source, add)) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_move_into_what_is_not_empty_is_refused_and_changes_nothing(places: Places, engine: str) -> None:
    source, target = places("sqlite"), places(engine)
    using(source, fill)
    using(target, fill)

    with pytest.raises(ConflictError, match=r"not empty|already"):
        rehearsed(source, target)
    with pytest.raises(ConflictError, match=r"not empty|already"):
        moved(source, there(target))

    assert len(using(source, add)) == len(using(target, add)) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_rehearsal_moves_nothing(places: Places, engine: str) -> None:
    source, target = places("sqlite"), places(engine)
    using(source, fill)

    report = rehearsed(source, target)

    assert (report.moved, report.tables["projects"]) == (False, 2)
    assert len(using(source, add)) == 1
    assert using(target, projects) == []


def rehearsed(source: Place, target: Place) -> Any:
    """Rehearse a move."""
    return asyncio.run(rehearse(source, target_of(source, there(target), {})))


@pytest.mark.parametrize("engine", ENGINES)
def test_move_that_fails_leaves_the_source_writable_and_the_target_empty(places: Places, engine: str) -> None:
    source, target = places(engine), places(engine)
    using(source, fill)

    def fail(_: Progress) -> None:
        raise LasttenthError("The line was cut.")

    with pytest.raises(LasttenthError, match="line was cut"):
        asyncio.run(migrate(source, target_of(source, there(target), {}), write=False, report=fail))

    assert len(using(source, add)) == 1
    assert using(target, projects) == []
    with pytest.raises(ConflictError, match="nothing to undo"):
        asyncio.run(take_back(source))
    assert moved(source, there(target)).moved


@pytest.mark.parametrize("engine", ENGINES)
def test_restore_refuses_what_is_not_empty_unless_it_is_kept_aside(places: Places, tmp_path: Path, engine: str) -> None:
    source, target, file = places("sqlite"), places(engine), tmp_path / "backup.zip"
    using(source, fill)
    using(target, add_project)
    backed_up(source, file)

    with pytest.raises(ConflictError):
        restored(target, file)
    untouched = using(target, projects)
    report = restored(target, file, replace=True)

    assert untouched == ["standing"]
    assert report.aside.startswith("replaced-")
    assert using(target, seen) == using(source, seen)
    assert kept(target, report.aside) == ["standing"]


async def add_project(store: Store) -> None:
    """Put something into a store."""
    indexes = (await store.project("standing")).indexes
    await indexes.create("docs", IndexSettings(splitter="1"))
    await indexes.put("docs", [document("d", None)])


def kept(place: Place, aside: str) -> list[str]:
    """Return the projects of what was kept aside."""
    if not place.settings.storage:
        file = place.folder / f"{DATABASE}.{aside}"
        file.rename(place.folder / DATABASE)
        names: list[str] = using(place, projects)
        return names
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(place.settings.storage) as connection:
        return [row[0] for row in connection.execute(f'SELECT name FROM "{aside}".projects'.encode())]


@pytest.mark.parametrize("engine", ENGINES)
def test_backup_is_of_one_moment_while_others_write(places: Places, tmp_path: Path, engine: str) -> None:
    source, file = places(engine), tmp_path / "backup.zip"
    using(source, fill)
    before = using(source, seen)

    async def write_meanwhile(store: Store) -> None:
        loop = asyncio.get_running_loop()
        writes: list[Future[list[int]]] = []

        def report(_: Progress) -> None:
            if not writes:
                writes.append(asyncio.run_coroutine_threadsafe(add(store), loop))
                writes[0].result()

        await backup(source, file, report=report)

    using(source, write_meanwhile)
    target = places("sqlite")
    restored(target, file)

    assert using(target, seen) == before
    assert using(source, seen) != before


def broken(file: Path, how: str) -> None:
    """Damage a backup."""
    data = file.read_bytes()
    if how == "cut off":
        file.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "no archive":
        file.write_bytes(b"What is this? " * 100)
    elif how == "a bit":
        middle = data.index(b"tables/chunks") + 400
        file.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    else:
        rewrite(file, how)


def rewrite(file: Path, how: str) -> None:
    """Write an archive anew whose parts do not fit together."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = msgspec.json.decode(parts["manifest.json"])
    if how == "newer schema":
        manifest["schema"] = "9999"
    elif how == "another format":
        manifest["format"] = "lasttenth backup 9"
    elif how == "no manifest":
        manifest = {}
    elif how == "a row less":
        rows = parts["tables/projects"]
        parts["tables/projects"] = rows[4 + int.from_bytes(rows[:4]) :]
    elif how == "a table less":
        del parts["tables/projects"]
    parts["manifest.json"] = msgspec.json.encode(manifest)
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


DAMAGE = (
    "cut off", "empty", "no archive", "a bit", "newer schema", "another format", "no manifest", "a row less", "a table less",
)  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("engine", ENGINES)
def test_damaged_backup_is_refused_and_nothing_is_restored(
    places: Places, tmp_path: Path, engine: str, how: str
) -> None:
    source, target, file = places("sqlite"), places(engine), tmp_path / "backup.zip"
    using(source, fill)
    backed_up(source, file)
    broken(file, how)

    with pytest.raises(BackupError) as caught:
        restored(target, file)

    assert caught.value.hint
    assert using(target, projects) == []
    assert not list(target.folder.glob(".*"))


def test_backup_overwrites_nothing_and_leaves_nothing_half_made(places: Places, tmp_path: Path) -> None:
    source, file = places("sqlite"), tmp_path / "backup.zip"
    using(source, fill)
    file.write_bytes(b"precious")

    with pytest.raises(BackupError, match="already"):
        backed_up(source, file)
    with pytest.raises(StorageError, match="cannot be written"):
        backed_up(source, tmp_path / "nowhere" / "backup.zip")

    assert file.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.glob("*backup*")] == ["backup.zip"]


def test_restore_replaces_no_file_that_another_process_has_open(places: Places, tmp_path: Path) -> None:
    source, target, file = places("sqlite"), places("sqlite"), tmp_path / "backup.zip"
    using(source, fill)
    backed_up(source, file)

    async def replaced_meanwhile(store: Store) -> list[str]:
        await store.project("standing")
        with pytest.raises(StorageError, match="in use"):
            await restore(target, file, replace=True, report=silent)
        return await store.projects()

    assert using(target, replaced_meanwhile) == ["standing"]


def test_manifest_says_what_is_in_the_backup(places: Places, tmp_path: Path) -> None:
    source, file = places("sqlite"), tmp_path / "backup.zip"
    using(source, fill)

    report = backed_up(source, file)

    with zipfile.ZipFile(file) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"))
    assert (manifest["schema"], manifest["engine"]) == (LATEST, "sqlite")
    assert {table["shape"]["name"]: table["tally"]["rows"] for table in manifest["tables"]} == report.tables
