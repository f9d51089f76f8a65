"""Outbound HTTP: a port, and its default engine on aiohttp. Redirects are never followed, bodies are never decoded twice."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Protocol

import aiohttp
import msgspec

from lasttenth.records.errors import UpstreamError, UpstreamTimeoutError

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait, in seconds: for a connection, and between two reads (which bounds the first byte as well)."""

    connect: Seconds = 10.0
    read: Seconds = 300.0
    connections: Count = 256


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a provider."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


class Inbound(Protocol):
    """A provider's answer, of which only the head has been read."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names are matched without regard to case."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError when it breaks off."""
        ...

    async def close(self) -> None:
        """Let go of the connection; an unfinished body cancels the work upstream."""
        ...


class Transport(Protocol):
    """Send requests."""

    async def send(self, request: Outbound) -> Inbound:
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class AiohttpTransport:
    """The default transport: one pool of connections for the event loop that first uses it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Outbound) -> "AiohttpInbound":
        """Send a request and return once the head of the answer is there. Raises UpstreamError."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        try:
            response = await session.request(
                request.method, request.url, data=request.body or None, headers=request.headers, allow_redirects=False
            )
        except Exception as error:
            raise _failure(request.url, error) from error
        return AiohttpInbound(request.url, response)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect, sock_read=self._limits.read)
        connector = aiohttp.TCPConnector(limit=self._limits.connections, ttl_dns_cache=60)
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
        )


class AiohttpInbound:
    """An answer that aiohttp is reading."""

    def __init__(self, url: str, response: aiohttp.ClientResponse) -> None:
        self._url = url
        self._response = response

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names are matched without regard to case."""
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError when it breaks off."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failure(self._url, error) from error

    async def close(self) -> None:
        """Let go of the connection; an unfinished body cancels the work upstream."""
        self._response.close()


def _failure(url: str, error: Exception) -> Exception:
    """Return our error for what aiohttp raised; anything else is a defect and stays as it is."""
    # Neither a password nor a query of the URL may reach those who called.
    host = url.split("/")[2].rpartition("@")[2] if url.count("/") >= 2 else "The provider"
    if isinstance(error, asyncio.TimeoutError):
        return UpstreamTimeoutError(f"{host} did not answer in time.", hint="Try again, or raise the limit.")
    if isinstance(error, aiohttp.InvalidURL):
        return UpstreamError(
            f"The URL of {host} cannot be read.", hint="Correct the provider's base_url in lasttenth.yaml."
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return UpstreamError(f"{host} has a certificate that cannot be verified.", hint="Check base_url and the clock.")
    if isinstance(error, aiohttp.ClientError | OSError):
        return UpstreamError(
            f"{host} cannot be reached: {error}.", hint="Check that it runs and that base_url is right."
        )
    return error
