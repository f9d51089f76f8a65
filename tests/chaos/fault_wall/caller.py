"""A caller that speaks HTTP/1.1 on a connection of its own, and tells exactly what came back, how it ended and when."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

Ending = Literal["whole", "broken", "hung", "left"]
"""The framing says that all came; it does not; nothing more came in time; the caller left."""


class Question(NamedTuple):
    """What is sent to a gateway."""

    port: int
    path: str
    body: bytes
    headers: Mapping[str, str]
    patience: float
    """Seconds within which everything has come."""

    def text(self) -> bytes:
        """Return the request."""
        lines = [f"POST {self.path} HTTP/1.1", "host: localhost", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"content-length: {len(self.body)}", "connection: close", "", ""]
        return "\r\n".join(lines).encode() + self.body


class Heard(NamedTuple):
    """What came back."""

    status: int
    """0 where nothing came."""
    headers: Mapping[str, str]
    body: bytes
    ending: Ending
    seconds: float
    """From the request to the end."""


class Patience(NamedTuple):
    """How a caller waits."""

    leave_when: Callable[[], bool] | None = None
    """Leave once this is so."""
    leave_at: bytes = b""
    """Leave once this has come."""
    read_when: Callable[[], bool] | None = None
    """Read nothing until this is so."""


class _Ear:
    """What has come so far."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ending: Ending = "broken"


async def ask(question: Question, patience: Patience) -> Heard:
    """Send a question and return all that comes back."""
    ear, began = _Ear(), time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", question.port)
    try:
        async with asyncio.timeout(question.patience):
            writer.write(question.text())
            await _listen(reader, ear, patience)
    except TimeoutError:
        ear.ending = "hung"
    except (ConnectionError, asyncio.IncompleteReadError, ValueError):
        ear.ending = "broken"
    finally:
        writer.transport.abort()
    return Heard(ear.status, ear.headers, bytes(ear.body), ear.ending, time.monotonic() - began)


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    while not happened():  # noqa: ASYNC110 - it happens in what is measured, which sends no events
        await asyncio.sleep(0.02)


async def _listen(reader: asyncio.StreamReader, ear: _Ear, patience: Patience) -> None:
    if patience.leave_when is not None:
        await until(patience.leave_when)
        ear.ending = "left"
        return
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    ear.status = int(first.split()[1])
    ear.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if patience.read_when is not None:
        await until(patience.read_when)
    await _read(reader, ear, patience.leave_at)


async def _read(reader: asyncio.StreamReader, ear: _Ear, leave_at: bytes) -> None:
    if "chunked" not in ear.headers.get("transfer-encoding", ""):
        with contextlib.suppress(KeyError):
            ear.body += await reader.readexactly(int(ear.headers["content-length"]))
        ear.ending = "whole"
        return
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        ear.body += await reader.readexactly(size)
        await reader.readexactly(2)
        if leave_at and leave_at in ear.body:
            ear.ending = "left"
            return
    ear.ending = "whole"
