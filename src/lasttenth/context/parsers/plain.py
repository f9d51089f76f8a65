"""Plain text: how bytes become characters, and paragraphs between blank lines."""

import codecs

from lasttenth.context.blocks import Parsed, paragraphs
from lasttenth.records.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def parse_plain(name: str, data: bytes) -> Parsed:
    """Return a text file as it is, line ends included, and its paragraphs."""
    text = decode(name, data)
    return Parsed(text, paragraphs(text))


def decode(name: str, data: bytes, encoding: str = "utf-8") -> str:
    """Return the characters of a text file; a byte order mark wins over `encoding` and is not part of the text."""
    chosen = next((codec for mark, codec in _MARKS if data.startswith(mark)), encoding)
    try:
        text = data.decode(chosen)
    except (UnicodeDecodeError, LookupError) as error:
        raise DocumentError(
            f"{name} is not {chosen} text ({error}).",
            hint="Save it as UTF-8, or give it the suffix of its real format.",
        ) from error
    if "\0" in text:
        raise DocumentError(
            f"{name} holds binary data (a zero at character {text.index(chr(0))}).",
            hint="Convert it to text, Markdown, HTML, PDF or DOCX.",
        )
    return text
