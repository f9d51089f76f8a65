"""The embedder of an installation: loaded when it is first needed, absent where it is not installed."""

import threading
from pathlib import Path

from lasttenth.models.embeddings import MINILM, SentenceEncoder, is_installed, open_minilm
from lasttenth.records.errors import MissingExtraError


class EmbedderSlot:
    """Hold the embedder. Loading takes about half a second of processor time: call `get` off the event loop.

    Args:
        cache: where `lasttenth embedder install` put the files.
        threads: processor threads of one call.
    """

    def __init__(self, cache: Path, *, threads: int) -> None:
        self._cache = cache
        self._threads = threads
        self._lock = threading.Lock()
        self._embedder: SentenceEncoder | None = None
        self.absence = ""

    def get(self) -> SentenceEncoder | None:
        """Return the embedder, or None where it cannot be had; `absence` then says why."""
        with self._lock:
            if self._embedder is None:
                self._embedder = self._open()
            return self._embedder

    def close(self) -> None:
        """Release the embedder."""
        with self._lock:
            if self._embedder is not None:
                self._embedder.close()
                self._embedder = None

    def _open(self) -> SentenceEncoder | None:
        if not is_installed(self._cache, MINILM):
            self.absence = "It is not installed: search by words alone. Install it with: lasttenth embedder install"
            return None
        try:
            return open_minilm(self._cache, threads=self._threads)
        except MissingExtraError as error:
            self.absence = str(error)
            return None
