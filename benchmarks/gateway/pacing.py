"""The upstream of streams: it answers at a pace that the model's name sets, and stamps every chunk with the time.

    paced-50-20     50 chunks, one each 20 ms
    cut-5-20        breaks off after 5 chunks
    fail-500        answers with that status
    mock            a whole answer at once; so does every model that is not asked for a stream

Run as `python -m benchmarks.gateway.pacing PORT`. GET /counts says what was asked so far.
"""

import asyncio
import contextlib
import json
import re
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks.gateway.environments import ROOT
from benchmarks.gateway.processes import Tree, free_port, until
from benchmarks.gateway.upstream import MODEL, REPLY

_MODEL = re.compile(rb'"model"\s*:\s*"(paced|cut|fail)-(\d+)(?:-(\d+))?"')
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_USAGE = re.compile(rb'"include_usage"\s*:\s*true')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)

_CHUNK = (
    'data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1790000000,"model":"paced",'
    '"system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]}\n\n'
)
_SAID = (_CHUNK % ('{"content":"@%016d; lamp"}', "null")).encode()
_FINISHED = (_CHUNK % ("{}", '"stop"')).encode()
_CONSUMED = (
    b'data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1790000000,"model":"paced",'
    b'"choices":[],"usage":{"prompt_tokens":160,"completion_tokens":50,"total_tokens":210}}\n\n'
)
_DONE = b"data: [DONE]\n\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-accel-buffering: no\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)


class Counts(msgspec.Struct, kw_only=True):
    """What was asked of the upstream since it started."""

    requests: int = 0
    chunks: int = 0
    left: int = 0
    """Streams whose client went away before their end."""


class PacedProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0
        self._ending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports have no such base

    def data_received(self, data: bytes) -> None:
        """Answer once a request is complete."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        announced = _LENGTH.search(self._buffer, 0, end)
        length = int(announced[1]) if announced else 0
        if len(self._buffer) < end + 4 + length:
            return
        head, body = bytes(self._buffer[:end]), bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        self._answer(head, body)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop where the stream is."""
        del error
        if self._timer is not None:
            self._timer.cancel()
            self._counts.left += 1

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            known = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
            counted = msgspec.structs.asdict(self._counts)
            self._whole(200, json.dumps(counted if head.startswith(b"GET /counts") else known))
            return
        self._counts.requests += 1
        found = _MODEL.search(body)
        kind, number = (found[1], int(found[2])) if found else (b"", 0)
        if kind == b"fail":
            self._whole(number, '{"error":{"message":"The upstream fails as it was asked to.","type":"server_error"}}')
        elif found and _STREAM.search(body):
            self._ending = b"" if kind == b"cut" else _FINISHED + _CONSUMED * bool(_USAGE.search(body)) + _DONE
            self._left = number
            self._say(_STREAM_HEAD, int(found[3] or 0) / 1e3, self._loop.time())
        else:
            self._whole(200, REPLY)

    def _whole(self, status: int, body: str) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._write((head + body).encode())

    def _say(self, before: bytes, pause: float, due: float) -> None:
        """Send a chunk, and say when the next one is due: late ones do not put off those after them."""
        self._timer = None
        self._left -= 1
        self._counts.chunks += 1
        event = _framed(_SAID % time.monotonic_ns())
        if self._left > 0:
            self._write(before + event)
            self._timer = self._loop.call_at(due + pause, self._say, b"", pause, due + pause)
        elif self._ending:
            self._write(before + event + _framed(self._ending) + b"0\r\n\r\n")
        elif self._transport is not None:
            self._write(before + event)
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def serve(port: int) -> asyncio.Server:
    """Listen on loopback."""
    counts = Counts()
    return await asyncio.get_running_loop().create_server(
        lambda: PacedProtocol(counts), "127.0.0.1", port, backlog=2048
    )


class PacedUpstream(NamedTuple):
    """A running upstream."""

    port: int

    def counts(self) -> Counts:
        """Return what was asked so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts", timeout=10) as reply:
            return msgspec.json.decode(reply.read(), type=Counts)

    def hits(self) -> int:
        """Return how many requests were answered."""
        return self.counts().requests

    def is_there(self) -> bool:
        """Tell whether it listens."""
        try:
            return self.hits() == 0
        except OSError:
            return False


@contextlib.contextmanager
def paced_upstream(folder: Path, *, cores: str) -> Iterator[PacedUpstream]:
    """Run the upstream in a process of its own."""
    folder.mkdir(parents=True)
    upstream = PacedUpstream(free_port())
    command = [sys.executable, "-m", "benchmarks.gateway.pacing", str(upstream.port)]
    with Tree(command, cores=cores, folder=folder, environment={"PYTHONPATH": str(ROOT)}):
        until(upstream.is_there, "the paced upstream starts")
        yield upstream


async def _main(port: int) -> None:
    async with await serve(port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1])))
