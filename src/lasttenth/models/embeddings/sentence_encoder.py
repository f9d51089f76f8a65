"""Sentence vectors from an ONNX graph and a tokenizer, on the CPU. The graph pools and normalises; see `minilm`.

The graph holds no weights: it points into the weights file of the cache, which the runtime maps into memory, so that
rows of the word table that no text uses never take memory: 116 MiB are resident once all is loaded.
"""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lasttenth.models.embeddings.artefact import Artefact, damaged_files
from lasttenth.records.errors import EmbedderUnavailableError, LasttenthError, MissingExtraError

TOKENS_PER_BATCH = 512
"""Padded tokens that go through the graph at once: more is no faster on a CPU and takes memory that stays taken."""

_CHARACTERS_PER_TOKEN = 128
"""Beyond `max_tokens` times this, a text is cut before it is tokenised, so that no text costs without bound."""


class SentenceEncoder:
    """Turn texts into unit vectors with the files of an artefact. Safe to use from several threads."""

    def __init__(self, artefact: Artefact, folder: Path, *, graph: bytes, threads: int) -> None:
        """Check the files (0.1 CPU s for 90 MB) and load them.

        Args:
            artefact: What must lie in the folder.
            folder: Where the artefact is installed.
            graph: An ONNX model: `input_ids` and `attention_mask`, int64 (batch, tokens), to unit rows `embedding`.
            threads: Threads that one call may use. One leaves no thread behind.

        Raises:
            MissingExtraError: The runtime is not installed.
            EmbedderUnavailableError: The artefact is not installed, or is damaged.
        """
        runtime, tokenizers = _local_package("onnxruntime"), _local_package("tokenizers")
        _check(artefact, folder)
        self._artefact = artefact
        self._tokenizer: _Tokenizer = tokenizers.Tokenizer.from_file(str(folder / artefact.tokenizer.name))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(artefact.max_tokens)
        self._session: _Session | None = _session(runtime, folder, graph=graph, threads=threads)

    @property
    def id(self) -> str:
        """Return the artefact's name."""
        return self._artefact.id

    @property
    def hash(self) -> str:
        """Return the hash of all that decides the vectors: an index stores it, and refuses any other."""
        return self._artefact.hash

    @property
    def dimension(self) -> int:
        """Return the length of every vector."""
        return self._artefact.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text; an empty text has a vector too, that of nothing between two marks."""
        session = self._session
        if session is None:
            raise LasttenthError(f"The embedder {self.id} is closed.", hint="Open it again before embedding.")
        tokens = [self._tokens(text) for text in texts]
        vectors = np.empty((len(tokens), self.dimension), dtype=np.float32)
        for places in batches([len(row) for row in tokens], limit=TOKENS_PER_BATCH):
            vectors[places] = session.run(None, _padded([tokens[place] for place in places]))[0]
        return vectors

    def close(self) -> None:
        """Drop the runtime session, which holds the memory."""
        self._session = None

    def _tokens(self, text: str) -> list[int]:
        head = text[: self._artefact.max_tokens * _CHARACTERS_PER_TOKEN]
        return self._tokenizer.encode(head.encode(errors="replace").decode()).ids


def batches(lengths: Sequence[int], *, limit: int) -> Iterator[list[int]]:
    """Yield the places of all texts, each once, shortest texts first, so that a batch pads little.

    A batch times its longest text is at most `limit` tokens, unless it is a single text.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[place] > limit:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _padded(rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """Return the graph's inputs. The padding id is zero, and the mask keeps it out of every sum."""
    shape = (len(rows), max(len(row) for row in rows))
    ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


class _Encoding(Protocol):
    ids: list[int]


class _Tokenizer(Protocol):
    def no_padding(self) -> None: ...
    def enable_truncation(self, max_length: int) -> None: ...
    def encode(self, sequence: str) -> _Encoding: ...


class _Session(Protocol):
    def run(self, outputs: None, inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]: ...


def _check(artefact: Artefact, folder: Path) -> None:
    hint = "Run `lasttenth embedder install`."
    if not folder.is_dir():
        raise EmbedderUnavailableError(f"The embedder {artefact.id} is not installed in {folder}.", hint=hint)
    if damaged := damaged_files(folder, artefact):
        raise EmbedderUnavailableError(f"{' and '.join(damaged)} in {folder} is damaged or missing.", hint=hint)


def _session(runtime: ModuleType, folder: Path, *, graph: bytes, threads: int) -> _Session:
    """Return a session that keeps little: weights mapped from the file, small batches, no threads that wait by spinning.

    The arena stays on: without it every batch returns its memory to the system, which costs half as much time again.
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    session: _Session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return session


def _local_package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        hint = "Run: pip install 'lasttenth[local]'"
        raise MissingExtraError(f"The built-in embedder needs the package {name}: {error}.", hint=hint) from error
