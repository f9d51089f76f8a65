"""Outbound HTTP on pyreqwest, the faster engine. Import it through `choosing` alone: it needs the extra `fast`."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestError
from pyreqwest.http import HeaderMap, Url
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from lasttenth.net.proxies import proxy_for
from lasttenth.net.transport import IDLE_SECONDS, MOST_ROUTES, Address, Limits, Outbound, address_of, failure, too_large
from lasttenth.records.errors import UpstreamError

_FAILURES = (PyreqwestError, ValueError)


class _Route(NamedTuple):
    """What is made once of a URL and its headers."""

    source: Mapping[str, str]
    client: Client
    url: Url
    headers: HeaderMap


class PyreqwestTransport:
    """The faster engine: connections live in a thread that belongs to no event loop.

    Up to pyreqwest 0.15.1 a `send` that is cancelled goes on upstream until the head of the answer arrives, or until
    the read limit; the contract's test says when this is over.
    """

    def __init__(self, limits: Limits, proxy_of: Callable[[Address], str] = proxy_for) -> None:
        self._limits = limits
        self._proxy_of = proxy_of
        self._clients: dict[str, Client] = {}
        self._routes: dict[str, _Route] = {}

    async def send(self, request: Outbound) -> "PyreqwestInbound":
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        route = self._routes.get(request.url)
        if route is None or route.source is not request.headers:
            if len(self._routes) >= MOST_ROUTES:
                self._routes.pop(next(iter(self._routes)))
            route = self._routes[request.url] = self._route(request)
        try:
            building = route.client.request(request.method, route.url).headers(route.headers)
            if request.body:
                building = building.body_bytes(request.body)
            # Without this limit an answer would be held back until a buffer of it is full.
            exchange = building.streamed_read_buffer_limit(0).build_streamed()
            response = await exchange.__aenter__()
        except _FAILURES as error:
            raise _failure(request.url, error) from error
        return PyreqwestInbound(request.url, exchange, response)

    async def close(self) -> None:
        """Close all connections."""
        clients = list(self._clients.values())
        self._clients.clear()
        self._routes.clear()
        for client in clients:
            await client.close()

    def _route(self, request: Outbound) -> _Route:
        proxy = self._proxy_of(address_of(request.url))
        try:
            client = self._clients.get(proxy)
            if client is None:
                client = self._clients[proxy] = self._open(proxy)
            url, headers = Url(request.url), HeaderMap(request.headers)
            if "authorization" in headers:
                # A key goes before what stands in the URL.
                url = url.with_username("").with_password(None)
        except _FAILURES as error:
            raise _failure(request.url, error) from error
        return _Route(source=request.headers, client=client, url=url, headers=headers)

    def _open(self, proxy: str) -> Client:
        limits = self._limits
        building = ClientBuilder().follow_redirects(False).referer(False).tcp_nodelay(True).http1_only()
        building = building.max_connections(limits.connections).pool_idle_timeout(timedelta(seconds=IDLE_SECONDS))
        connecting = timedelta(seconds=limits.connect)
        building = building.connect_timeout(connecting).pool_timeout(connecting)
        building = building.read_timeout(timedelta(seconds=limits.read)).no_proxy()
        return (building.proxy(ProxyBuilder.all(proxy)) if proxy else building).build()


class PyreqwestInbound:
    """An answer that pyreqwest is reading."""

    __slots__ = ("_ended", "_exchange", "_response", "_url", "status")

    def __init__(self, url: str, exchange: StreamRequest, response: Response) -> None:
        self._url = url
        self._exchange = exchange
        self._response = response
        self._ended = False
        self.status = response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names are matched without regard to case, and of several values the first one counts."""
        headers: Mapping[str, str] = self._response.headers
        return headers

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        reader = self._response.body_reader
        body = bytearray()
        try:
            while (chunk := await reader.read_chunk()) is not None:
                body += chunk
                if len(body) > limit:
                    raise too_large(self._url, limit)
        except _FAILURES as error:
            raise _failure(self._url, error) from error
        self._ended = True
        return bytes(body)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError when it breaks off."""
        reader = self._response.body_reader
        try:
            while (chunk := await reader.read_chunk()) is not None:
                yield bytes(chunk)
        except _FAILURES as error:
            raise _failure(self._url, error) from error
        self._ended = True

    async def close(self) -> None:
        """Let go of the connection; an unfinished body cancels the work upstream."""
        if not self._ended:
            self._ended = True
            await self._exchange.__aexit__(None, None, None)


def _failure(url: str, error: Exception) -> UpstreamError:
    """Return our error for what pyreqwest raised."""
    if isinstance(error, TimeoutError):
        return failure(url, "time")
    if not isinstance(error, RequestError):
        return failure(url, "url")
    causes = [cause["message"] for cause in error.details["causes"] or ()]
    # pyreqwest has no classes of its own for these two.
    if any("certificate" in cause for cause in causes):
        return failure(url, "certificate")
    reason = causes[-1].partition(" (os error")[0] if causes else ""
    connected = not any("(Connect)" in cause for cause in causes)
    return failure(url, "broken" if connected else "unreachable", reason)
