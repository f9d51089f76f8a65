"""Texts to vectors: the built-in embedder and its installation."""

from lasttenth.models.embeddings.artefact import Artefact, default_cache, is_installed
from lasttenth.models.embeddings.install import install
from lasttenth.models.embeddings.minilm import MINILM, open_minilm
from lasttenth.models.embeddings.sentence_encoder import SentenceEncoder

__all__ = ["MINILM", "Artefact", "SentenceEncoder", "default_cache", "install", "is_installed", "open_minilm"]
