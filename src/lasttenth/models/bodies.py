"""Bodies of every wire protocol: JSON of which only what is asked for is read, the rest stays the bytes it was."""

from typing import TypeVar

import msgspec

from lasttenth.records.errors import InvalidRequestError

EVENT_STREAM = "text/event-stream"
JSON = "application/json"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON of the expected shape; recursion is for those nested too deep."""

NULL = msgspec.Raw(b"null")

B = TypeVar("B")

Fields = dict[str, msgspec.Raw]
"""A JSON object of which only the names are read: every value stays the bytes it was."""

_fields = msgspec.json.Decoder(Fields)


def decode(body: bytes, kind: type[B]) -> B:
    """Return a request body as a struct. Raises InvalidRequestError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise _invalid(error) from error


def fields_of(body: bytes) -> Fields:
    """Return the fields of a request body. Raises InvalidRequestError."""
    try:
        return _fields.decode(body)
    except UNREADABLE as error:
        raise _invalid(error) from error


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error | str = ""


def message_in(body: bytes) -> str:
    """Return the message of an error, which stands in the same place in every protocol; empty where there is none."""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody).error
    except UNREADABLE:
        return ""
    return error if isinstance(error, str) else error.message


def _invalid(error: Exception) -> InvalidRequestError:
    reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    message, _, path = reason.partition(" - at `$")
    parameter = path.rstrip("`").lstrip(".") or None
    where = f" at {parameter}" if parameter else ""
    return InvalidRequestError(f"The request body is wrong{where}: {message.rstrip('.')}.", parameter=parameter)
