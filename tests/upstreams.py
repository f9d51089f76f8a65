"""Servers that speak HTTP byte by byte, for tests of what engines do with every kind of answer."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import pytest

SECONDS = 10.0
"""Within which everything that a test waits for happens."""


class Peer:
    """One connection to a server, as the server sees it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        """The first connection is 1."""
        self.reader = reader
        self.writer = writer

    async def request(self) -> tuple[str, dict[str, str], bytes]:
        """Return the first line, the headers under names in lower case, and the body of the next request."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return first, headers, await self.reader.readexactly(int(headers.get("content-length", "0")))

    async def send(self, *pieces: bytes) -> None:
        """Send bytes as they are."""
        self.writer.writelines(pieces)
        await self.writer.drain()

    async def left(self) -> None:
        """Wait until the client closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """End the connection at once."""
        self.writer.transport.abort()


Serve = Callable[[Peer], Awaitable[None]]


class RawServer:
    """Serve each connection with a function, until the end of the block. The connection is closed when it returns."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Return the server's URL, with a path."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1/chat"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**22)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.ensure_future(self._served(Peer(self.connections, reader, writer)))
        self._tasks.add(task)

    async def _served(self, peer: Peer) -> None:
        try:
            if self._tls is not None:
                # Here and not in `start_server`, which would leave a handshake that the client refuses to itself.
                await peer.writer.start_tls(self._tls)
            await self._serve(peer)
            if not peer.writer.transport.is_closing():
                await peer.writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            return
        finally:
            if self._tls is None:
                peer.writer.close()
            else:
                # Closing would wait for the client to say that it closes as well, beyond the end of the loop.
                peer.reset()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a length."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Authority(NamedTuple):
    """An authority's own certificate, and two that it signed."""

    root: Path
    tls: ssl.SSLContext
    """For a server that shows a certificate of 127.0.0.1."""
    elsewhere: ssl.SSLContext
    """For a server that shows a certificate of another name."""


def make_authority(folder: Path) -> Authority:
    """Make an authority and the certificates that it signs, or skip the test where openssl is missing."""
    root, key = folder / "root.pem", folder / "root.key"
    _openssl("req", "-x509", *_NEW_KEY, "-days", 30, "-keyout", key, "-out", root, "-subj", "/CN=Authority of a test")
    return Authority(root, _signed(folder, "IP:127.0.0.1"), _signed(folder, "DNS:other.example"))


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _signed(folder: Path, name: str) -> ssl.SSLContext:
    """Return the context of a server that shows a certificate of a name."""
    names = ("root.pem", "root.key", "key.pem", "request.pem", "signed.pem", "extensions")
    root, root_key, key, request, signed, extensions = (folder / each for each in names)
    extensions.write_text(f"subjectAltName={name}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl("req", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=test")
    by_root = ("-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", 30, "-extfile", extensions)
    _openssl("x509", "-req", "-in", request, "-out", signed, *by_root)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(signed, key)
    return tls


def _openssl(*arguments: object) -> None:
    try:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificates can be made")
