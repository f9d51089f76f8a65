"""What goes over the socket: frames of a length (4 bytes, big-endian) and a MessagePack body, requests one way, answers
the other. An answer names the request it belongs to, so many can be under way.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

import msgspec

from lasttenth.records.errors import LasttenthError

T = TypeVar("T")

MAX_FRAME = 256 * 2**20
"""Bytes. What is longer is refused before it is sent, and who sends it all the same is cut off."""
BUFFER = 2**20
_LENGTH = 4


class RubbishError(Exception):
    """The peer sent what is no frame."""


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A call of a writing method."""

    number: int
    method: str
    project: str
    """Empty for a method of the store itself."""
    arguments: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """An error of the tree in `records/errors.py`, whole."""

    kind: str
    said: str
    fields: dict[str, Any]


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """The end of a call."""

    number: int
    result: msgspec.Raw
    failure: Failure | None = None


_encoder = msgspec.msgpack.Encoder()
_request = msgspec.msgpack.Decoder(Request)
_reply = msgspec.msgpack.Decoder(Reply)


class Outbox:
    """Frames on their way out: those of one turn of the event loop leave together."""

    def __init__(self, stream: asyncio.StreamWriter) -> None:
        self._stream = stream
        self._frames: list[bytes] = []

    def put(self, sent: bytes) -> None:
        """Send a frame with the others of this turn; on a connection that has ended, to nobody."""
        if not self._frames:
            asyncio.get_running_loop().call_soon(self._flush)
        self._frames.append(sent)

    def _flush(self) -> None:
        if not self._stream.is_closing():
            self._stream.write(b"".join(self._frames))
        self._frames.clear()


def packed(value: object) -> msgspec.Raw:
    """Return a value as a part of a message."""
    return msgspec.Raw(_encoder.encode(value))


NOTHING = packed(None)


def frame(message: Request | Reply) -> bytes:
    """Return a message as a frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(_LENGTH) + body


async def read_request(stream: asyncio.StreamReader) -> Request | None:
    """Return the next request, None at the end. Raises RubbishError."""
    return await _read(stream, _request)


async def read_reply(stream: asyncio.StreamReader) -> Reply | None:
    """Return the next reply, None at the end. Raises RubbishError."""
    return await _read(stream, _reply)


def failure(error: LasttenthError) -> Failure:
    """Return an error for the wire."""
    return Failure(type(error).__name__, str(error), vars(error))


def raise_failure(failed: Failure) -> NoReturn:
    """Raise the error that happened on the other side, as the same class."""
    kind = _ERRORS.get(failed.kind, LasttenthError)
    error = kind.__new__(kind, failed.said)
    vars(error).update(failed.fields)
    raise error


async def _read(stream: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[T]") -> T | None:
    try:
        size = int.from_bytes(await stream.readexactly(_LENGTH))
        if size > MAX_FRAME:
            raise RubbishError(f"a frame of {size:,} bytes")
        return decoder.decode(await stream.readexactly(size))
    except (asyncio.IncompleteReadError, OSError):
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RubbishError(f"what is no message: {error}") from error


def _tree(kind: type[LasttenthError]) -> Iterator[type[LasttenthError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _tree(each)


_ERRORS = {kind.__name__: kind for kind in _tree(LasttenthError)}
