"""What an embedder is to the rest of Lasttenth. An index stores its id, hash and dimension and refuses any other."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    """Turn texts into vectors whose dot product is their similarity."""

    @property
    def id(self) -> str:
        """Return the name, such as `builtin/minilm`."""

    @property
    def hash(self) -> str:
        """Return the hash of all that decides the vectors: weights, tokenizer, pooling, token limit and precision."""

    @property
    def dimension(self) -> int:
        """Return the length of every vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of length 1 for each text, in order: shape (number of texts, `dimension`).

        This is CPU work in the calling thread; asynchronous callers hand it to a worker thread. It may be called from
        several threads at once.
        """

    def close(self) -> None:
        """Give the memory back. Closing twice is harmless; embedding afterwards is an error."""
