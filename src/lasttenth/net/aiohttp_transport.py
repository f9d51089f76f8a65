"""Outbound HTTP on aiohttp, which is always installed."""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from typing import NamedTuple
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from lasttenth.net.proxies import proxy_for
from lasttenth.net.transport import IDLE_SECONDS, Address, Limits, Outbound, address_of, failure, too_large
from lasttenth.records.errors import UpstreamError

DNS_SECONDS = 60
_FAILURES = (aiohttp.ClientError, OSError, ValueError)
_REUSED: ContextVar[bool] = ContextVar("reused", default=False)
"""Whether the connection that this request got had served another one before."""


class _Route(NamedTuple):
    """What is made once of a URL and its headers."""

    source: Mapping[str, str]
    url: URL
    headers: CIMultiDict[str]
    proxy: URL | None
    tls: ssl.SSLContext | bool


class AiohttpTransport:
    """The engine that is always there: one pool of connections for the event loop that first uses it."""

    def __init__(self, limits: Limits, proxy_of: Callable[[Address], str] = proxy_for) -> None:
        self._limits = limits
        self._proxy_of = proxy_of
        self._session: aiohttp.ClientSession | None = None
        self._routes: dict[str, _Route] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: Outbound) -> "AiohttpInbound":
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        route = self._routes.get(request.url)
        if route is None or route.source is not request.headers:
            route = self._routes[request.url] = self._route(request)
        session = self._session
        if session is None:
            session = self._session = self._open()
        try:
            response = await self._answered(session, request, route)
        except _FAILURES as error:
            if not _was_stale(error):
                raise _failure(request.url, error) from error
        else:
            return AiohttpInbound(request.url, response)
        try:
            return AiohttpInbound(request.url, await self._answered(session, request, route))
        except _FAILURES as error:
            raise _failure(request.url, error) from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _answered(
        self, session: aiohttp.ClientSession, request: Outbound, route: _Route
    ) -> aiohttp.ClientResponse:
        return await session.request(
            request.method,
            route.url,
            data=request.body or None,
            headers=route.headers,
            proxy=route.proxy,
            ssl=route.tls,
            allow_redirects=False,
        )

    def _route(self, request: Outbound) -> _Route:
        address = address_of(request.url)
        proxy = self._proxy_of(address)
        if address.scheme == "https" and self._tls is None:
            # Made when it is needed: the certificates of the system take a while to read.
            self._tls = ssl.create_default_context()
        url, headers = URL(request.url), CIMultiDict(request.headers)
        return _Route(
            source=request.headers,
            # A key goes before what stands in the URL.
            url=url.with_user(None) if "authorization" in headers else url,
            headers=headers,
            proxy=URL(proxy) if proxy else None,
            tls=self._tls or True,
        )

    def _open(self) -> aiohttp.ClientSession:
        limits = self._limits
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect, sock_read=limits.read)
        connector = _Connector(limit=limits.connections, ttl_dns_cache=DNS_SECONDS, keepalive_timeout=IDLE_SECONDS)
        # The environment is read by `proxy_for`, once: aiohttp would read it, and ~/.netrc, for each request.
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )


class AiohttpInbound:
    """An answer that aiohttp is reading."""

    __slots__ = ("_response", "_url", "status")

    def __init__(self, url: str, response: aiohttp.ClientResponse) -> None:
        self._url = url
        self._response = response
        self.status = response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names are matched without regard to case, and of several values the first one counts."""
        return self._response.headers

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        content = self._response.content
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
        content = self._response.content
        try:
            while chunk := await content.readany():
                yield chunk
        except _FAILURES as error:
            raise _failure(self._url, error) from error

    async def close(self) -> None:
        """Let go of the connection; an unfinished body cancels the work upstream."""
        self._response.close()


class _Connector(aiohttp.TCPConnector):
    """A pool that says whether a connection had served before."""

    def __init__(self, *, limit: int, ttl_dns_cache: int, keepalive_timeout: float) -> None:
        super().__init__(limit=limit, ttl_dns_cache=ttl_dns_cache, keepalive_timeout=keepalive_timeout)
        self._served: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the name is aiohttp's
    ) -> Connection:
        """Return a connection from the pool, or a new one."""
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        reused = protocol in self._served
        _REUSED.set(reused)
        if protocol is not None and not reused:
            self._served.add(protocol)
        return connection


def _was_stale(error: Exception) -> bool:
    """Tell whether a kept connection was closed before any of the answer came, so that sending anew is safe.

    aiohttp itself does this for idempotent methods only. What it puts into `message` is the head that had begun to
    arrive, or a text where there was none.
    """
    return _REUSED.get() and isinstance(error, aiohttp.ServerDisconnectedError) and isinstance(error.message, str)


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
    return "what it sends is no HTTP" if isinstance(error, aiohttp.ClientResponseError) else "it ended too early"


def _system_reason(error: OSError) -> str:
    # The event loops write addresses into their texts; numbers below zero are those of name servers.
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or ""
