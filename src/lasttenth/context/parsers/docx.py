"""DOCX: paragraphs and tables in reading order, one line each; styles tell headings, lists and quotations."""

import io
import re
import zipfile
from typing import TYPE_CHECKING

from lasttenth.context.blocks import BlockKind, Parsed, Piece
from lasttenth.context.parsers.extras import documents_package
from lasttenth.records.errors import DocumentError

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

_MAX_UNPACKED = 256 * 1024 * 1024
_HEADING = re.compile(r"Heading (\d)")


def parse_docx(name: str, data: bytes) -> Parsed:
    """Return the text of a Word document, a line per paragraph and table row, and its blocks."""
    package = documents_package("docx", document=name)
    try:
        _check_size(name, data)
        content = list(package.Document(io.BytesIO(data)).iter_inner_content())
        parts = [_part(item) for item in content]
    except (zipfile.BadZipFile, AttributeError, LookupError, SyntaxError, TypeError, ValueError, OSError) as error:
        raise DocumentError(
            f"{name} is not a readable DOCX file ({type(error).__name__}: {error}).",
            hint="Open it in a word processor and save it again as DOCX, without a password.",
        ) from error
    pieces: list[Piece] = []
    start = 0
    for kind, level, text in parts:
        pieces.append(Piece(kind, start, start + len(text), level, " ".join(text.split()) if level else ""))
        start += len(text) + 1
    return Parsed("\n".join(text for _, _, text in parts), pieces)


def _check_size(name: str, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _MAX_UNPACKED:
        raise DocumentError(
            f"{name} unpacks to {size} bytes, more than the {_MAX_UNPACKED} allowed.",
            hint="Split it into smaller files.",
        )


def _part(item: "Paragraph | Table") -> tuple[BlockKind, int, str]:
    if hasattr(item, "rows"):
        rows = (" | ".join(cell.text.replace("\n", " ") for cell in row.cells) for row in item.rows)
        return "table", 0, "\n".join(rows)
    style = item.style.name if item.style and item.style.name else ""
    heading = _HEADING.match(style)
    if heading or style == "Title":
        return "heading", int(heading[1]) if heading else 1, item.text
    return _kind(style), 0, item.text


def _kind(style: str) -> BlockKind:
    if style.startswith("List"):
        return "list_item"
    return "quote" if "Quote" in style else "paragraph"
