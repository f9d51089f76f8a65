"""What comes of an exchange: files, and remarks on what they do not say any more or may say differently."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from lasttenth.releases.taskfile import TaskFile


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a file that was read or written.

    `lost` is not there any more, `differs` may mean something else than before, a `note` is only to be known.
    """

    kind: Literal["lost", "differs", "note"]
    place: str
    """Where it stood, as in `line 3` or `config.topK`."""
    message: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one prompt. Where `text` is empty it could not be taken, and its remarks say why."""

    source: str
    task: str = ""
    file: str = ""
    """Path of the task file below the folder for it."""
    text: str = ""
    remarks: tuple[Remark, ...] = ()


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all prompts of a place, and what is to be said of the place as a whole."""

    prompts: tuple[Imported, ...]
    remarks: tuple[Remark, ...] = ()


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Files by their path below the folder for them, and remarks by task."""

    files: dict[str, str]
    remarks: dict[str, tuple[Remark, ...]]


class Defaults(NamedTuple):
    """What is taken where a prompt does not say it."""

    model: str = ""


Importer = Callable[[Path, Defaults], Import]
"""Reads a file or a folder. Raises ConfigurationError where nothing of it can be read."""
Exporter = Callable[[Sequence[TaskFile]], Export]


class Remarks:
    """Collects remarks on one prompt; the same thing is said once."""

    def __init__(self) -> None:
        self._found: dict[Remark, None] = {}

    def lost(self, place: str, message: str) -> None:
        """Say that something is not there any more."""
        self._found[Remark(kind="lost", place=place, message=message)] = None

    def differs(self, place: str, message: str) -> None:
        """Say that something may mean something else than before."""
        self._found[Remark(kind="differs", place=place, message=message)] = None

    def note(self, place: str, message: str) -> None:
        """Say something that is only to be known."""
        self._found[Remark(kind="note", place=place, message=message)] = None

    def all(self) -> tuple[Remark, ...]:
        """Return what was said, in its order."""
        return tuple(self._found)


def has_losses(result: Import | Export) -> bool:
    """Tell whether anything was lost on the way."""
    if isinstance(result, Export):
        remarks = [remark for found in result.remarks.values() for remark in found]
    else:
        remarks = [*result.remarks, *(remark for prompt in result.prompts for remark in prompt.remarks)]
    return any(remark.kind == "lost" for remark in remarks)


def failure(source: str, message: str, remarks: Sequence[Remark] = ()) -> Imported:
    """Return what became of a prompt that cannot be taken."""
    return Imported(source=source, remarks=(*remarks, Remark(kind="lost", place="prompt", message=message)))


Fields = dict[str, Any]
"""The fields of a task file's front matter, by their names."""
