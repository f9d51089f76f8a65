"""Documents: which files can be read, how their bytes become one text with blocks, and which lines they are."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from lasttenth.context.blocks import Block, Parsed, outline
from lasttenth.context.parsers.docx import parse_docx
from lasttenth.context.parsers.html import parse_html
from lasttenth.context.parsers.markdown import parse_markdown
from lasttenth.context.parsers.pdf import parse_pdf
from lasttenth.context.parsers.plain import parse_plain
from lasttenth.records.errors import DocumentError

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A readable document. All offsets refer to `text`, in characters."""

    name: str
    media_type: str
    text: str
    blocks: tuple[Block, ...]


class _Format(NamedTuple):
    media_type: str
    parse: Callable[[str, bytes], Parsed]


_PLAIN = _Format("text/plain", parse_plain)
_MARKDOWN = _Format("text/markdown", parse_markdown)
_HTML = _Format("text/html", parse_html)
_FORMATS = {
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".rst": _PLAIN,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": _Format("application/pdf", parse_pdf),
    ".docx": _Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", parse_docx),
}


READABLE = f"Readable are: {', '.join(_FORMATS)}."


def parse_document(name: str, data: bytes, *, limit: int = MAX_DOCUMENT_BYTES) -> Document:
    """Return the document that a file's bytes hold; the suffix of its name tells the format.

    Raises:
        DocumentError: The format is unknown, or the bytes are too many, broken, encrypted, binary or without text.
        MissingExtraError: The format needs the `documents` extra.

    Example:
        >>> parse_document("note.md", b"# Tea\\n\\nSteep it.").blocks[1].headings
        ('Tea',)
    """
    _check_size(name, len(data), limit)
    suffix = Path(name).suffix
    form = _FORMATS.get(suffix.lower())
    if form is None:
        raise DocumentError(f"{name} has the suffix {suffix!r}, which no parser reads.", hint=READABLE)
    parsed = form.parse(name, data)
    blocks = outline(parsed.text, parsed.pieces)
    if not blocks:
        raise DocumentError(f"{name} holds no text.", hint="Leave it out, or check that it was saved completely.")
    return Document(name=name, media_type=form.media_type, text=parsed.text, blocks=blocks)


def read_bytes(path: Path, name: str) -> bytes:
    """Return what a file holds, where that is not too much. Raises DocumentError, which calls the file by its name."""
    try:
        _check_size(name, path.stat().st_size, MAX_DOCUMENT_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"{name} cannot be read ({error.strerror or error}).",
            hint="Check that the file exists and that this user may read it.",
        ) from error


def documents_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files to read: each named file as it is, and all readable kinds of files in each folder, sorted by name.

    Folders are searched to any depth. Hidden files and folders and unknown suffixes are skipped there, links to folders
    are not followed.

    Raises:
        DocumentError: A folder may not be listed.
    """
    for path in paths:
        if path.is_dir():
            yield from _documents_below(path)
        else:
            yield path


def line_of(text: str, offset: int) -> int:
    """Return the number of the line in which a character lies, counted from 1; a line ends with a line feed."""
    return text.count("\n", 0, offset) + 1


def _check_size(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise DocumentError(
            f"{name} has {size} bytes, more than the {limit} allowed.", hint="Split it into smaller files."
        )


def _documents_below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            if not name.startswith(".") and path.suffix.lower() in _FORMATS and path.is_file():
                yield path


def _refuse(error: OSError) -> None:
    raise DocumentError(
        f"{error.filename} cannot be listed ({error.strerror}).", hint="Check that this user may read the folder."
    ) from error
