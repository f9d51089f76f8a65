"""HTTP/1.1 connections: uvicorn's own, except that the requests of the gateway go past ASGI.

Such a request is one `Exchange`: it is handed over as it was parsed, the head of its answer leaves together with the first
bytes of the body, and a client that goes away ends it, without a task beside it that waits for that. Whatever else
comes in on a connection is uvicorn's: other paths, requests that wait for their turn, timeouts, and how it all ends.
"""

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from lasttenth.models.protocols.gemini import KEY_HEADER
from lasttenth.serve.calls import GatewayReply
from lasttenth.server.endpoints import Endpoint, endpoint_of
from lasttenth.server.requests import DRAINED, ClientDisconnected, announced_length, too_large

logger = logging.getLogger("lasttenth.server")


AHEAD = 64 * 2**10
"""Bytes of a body that are read before anybody asks for it."""
COPIED = 64 * 2**10
"""Bytes from which an answer is not worth copying to leave in one piece with its head."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_UNSAFE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Answering(Protocol):
    """Who answers the requests of the gateway."""

    async def answer(self, exchange: "Exchange") -> None:
        """Answer one request."""
        ...


class Exchange(RequestResponseCycle):
    """A request of the gateway and its answer, in the place of what uvicorn keeps for a request of its own.

    Args:
        connection: where it came in.
        endpoint: what its path stands for.
        headers: names are in lower case, of a repeated one the last counts.
    """

    def __init__(self, connection: "GatewayConnection", endpoint: Endpoint, headers: dict[str, str]) -> None:
        version = connection.parser.get_http_version()
        self.endpoint = endpoint
        self.headers = headers
        self.keep_alive = version != "1.0" and connection.parser.should_keep_alive()
        self.response_complete = False
        self.disconnected = False
        self.message_event = asyncio.Event()
        self.transport = connection.transport
        self.flow = connection.flow
        self._connection = connection
        self._has_chunks = version != "1.0"
        self._parts: list[bytes] = []
        self._size = 0
        self._limit: int | None = None
        self._is_whole = False
        self._task: asyncio.Task[None] | None = None

    async def run_asgi(self, _app: object) -> None:
        """Answer: uvicorn starts whatever has its turn on a connection under this name."""
        self._task = asyncio.current_task()
        try:
            await self._connection.gateway.answer(self)
        except asyncio.CancelledError:
            if not self.disconnected:
                self.transport.abort()
                raise
        except Exception:
            logger.exception("A request failed.")
            self.transport.abort()

    async def read(self, *, limit: int) -> bytes:
        """Return the body. Raises PayloadTooLargeError, ClientDisconnected."""
        announced = announced_length(self.headers)
        if not self._is_whole and self.headers.get("expect", "").lower() == "100-continue":
            if announced > limit:
                self.keep_alive = False  # what follows is a body or another request: nobody knows
                raise too_large(announced, limit=limit)
            self.transport.write(_CONTINUE)
        self._limit = limit
        if not self._is_whole:
            self.flow.resume_reading()
            await self.message_event.wait()
        if self.disconnected:
            raise ClientDisconnected
        if max(self._size, announced) > limit:
            raise too_large(max(self._size, announced), limit=limit)
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def send_whole(self, reply: GatewayReply, body: bytes) -> None:
        """Send a whole answer."""
        head = self._head(reply, f"content-length: {len(body)}\r\n")
        for piece in (head + body,) if len(body) < COPIED else (head, body):
            self.transport.write(piece)
        self._complete()

    def head_of_stream(self, reply: GatewayReply) -> bytes:
        """Return what is to be sent before the first piece, and with it."""
        self.keep_alive = self.keep_alive and self._has_chunks
        return self._head(reply, "transfer-encoding: chunked\r\n" if self._has_chunks else "")

    async def send_piece(self, piece: bytes, *, head: bytes = b"") -> None:
        """Send a piece of a stream, and wait where the client does not keep up."""
        self.transport.write(b"%b%x\r\n%b\r\n" % (head, len(piece), piece) if self._has_chunks else head + piece)
        if self.flow.write_paused:
            await self.flow.drain()

    def end_stream(self, *, head: bytes = b"") -> None:
        """Send the end of a stream."""
        self.transport.write(head + (_LAST_CHUNK if self._has_chunks else b""))
        self._complete()

    def take(self, part: bytes) -> None:
        """Take a part of the body. What is beyond the limit is only counted, what comes after the answer not even that."""
        if self.response_complete:
            return
        self._size += len(part)
        if self._limit is None or self._size <= self._limit:
            self._parts.append(part)
        if self._limit is None and self._size > AHEAD:
            self.flow.pause_reading()
        if self._limit is not None and self._size > DRAINED * self._limit:
            self.message_event.set()

    def take_end(self) -> None:
        """Take the end of the body."""
        self._is_whole = True
        self.message_event.set()

    def leave(self) -> None:
        """End it: the client has gone."""
        self.disconnected = True
        self.message_event.set()
        if self._task is not None and not self.response_complete:
            self._task.cancel()

    def _head(self, reply: GatewayReply, length: str) -> bytes:
        headers = reply.headers
        if _UNSAFE.search("".join(headers.values())):
            headers = {name: _UNSAFE.sub("?", value) for name, value in headers.items()}
        lines = [_STATUS.get(reply.status) or f"HTTP/1.1 {reply.status} \r\n", f"content-type: {reply.media_type}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        lines.append(length)
        for name, default in self._connection.server_state.default_headers:
            if name == b"connection":
                self.keep_alive = False
            else:
                lines.append(f"{name.decode()}: {default.decode()}\r\n")
        lines.append("\r\n" if self.keep_alive else "connection: close\r\n\r\n")
        return "".join(lines).encode("latin-1")

    def _complete(self) -> None:
        self.response_complete = True
        if not self.keep_alive:
            self.transport.close()
        self._connection.completed(self)


class GatewayConnection(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.gateway: Answering = config.app.gateway  # type: ignore[union-attr]  # ours is the only application
        self._open: list[Exchange] = []
        """Those that are not complete, the latest at the end."""
        self._taking: Exchange | None = None
        """The one whose body is arriving."""

    def on_headers_complete(self) -> None:
        """Begin an exchange for a request of the gateway."""
        endpoint = endpoint_of(self.url) if self.parser.get_method() == b"POST" else None
        if endpoint is None:
            self._taking = None
            super().on_headers_complete()
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        if endpoint.key:
            headers.setdefault(KEY_HEADER, endpoint.key)
        exchange = Exchange(self, endpoint, headers)
        before, self.cycle, self._taking = self.cycle, exchange, exchange
        self._open.append(exchange)
        if before is None or before.response_complete:  # type: ignore[redundant-expr]  # None at first
            self._start_asgi_task(exchange, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body over."""
        if self._taking is None:
            super().on_body(body)
        else:
            self._taking.take(body)

    def on_message_complete(self) -> None:
        """Hand the end of a body over."""
        if self._taking is None:
            super().on_message_complete()
        else:
            self._taking.take_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is not complete."""
        super().connection_lost(exc)
        for exchange in self._open:
            exchange.leave()

    def completed(self, exchange: Exchange) -> None:
        """Let the next request have its turn."""
        self._open.remove(exchange)
        self.on_response_complete()
