"""PDF: the text layer, page by page. Each page is a section; pictures and scans have no text."""

import io
import logging
import zlib
from typing import TYPE_CHECKING

from lasttenth.context.blocks import Parsed, Piece, paragraphs
from lasttenth.context.parsers.extras import documents_package
from lasttenth.records.errors import DocumentError

if TYPE_CHECKING:
    from pypdf import PdfReader

# What the parser is known to raise on damaged files beside its own errors.
_BROKEN = (ArithmeticError, AttributeError, LookupError, NotImplementedError, OSError, RecursionError, TypeError)
_BETWEEN_PAGES = "\n\n"

# What is wrong with a file is said by our own errors, once.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def parse_pdf(name: str, data: bytes) -> Parsed:
    """Return the text of all pages, and its paragraphs under "Page 1", "Page 2" and so on."""
    errors = documents_package("pypdf.errors", document=name)
    try:
        pages = _pages(name, data)
    except (errors.PyPdfError, ValueError, zlib.error, *_BROKEN) as error:
        raise DocumentError(
            f"{name} is not a readable PDF ({type(error).__name__}: {error}).",
            hint="Open it in a viewer and save it again, or convert it to text.",
        ) from error
    text = _BETWEEN_PAGES.join(pages)
    pieces: list[Piece] = []
    start = 0
    for number, page in enumerate(pages, 1):
        found = paragraphs(text, start, start + len(page))
        pieces += [piece._replace(level=1, title=f"Page {number}") for piece in found]
        start += len(page) + len(_BETWEEN_PAGES)
    return Parsed(text, pieces)


def _pages(name: str, data: bytes) -> list[str]:
    reader: PdfReader = documents_package("pypdf", document=name).PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentError(f"{name} is encrypted.", hint="Remove its password and try again.")
    pages = [page.extract_text() for page in reader.pages]
    if not any(page.strip() for page in pages):
        raise DocumentError(
            f"{name} has no text layer on its {len(pages)} pages.",
            hint="It is probably a scan: run text recognition (OCR) over it first.",
        )
    return pages
