"""Indexing: from files to searchable chunks, in steps that are durable one by one, so that a stop costs one step."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from lasttenth.context.documents import READABLE, documents_in, parse_document, read_bytes
from lasttenth.context.embedding import Embedder, settings_for
from lasttenth.context.splitting import Chunk, split
from lasttenth.records.errors import DocumentError, MissingExtraError
from lasttenth.storage.ports import Indexes, NewChunk, NewDocument

STEP = 32
"""Documents in one durable step."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far indexing has come, in documents."""

    done: int
    total: int


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A document that could not be read, and why."""

    document: str
    reason: str
    """A sentence that names the document, and what to do."""


class IndexReport(msgspec.Struct, frozen=True, kw_only=True):
    """What indexing did, in documents."""

    index: str
    added: int
    unchanged: int
    removed: int
    skipped: tuple[Skipped, ...]
    documents: int
    chunks: int
    embedder: str
    """Empty where the index is searched by words alone."""


class TextDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is not a file. The ending of its name says what it is, as in `policy.md`."""

    name: str
    text: str


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    document: NewDocument | None = None
    skipped: Skipped | None = None
    unchanged: bool = False


class Indexer:
    """Index files into the indexes of one project."""

    def __init__(self, indexes: Indexes, embedder: Embedder | None) -> None:
        self._indexes = indexes
        self._embedder = embedder

    async def add(
        self, index: str, paths: Sequence[Path], *, base: Path, progress: Callable[[Progress], None] = lambda _: None
    ) -> IndexReport:
        """Index files and folders; what is indexed already with the same bytes costs one hash.

        Documents are named by their path relative to `base`, or in full when they lie elsewhere. A document that
        stood in one of the given folders and no longer does leaves the index.

        Raises:
            DocumentError: a given path does not exist, a new index would be empty, or nothing at all could be read.
            ConflictError: the index was built with another embedder or splitter.
        """
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise DocumentError(f"There is nothing at {missing[0]}.", hint="Correct the path.")
        files = await asyncio.to_thread(lambda: {name_of(path, base): path for path in documents_in(paths)})
        if not files and index not in {info.name for info in await self._indexes.overview()}:
            raise DocumentError(f"There is no document in {', '.join(map(str, paths))}.", hint=READABLE)
        await self._indexes.create(index, settings_for(self._embedder))
        known = await self._indexes.documents(index)
        gone = [name for name in known if name not in files and _is_below(name, paths, base)]
        if gone:
            await self._indexes.remove(index, gone)
        done, added, unchanged = 0, 0, 0
        skipped: list[Skipped] = []
        for names in _steps(sorted(files)):
            step = await asyncio.to_thread(self._read, [(name, files[name]) for name in names], known)
            documents = [read.document for read in step if read.document is not None]
            if documents:
                await self._indexes.put(index, documents)
            done, added = done + len(step), added + len(documents)
            unchanged += sum(read.unchanged for read in step)
            skipped += [read.skipped for read in step if read.skipped is not None]
            progress(Progress(done=done, total=len(files)))
        if skipped and not (added or unchanged):
            raise DocumentError(f"Nothing could be read. {skipped[0].reason}")
        size = await self._indexes.size(index)
        return IndexReport(
            index=index,
            added=added,
            unchanged=unchanged,
            removed=len(gone),
            skipped=tuple(skipped),
            documents=size.documents,
            chunks=size.chunks,
            embedder="" if self._embedder is None else self._embedder.id,
        )

    async def add_texts(self, index: str, documents: Sequence[TextDocument]) -> None:
        """Index texts, all or none; one of the same name is replaced. Raises DocumentError, ConflictError."""
        await self._indexes.create(index, settings_for(self._embedder))

        def read() -> list[NewDocument]:
            bodies = [(each.name, each.text.encode()) for each in documents]
            return [self._document(name, data, hashlib.sha256(data).hexdigest()) for name, data in bodies]

        await self._indexes.put(index, await asyncio.to_thread(read))

    def _read(self, files: Sequence[tuple[str, Path]], known: dict[str, str]) -> list[_Read]:
        reads = []
        for name, path in files:
            try:
                data = read_bytes(path, name)
                digest = hashlib.sha256(data).hexdigest()
                if known.get(name) == digest:
                    reads.append(_Read(unchanged=True))
                else:
                    reads.append(_Read(document=self._document(name, data, digest)))
            except (DocumentError, MissingExtraError) as error:
                reads.append(_Read(skipped=Skipped(document=name, reason=str(error))))
        return reads

    def _document(self, name: str, data: bytes, digest: str) -> NewDocument:
        document = parse_document(name, data)
        chunks = split(document)
        vectors = self._vectors(chunks)
        return NewDocument(
            name=name,
            hash=digest,
            media_type=document.media_type,
            text=document.text,
            chunks=tuple(
                NewChunk(start=chunk.start, end=chunk.end, line=chunk.line, headings=chunk.headings, vector=vector)
                for chunk, vector in zip(chunks, vectors, strict=True)
            ),
        )

    def _vectors(self, chunks: Sequence[Chunk]) -> list[bytes]:
        if self._embedder is None or not chunks:
            return [b""] * len(chunks)
        texts = ["\n".join([*chunk.headings[-1:], chunk.text]) for chunk in chunks]
        return [row.astype("<f4").tobytes() for row in np.asarray(self._embedder.embed(texts))]


def name_of(path: Path, base: Path) -> str:
    """Return a document's name: its path relative to `base`, or in full when it lies elsewhere."""
    full, base = Path(os.path.normpath(path.absolute())), Path(os.path.normpath(base))
    name = full.relative_to(base) if full.is_relative_to(base) else full
    # A name that is no UTF-8 is written with its bytes as escapes: it must be a text that can be stored and shown.
    return os.fsencode(name.as_posix()).decode(errors="backslashreplace")


def _is_below(name: str, paths: Sequence[Path], base: Path) -> bool:
    folders = [name_of(path, base) for path in paths if path.is_dir()]
    return any(name.startswith(f"{folder}/") or (folder == "." and not name.startswith("/")) for folder in folders)


def _steps(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), STEP):
        yield names[start : start + STEP]
