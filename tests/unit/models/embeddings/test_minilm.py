"""The built-in embedder against the reference implementation, wherever `lasttenth embedder install` has been run."""

import base64
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scripts.embedder_graph import Shape, encoder
from scripts.reference_embeddings import texts

from lasttenth.models.embeddings import MINILM, default_cache, is_installed, open_minilm
from lasttenth.models.embeddings.artefact import folder_of
from lasttenth.models.embeddings.minilm import minilm_graph
from lasttenth.records.errors import EmbedderUnavailableError

CACHE = default_cache(os.environ)
REFERENCE = json.loads(Path(__file__).with_name("reference_embeddings.json").read_bytes())

installed = pytest.mark.skipif(
    not is_installed(CACHE, MINILM), reason="needs the built-in embedder: run `lasttenth embedder install`"
)


@installed
def test_vectors_are_those_of_the_reference_implementation() -> None:
    embedder = open_minilm(CACHE)
    expected = np.array([np.frombuffer(base64.b64decode(row["vector"]), "<f2") for row in REFERENCE], np.float64)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)

    vectors = embedder.embed([row["text"] for row in REFERENCE])

    cosines = (vectors * expected).sum(axis=1)
    assert cosines.min() >= 0.9999
    assert vectors.shape == (len(REFERENCE), 384)


@installed
def test_shipped_graph_is_what_the_script_makes_of_the_weights() -> None:
    weights = folder_of(CACHE, MINILM) / MINILM.weights.name

    graph = encoder(weights, Shape())

    assert graph == minilm_graph()


def test_reference_holds_every_text_of_its_script() -> None:
    assert [row["text"] for row in REFERENCE] == texts()


def test_opening_without_installation_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        EmbedderUnavailableError, match=r"builtin/minilm is not installed .* `lasttenth embedder install`"
    ):
        open_minilm(tmp_path)


def test_hash_is_pinned_because_every_index_stores_it() -> None:
    assert MINILM.hash == "a713665b25b718d1ad5c940e41df81f6429956d3aa9e8ea08d967428936f2972"
