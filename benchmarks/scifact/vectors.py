"""Vectors of texts, made by the product's embedder and kept in a file, since half the corpus takes minutes to embed."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasttenth.models.embeddings.artefact import default_cache
from lasttenth.models.embeddings.minilm import open_minilm

_BLOCK = 2048


class StoredVectors:
    """Embed texts with MiniLM and remember every vector; `save` writes what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, NDArray[np.float32]] = {}
        self._aliases: dict[str, str] = {}
        self._changed = False
        if path.exists():
            with np.load(path) as stored:
                self._rows = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per text; the embedder is only loaded for texts that are new."""
        meant = [self._aliases.get(text, text) for text in texts]
        missing = [text for text in dict.fromkeys(meant) if _key(text) not in self._rows]
        if missing:
            self._learn(missing)
        return np.stack([self._rows[_key(text)] for text in meant])

    def alias(self, forms: Mapping[str, str]) -> None:
        """Let each key stand for its text: embedding the key returns the text's vector. Kept in memory only."""
        self._aliases = dict(forms)
        self.embed(list(forms))

    def save(self) -> None:
        """Write the vectors where there are new ones."""
        if self._changed:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self._path, keys=np.array(list(self._rows)), rows=np.stack(list(self._rows.values())))

    def _learn(self, texts: Sequence[str]) -> None:
        embedder = open_minilm(default_cache(os.environ), threads=os.cpu_count() or 1)
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            self._rows.update(zip(map(_key, block), embedder.embed(block), strict=True))
            print(f"embedded {start + len(block)} of {len(texts)} new texts", flush=True)
        embedder.close()
        self._changed = True


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
