"""The port of files: what programs upload, and what is written part by part, each part once."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be made. Times are Unix nanoseconds; an id that sorts behind another one is that of a newer file."""

    id: str
    name: str
    purpose: str
    created: int
    expires: int | None = None
    """From when on there is no such file."""


class StoredFile(NewFile, frozen=True, kw_only=True):
    """A file as it stands: its bytes, and how many parts they have."""

    size: int
    parts: int


class FilePart(NamedTuple):
    """A part of a file: the parts in the order of their numbers are its content."""

    number: int
    body: bytes


class Files(Protocol):
    """The files of one project."""

    async def put(self, file: NewFile, parts: Sequence[FilePart]) -> None:
        """Store parts of a file durably, all or none. It is made where it is new; a part that is there already stays.

        Raises InvalidRequestError.
        """
        ...

    async def get(self, file: str) -> StoredFile:
        """Return a file. Raises NotFoundError."""
        ...

    async def latest(self, *, limit: int = 50, purpose: str = "", before: str = "") -> list[StoredFile]:
        """Return the latest files, newest first; those that are older than one of them, where it is named."""
        ...

    async def numbers(self, file: str) -> list[int]:
        """Return the numbers of the parts of a file, sorted; none where there is no such file."""
        ...

    async def parts(self, file: str, *, after: int = -1, limit: int = 50) -> list[FilePart]:
        """Return the first parts behind a number; none where there is no such file."""
        ...

    async def remove(self, file: str) -> None:
        """Remove a file for good. Raises NotFoundError."""
        ...
