"""The public names of Lasttenth. Each is loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lasttenth.app.answers import Answer
    from lasttenth.app.app import App
    from lasttenth.app.sync import SyncApp
    from lasttenth.context.indexing import IndexReport
    from lasttenth.context.retrieval import Passage
    from lasttenth.records.errors import LasttenthError
    from lasttenth.records.ports import Citation

__version__ = "0.1.0"

_HOMES = {
    "Answer": "lasttenth.app.answers",
    "App": "lasttenth.app.app",
    "Citation": "lasttenth.records.ports",
    "IndexReport": "lasttenth.context.indexing",
    "LasttenthError": "lasttenth.records.errors",
    "Passage": "lasttenth.context.retrieval",
    "SyncApp": "lasttenth.app.sync",
}

__all__ = ["Answer", "App", "Citation", "IndexReport", "LasttenthError", "Passage", "SyncApp"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"lasttenth has no name {name}.")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
