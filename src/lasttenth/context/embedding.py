"""Which embedder an index belongs to; the embedders themselves live with the models."""

from lasttenth.context.splitting import SPLITTER_VERSION
from lasttenth.models.embeddings import Embedder
from lasttenth.records.errors import EmbedderMismatchError
from lasttenth.storage.ports import IndexInfo, IndexSettings


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
