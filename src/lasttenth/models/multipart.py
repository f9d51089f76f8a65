"""Forms of several parts (RFC 7578): where each part of a body stands. Nothing is copied and nothing decoded."""

import re
from typing import NamedTuple

from lasttenth.records.errors import InvalidRequestError

MULTIPART = "multipart/form-data"
MOST_PARTS = 1000
MOST_HEAD_BYTES = 16 * 2**10

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:\s*form-data(.*)$", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(rb';\s*(name|filename)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_LINE_END = b"\r\n"
_HEAD_END = b"\r\n\r\n"


class Part(NamedTuple):
    """One field of a form: its name, and where its value begins and ends in the body."""

    name: str
    filename: str
    """Empty where the field is no file."""
    start: int
    end: int


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """Return the fields of a form. Raises InvalidRequestError."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _broken("its content type names no boundary")
    delimiter = b"--" + (found[1] or found[2]).encode("latin-1")
    parts: list[Part] = []
    place = 0 if body.startswith(delimiter) else _next(body, delimiter, 0) + len(_LINE_END)
    while not body.startswith(b"--", place := place + len(delimiter)):
        if len(parts) == MOST_PARTS:
            raise _broken(f"it has more than {MOST_PARTS} parts")
        head_end = body.find(_HEAD_END, place, place + MOST_HEAD_BYTES)
        if head_end < 0:
            raise _broken("a part has no head, or one that is too long")
        start = head_end + len(_HEAD_END)
        end = _next(body, delimiter, start)
        parts.append(_part(body[place:head_end], start, end))
        place = end + len(_LINE_END)
    return parts


def _next(body: bytes, delimiter: bytes, start: int) -> int:
    """Return where the line end before the next delimiter stands."""
    end = body.find(_LINE_END + delimiter, start)
    if end < 0:
        raise _broken("it breaks off before its last boundary")
    return end


def _part(head: bytes, start: int, end: int) -> Part:
    disposition = _DISPOSITION.search(head.replace(_LINE_END, b"\n"))
    said = (
        {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(disposition[1])}
        if disposition
        else {}
    )
    if b"name" not in said:
        raise _broken("a part has no name")
    name, filename = (said.get(key, b"").decode(errors="replace") for key in (b"name", b"filename"))
    return Part(name, filename, start, end)


def _broken(why: str) -> InvalidRequestError:
    return InvalidRequestError(f"The form cannot be read: {why}.", hint=f"Send it as {MULTIPART} with a boundary.")
