"""An upstream that answers byte for byte as a fault says, and knows which of its connections still wait."""

import asyncio
import re
import socket
import struct
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from tests.chaos.fault_wall.dialects import DIALECTS, Dialect
from tests.upstreams import Peer, chunk

CELL = re.compile(rb"cell-\d+")
"""What a request says of where it comes from."""

STREAM = re.compile(rb':stream|"stream":\s*true')
"""What stands in a request that wants a stream: in its path, or in its body."""


class Then(Enum):
    """What a server does beside sending bytes."""

    CLOSE = auto()
    RESET = auto()
    HALF = auto()
    """It says that it will send no more, and listens on."""
    HOLD = auto()
    """It does nothing until the other side has left."""


class Slowly(NamedTuple):
    """Bytes that are sent one by one."""

    data: bytes


class Endless(NamedTuple):
    """Bytes that are sent again and again, until the other side has left or all of so many are sent."""

    data: bytes
    most: int = 2**40


Step = bytes | float | Then | Slowly | Endless
"""Bytes are sent, a number is a pause in seconds."""


class Say:
    """What an upstream may say to one request."""

    def __init__(self, dialect: Dialect, *, stream: bool, is_kept: bool) -> None:
        self.dialect = dialect
        self.stream = stream
        self.is_kept = is_kept
        """Whether its connection has had a request before."""

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """Return a good answer, by its events where it is a stream."""
        return self.dialect.events if self.stream else (self.dialect.body,)

    @property
    def body(self) -> bytes:
        """Return a good answer."""
        return b"".join(self.pieces)

    def head(self, *headers: str, status: str = "200 OK") -> bytes:
        """Return a head; its content type is that of a good answer, unless it is given."""
        media = "text/event-stream" if self.stream else "application/json"
        given = any(header.startswith("content-type") for header in headers)
        lines = [f"HTTP/1.1 {status}", *([] if given else [f"content-type: {media}"]), *headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def sized(self, body: bytes, *headers: str, status: str = "200 OK", beyond: int = 0) -> bytes:
        """Return an answer that says its length, or one that is so many bytes beyond it."""
        return self.head(f"content-length: {len(body) + beyond}", *headers, status=status) + body

    def begun(self, *pieces: bytes, headers: Sequence[str] = ()) -> bytes:
        """Return the beginning of an answer in chunks."""
        return self.head("transfer-encoding: chunked", *headers) + b"".join(chunk(piece) for piece in pieces if piece)

    def rest(self, *pieces: bytes) -> bytes:
        """Return the end of an answer in chunks."""
        return b"".join(chunk(piece) for piece in pieces if piece) + b"0\r\n\r\n"

    def answer(self, *pieces: bytes, headers: Sequence[str] = ()) -> bytes:
        """Return an answer as it usually comes: a stream in chunks, else with its length."""
        if self.stream:
            return self.begun(headers=headers) + self.rest(*pieces)
        return self.sized(b"".join(pieces), *headers)

    def refusal(self, status: int, *headers: str) -> bytes:
        """Return an error in the protocol's shape."""
        return self.sized(self.dialect.error, "content-type: application/json", *headers, status=f"{status} Wall")


class Stage:
    """What stands of one fault: its busy connections, and what was asked and sent."""

    def __init__(self) -> None:
        self.busy = 0
        """Connections that it has not let go of: it sends on them, or waits for the other side to leave."""
        self.asked: set[bytes] = set()
        """The cells that it was asked for."""
        self.sent: dict[bytes, int] = {}
        """Bytes of an endless answer that have left, by cell."""
        self.held: dict[bytes, int] = {}
        """The same when the caller read nothing, and no more would leave."""

    async def perform(self, peer: Peer, steps: Iterable[Step], cell: bytes = b"") -> bool:
        """Do one step after the other, and tell whether the connection may have another request."""
        self.busy += 1
        try:
            for step in steps:
                if not await self._step(peer, step, cell):
                    return False
        finally:
            self.busy -= 1
        return True

    async def _step(self, peer: Peer, step: Step, cell: bytes) -> bool:
        match step:
            case bytes():
                await peer.send(step)
            case float():
                await asyncio.sleep(step)
            case Slowly(data):
                for byte in data:
                    await peer.send(bytes([byte]))
                    await asyncio.sleep(0)
            case Endless(data, most):
                self.sent[cell] = 0
                while self.sent[cell] < most:
                    await peer.send(data)
                    self.sent[cell] += len(data)
            case Then.HALF:
                peer.writer.write_eof()
            case Then.HOLD:
                await peer.left()
            case Then.RESET:
                # Without this the connection would end in order.
                peer.writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                peer.reset()
        return step not in {Then.HOLD, Then.RESET, Then.CLOSE}


def dialect_of(first_line: str) -> Dialect:
    """Return the protocol in which a request is, by its first line."""
    return next(each for each in DIALECTS if each.mark in first_line)
