"""What retrieval needs of an embedder; the embedders themselves live with the models."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lasttenth.context.splitting import SPLITTER_VERSION
from lasttenth.records.errors import EmbedderMismatchError
from lasttenth.storage.ports import IndexInfo, IndexSettings


class Embedder(Protocol):
    """Turn texts into unit vectors."""

    @property
    def id(self) -> str:
        """Return the name."""
        ...

    @property
    def hash(self) -> str:
        """Return the hash of everything that decides what the vectors are."""
        ...

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text. This is work for the processor: call it off the event loop."""
        ...


def settings_for(embedder: Embedder | None) -> IndexSettings:
    """Return the settings of an index that is built with this embedder, or with words alone."""
    if embedder is None:
        return IndexSettings(splitter=SPLITTER_VERSION)
    return IndexSettings(
        splitter=SPLITTER_VERSION, embedder=embedder.id, embedder_hash=embedder.hash, dimension=embedder.dimension
    )


def check_embedder(index: IndexInfo, embedder: Embedder) -> None:
    """Refuse an index whose vectors another embedder made. Raises EmbedderMismatchError."""
    settings = index.settings
    if (settings.embedder, settings.embedder_hash) != (embedder.id, embedder.hash):
        raise EmbedderMismatchError(
            f"Index {index.name} was built with {settings.embedder} ({settings.embedder_hash[:12]}), "
            f"and {embedder.id} ({embedder.hash[:12]}) is installed.",
            hint=f"Build it anew with: lasttenth index add PATH --index {index.name} --rebuild",
        )
