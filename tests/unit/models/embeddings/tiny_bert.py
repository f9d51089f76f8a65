"""A BERT small enough to make in a test, its files as an embedder's artefact, and its forward pass in plain numpy."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scripts.embedder_graph import Shape, encoder
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from lasttenth.models.embeddings import Artefact
from lasttenth.models.embeddings.artefact import PinnedFile
from lasttenth.models.embeddings.sentence_encoder import SentenceEncoder

SHAPE = Shape(layers=2, heads=2, hidden=8)
WIDE, POSITIONS, MAX_TOKENS = 16, 12, 10
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "car", "tree", "##s", ".")

Arrays = dict[str, NDArray[np.float32]]


def tiny_artefact(folder: Path) -> Artefact:
    """Write the files of a tiny embedder into a folder and return the artefact that pins them."""
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / "tiny.safetensors", tiny_weights())
    _tokenizer().save(str(folder / "tiny.json"))
    return Artefact(
        id="builtin/tiny",
        package="tiny-bert==1.0",
        weights=pinned(folder / "tiny.safetensors"),
        tokenizer=pinned(folder / "tiny.json"),
        dimension=SHAPE.hidden,
        max_tokens=MAX_TOKENS,
    )


def open_tiny(folder: Path, *, threads: int = 1) -> SentenceEncoder:
    """Write a tiny embedder into a folder and open it."""
    artefact = tiny_artefact(folder)
    graph = encoder(folder / "tiny.safetensors", SHAPE)
    return SentenceEncoder(artefact, folder, graph=graph, threads=threads)


def pinned(path: Path) -> PinnedFile:
    """Pin a file as it is."""
    content = path.read_bytes()
    return PinnedFile(name=path.name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def tiny_weights() -> Arrays:
    """Return random weights of every tensor that the encoder reads; always the same ones."""
    random = np.random.default_rng(7)
    hidden = SHAPE.hidden
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), hidden),
        "embeddings.position_embeddings.weight": (POSITIONS, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
        **_pair("embeddings.LayerNorm", hidden),
    }
    for layer in range(SHAPE.layers):
        prefix = f"encoder.layer.{layer}."
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            sizes |= _pair(f"{prefix}attention.{name}", hidden, hidden)
        sizes |= _pair(f"{prefix}attention.output.LayerNorm", hidden)
        sizes |= _pair(f"{prefix}intermediate.dense", WIDE, hidden)
        sizes |= _pair(f"{prefix}output.dense", hidden, WIDE)
        sizes |= _pair(f"{prefix}output.LayerNorm", hidden)
    return {name: random.normal(size=size).astype(np.float32) for name, size in sizes.items()}


def write_weights(path: Path, arrays: Arrays) -> None:
    """Write arrays as a safetensors file."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, array in arrays.items():
        place = [offset, offset + array.nbytes]
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": place}
        offset += array.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(array.tobytes() for array in arrays.values()))


def reference_vector(weights: Arrays, ids: Sequence[int]) -> NDArray[np.float64]:
    """Return the unit vector of one text in double precision, without batches or masks."""
    named = {name: array.astype(np.float64) for name, array in weights.items()}
    words, positions = named["embeddings.word_embeddings.weight"], named["embeddings.position_embeddings.weight"]
    states = words[list(ids)] + positions[: len(ids)] + named["embeddings.token_type_embeddings.weight"][0]
    states = _norm(named, name="embeddings.LayerNorm", rows=states)
    for layer in range(SHAPE.layers):
        states = _layer(named, states, prefix=f"encoder.layer.{layer}.")
    mean = states.mean(axis=0)
    vector: NDArray[np.float64] = mean / np.linalg.norm(mean)
    return vector


def _layer(named: dict[str, NDArray[np.float64]], states: NDArray[np.float64], *, prefix: str) -> NDArray[np.float64]:
    parts = [_linear(named, name=f"{prefix}attention.self.{name}", rows=states) for name in ("query", "key", "value")]
    width = SHAPE.hidden // SHAPE.heads
    context = np.empty_like(states)
    for head in range(SHAPE.heads):
        query, key, value = (part[:, head * width : (head + 1) * width] for part in parts)
        scores = np.exp(query @ key.T / math.sqrt(width))
        context[:, head * width : (head + 1) * width] = scores / scores.sum(axis=1, keepdims=True) @ value
    attended = _linear(named, name=f"{prefix}attention.output.dense", rows=context) + states
    states = _norm(named, name=f"{prefix}attention.output.LayerNorm", rows=attended)
    wide = _linear(named, name=f"{prefix}intermediate.dense", rows=states)
    gelu = wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) / 2
    return _norm(
        named, name=f"{prefix}output.LayerNorm", rows=_linear(named, name=f"{prefix}output.dense", rows=gelu) + states
    )


def _linear(named: dict[str, NDArray[np.float64]], *, name: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = rows @ named[f"{name}.weight"].T + named[f"{name}.bias"]
    return result


def _norm(named: dict[str, NDArray[np.float64]], *, name: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = rows - rows.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
    result: NDArray[np.float64] = scaled * named[f"{name}.weight"] + named[f"{name}.bias"]
    return result


def _pair(name: str, *size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": size, f"{name}.bias": size[:1]}


def _tokenizer() -> Tokenizer:
    """Return a word-piece tokenizer that, like the real one, asks for padding and truncation which must be overridden."""
    numbers = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [(mark, numbers[mark]) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    tokenizer.enable_padding(length=7)
    tokenizer.enable_truncation(7)
    return tokenizer
