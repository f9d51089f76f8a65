"""Outbound HTTP on aiohttp, which is always installed.

Of aiohttp these are the pool of connections, with TLS, proxies and names, and the parser of answers. Its session is not:
what it makes anew of each request costs more than sending it, and here a head is the same for all requests of a route.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from lasttenth.net.proxies import proxy_for
from lasttenth.net.transport import IDLE_SECONDS, MOST_ROUTES, Address, Limits, Outbound, address_of, failure, too_large
from lasttenth.records.errors import UpstreamError

DNS_SECONDS = 60
JOINED = 64 * 2**10
"""Bytes of a body up to which it is copied to leave in one piece with its head."""

_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)


class _StaleError(aiohttp.ServerDisconnectedError):
    """A kept connection was closed before any of an answer came: it is safe to send the request anew."""


class _Handler(ResponseHandler):
    """A connection whose body hears of it when what follows is no HTTP: aiohttp 3.14.5 lets it wait for ever."""

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        super().data_received(data)
        failure, body = self.exception(), self._payload
        if failure is not None and body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(failure)


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool, of these connections."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limit=limits.connections, ttl_dns_cache=DNS_SECONDS, keepalive_timeout=IDLE_SECONDS)
        handler: type[ResponseHandler] = _Handler
        self._factory = partial(handler, loop=self._loop)


class _Route:
    """What is made once of a method, a URL and its headers.

    Args:
        source: the headers as they were given.
        target: where aiohttp connects to.
    """

    def __init__(self, source: Mapping[str, str], target: ClientRequest) -> None:
        self.source = source
        self.target = target
        self._head = b""

    def head(self) -> bytes:
        """Return the head of a request, but for its length. Raises ValueError for a header with a line end.

        It is read once there is a connection: by then aiohttp has added what a proxy wants to know.
        """
        if not self._head:
            target = self.target
            place = str(target.url) if target.proxy and not target.is_ssl() else target.url.raw_path_qs
            headers = [f"{name}: {value}" for name, value in target.headers.items() if name.lower() != "content-length"]
            if any(set(line) & {"\r", "\n", "\0"} for line in headers):
                raise ValueError("a header has a line end")
            self._head = "\r\n".join([f"{target.method} {place} HTTP/1.1", *headers, ""]).encode()
        return self._head


class AiohttpTransport:
    """The engine that is always there: one pool of connections for the event loop that first uses it."""

    def __init__(self, limits: Limits, proxy_of: Callable[[Address], str] = proxy_for) -> None:
        self._limits = limits
        self._proxy_of = proxy_of
        self._timeout = aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.read)
        self._connector: aiohttp.TCPConnector | None = None
        self._served: WeakSet[ResponseHandler] = WeakSet()
        """Connections that have had a request before."""
        self._routes: dict[tuple[str, str], _Route] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: Outbound) -> "AiohttpInbound":
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        route = self._routes.get((request.method, request.url))
        if route is None or route.source is not request.headers:
            if len(self._routes) >= MOST_ROUTES:
                self._routes.pop(next(iter(self._routes)))
            route = self._routes[request.method, request.url] = self._route(request)
        try:
            while True:
                try:
                    return await self._answered(request, route)
                except _StaleError:
                    continue
        except _FAILURES as error:
            raise _failure(request.url, error) from error

    async def close(self) -> None:
        """Close all connections."""
        if self._connector is not None:
            await self._connector.close()

    async def _answered(self, request: Outbound, route: _Route) -> "AiohttpInbound":
        connection = await self._connected(route)
        protocol = connection.protocol
        if protocol is None:
            raise aiohttp.ServerDisconnectedError
        is_kept = protocol in self._served
        self._served.add(protocol)
        try:
            protocol.set_response_params(read_timeout=self._limits.read, read_until_eof=True)
            _write(protocol.transport, route.head(), request.body)
            protocol.start_timeout()
            message, content = await protocol.read()
            while 100 <= message.code < 200:
                message, content = await protocol.read()
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            _hang_up(connection)
            # aiohttp puts the head that had begun to arrive into `message`, or a text where there was none. A request
            # on its way to somebody who has closed already is answered with a reset.
            if is_kept and isinstance(getattr(error, "message", ""), str):
                raise _StaleError from error
            raise
        except BaseException:
            _hang_up(connection)
            raise
        return AiohttpInbound(request.url, connection, message, content)

    async def _connected(self, route: _Route) -> Connection:
        if self._connector is None:
            self._connector = _Connector(self._limits)
        return await self._connector.connect(route.target, [], self._timeout)

    def _route(self, request: Outbound) -> _Route:
        address = address_of(request.url)
        proxy = self._proxy_of(address)
        if address.scheme == "https" and self._tls is None:
            # Made when it is needed: the certificates of the system take a while to read.
            self._tls = ssl.create_default_context()
        url, headers = URL(request.url), CIMultiDict(request.headers)
        target = ClientRequest(
            request.method,
            # A key goes before what stands in the URL.
            url.with_user(None) if "authorization" in headers else url,
            headers=headers,
            proxy=URL(proxy) if proxy else None,
            ssl=self._tls or True,
            loop=asyncio.get_running_loop(),
        )
        return _Route(request.headers, target)


class AiohttpInbound:
    """An answer that aiohttp is reading."""

    __slots__ = ("_connection", "_content", "_url", "headers", "status")

    def __init__(
        self, url: str, connection: Connection, message: aiohttp.http.RawResponseMessage, content: aiohttp.StreamReader
    ) -> None:
        self._url = url
        self._connection = connection
        self._content = content
        self.status = message.code
        self.headers: Mapping[str, str] = message.headers

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        content = self._content
        body = bytearray()
        try:
            while chunk := await content.readany():
                if len(body) + len(chunk) > limit:
                    raise too_large(self._url, limit)
                if not body and content.at_eof():
                    return chunk
                body += chunk
        except _FAILURES as error:
            raise _failure(self._url, error) from error
        return bytes(body)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError when it breaks off."""
        content = self._content
        try:
            while chunk := await content.readany():
                yield chunk
        except _FAILURES as error:
            raise _failure(self._url, error) from error

    async def close(self) -> None:
        """Let go of the connection; an unfinished body cancels the work upstream."""
        transport = self._connection.transport
        if self._content.is_eof() and transport is not None and not transport.get_write_buffer_size():
            self._connection.release()
        else:
            _hang_up(self._connection)


def _write(transport: asyncio.Transport | None, head: bytes, body: bytes) -> None:
    """Send a request, without waiting until all of it has left: its answer may begin before that."""
    start = b"%bcontent-length: %d\r\n\r\n" % (head, len(body)) if body else head + b"\r\n"
    if transport is None:
        raise aiohttp.ServerDisconnectedError
    if len(body) <= JOINED:
        transport.write(start + body)
    else:
        transport.writelines((start, body))


def _hang_up(connection: Connection) -> None:
    """Close a connection at once, whatever has not left yet."""
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


def _failure(url: str, error: Exception) -> UpstreamError:
    """Return our error for what aiohttp raised."""
    if isinstance(error, TimeoutError):
        return failure(url, "time")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return failure(url, "certificate")
    if isinstance(error, aiohttp.ClientConnectorError):
        return failure(url, "unreachable", _system_reason(error.os_error))
    if isinstance(error, aiohttp.InvalidURL):
        return failure(url, "url")
    return failure(url, "broken", _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    if isinstance(error, OSError):
        return _system_reason(error)
    return "what it sends is no HTTP" if isinstance(error, HttpProcessingError) else "it ended too early"


def _system_reason(error: OSError) -> str:
    # The event loops write addresses into their texts; numbers below zero are those of name servers.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or ""
