"""The encoder on a tiny BERT, against an independent forward pass."""

import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.unit.models.embeddings.tiny_bert import (
    MAX_TOKENS,
    SHAPE,
    open_tiny,
    reference_vector,
    tiny_artefact,
    tiny_weights,
)

from lasttenth.models.embeddings.artefact import PinnedFile
from lasttenth.models.embeddings.sentence_encoder import SentenceEncoder
from lasttenth.records.errors import EmbedderUnavailableError, LasttenthError

IDS = {
    "": [2, 3],
    "red": [2, 4, 3],
    "Red cars.": [2, 4, 7, 9, 10, 3],
    "green tree blue tree red": [2, 5, 8, 6, 8, 4, 3],
    "purple": [2, 1, 3],
    "red " * 40: [2, *[4] * (MAX_TOKENS - 2), 3],
}


def test_vectors_equal_an_independent_forward_pass(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)
    expected = [reference_vector(tiny_weights(), ids) for ids in IDS.values()]

    vectors = encoder.embed(list(IDS))

    assert vectors.dtype == np.float32
    assert np.allclose(vectors, expected, atol=1e-5)


def test_every_vector_is_one_long_and_in_the_order_of_the_texts(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)
    texts = list(IDS) * 40

    together = encoder.embed(texts)

    alone = np.concatenate([encoder.embed([text]) for text in texts])
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert np.allclose(together, alone, atol=1e-6)


def test_no_texts_give_no_rows(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)

    vectors = encoder.embed([])

    assert vectors.shape == (0, SHAPE.hidden)


def test_text_that_is_no_valid_unicode_is_embedded_all_the_same(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)

    vectors = encoder.embed(["red \ud800 car"])

    assert np.allclose(vectors, encoder.embed(["red ? car"]))


def test_more_threads_give_the_same_vectors(tmp_path: Path) -> None:
    single, double = open_tiny(tmp_path / "one"), open_tiny(tmp_path / "two", threads=2)

    vectors = double.embed(list(IDS))

    assert np.allclose(vectors, single.embed(list(IDS)), atol=1e-6)


def test_one_encoder_serves_several_threads(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)
    expected = encoder.embed(list(IDS))
    results: list[bool] = []

    def work() -> None:
        results.extend(bool(np.allclose(encoder.embed(list(IDS)), expected, atol=1e-6)) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [True] * 80


def test_closed_encoder_says_so(tmp_path: Path) -> None:
    encoder = open_tiny(tmp_path)
    encoder.close()
    encoder.close()

    with pytest.raises(LasttenthError, match="builtin/tiny is closed"):
        encoder.embed(["red"])


def test_opening_and_closing_leaks_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    open_tiny(tmp_path).close()
    descriptors, threads, native = _descriptors(), threading.active_count(), _native_threads()

    for _ in range(50):
        open_tiny(tmp_path, threads=2).close()

    assert (_descriptors(), threading.active_count()) == (descriptors, threads)
    assert _native_threads() <= native + 2


def test_hash_changes_with_the_weights_but_not_with_the_package(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path)
    other = PinnedFile(name=artefact.weights.name, size=artefact.weights.size, sha256="0" * 64)

    elsewhere = msgspec.structs.replace(artefact, package="other==2")
    retrained = msgspec.structs.replace(artefact, weights=other)

    assert elsewhere.hash == artefact.hash
    assert retrained.hash != artefact.hash


def test_damaged_weights_are_refused_with_the_command_that_repairs_them(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path)
    weights = tmp_path / artefact.weights.name
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")

    with pytest.raises(EmbedderUnavailableError, match=r"tiny\.safetensors .* `lasttenth embedder install`"):
        SentenceEncoder(artefact, tmp_path, graph=b"", threads=1)


def test_missing_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from pathlib import Path\n"
        "from lasttenth.models.embeddings import open_minilm\n"
        "from lasttenth.records.errors import MissingExtraError\n"
        "try: open_minilm(Path('nowhere'))\n"
        "except MissingExtraError as error: print(error)"
    )

    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "pip install 'lasttenth[local]'" in output


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _native_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))
