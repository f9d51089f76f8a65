"""Outbound HTTP: the port that every engine keeps, and what a failure is called. It knows no engine.

Redirects are never followed and cookies never kept. A body that comes compressed although nobody asked for it is
decoded, since its usage must be read.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from lasttenth.records.errors import UpstreamError, UpstreamTimeoutError

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Engine = Literal["auto", "aiohttp", "pyreqwest"]
Fault = Literal["url", "time", "certificate", "unreachable", "broken", "large"]

IDLE_SECONDS = 15.0
"""How long a connection is kept that nobody uses: less than most servers keep it, so that few close it under us."""

MOST_ROUTES = 1024
"""URLs of which an engine keeps what it made. Some name a model, which callers choose."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to wait, in seconds: for a connection, and between two reads (which bounds the first byte as well)."""

    connect: Seconds = 10.0
    read: Seconds = 300.0
    connections: Count = 1024


class Outbound(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a provider.

    An engine keeps what it made of a URL and its headers: give the same mapping each time, and never change it.
    """

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
        """Return the headers; names are matched without regard to case, and of several values the first one counts."""
        ...

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
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


class Address(NamedTuple):
    """What of a URL decides how to get there."""

    scheme: str
    host: str
    """With the port where the URL has one, and never with a password."""


def address_of(url: str) -> Address:
    """Return where a URL leads. Raises UpstreamError for one that is no address of an HTTP server."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise failure(url, "url")
    except ValueError as error:
        raise failure(url, "url") from error
    return Address(scheme=parts.scheme, host=parts.netloc.rpartition("@")[2])


def failure(url: str, fault: Fault, reason: str = "") -> UpstreamError:
    """Return our error for what went wrong, in words that are the same for every engine."""
    # Neither a password nor a query of the URL may reach those who called.
    host = url.split("/")[2].rpartition("@")[2].partition("?")[0] if url.count("/") >= 2 else "The provider"
    why = f": {reason}" if reason and "://" not in reason else ""
    if fault == "time":
        return UpstreamTimeoutError(f"{host} did not answer in time.", hint="Try again, or raise `timeouts`.")
    message, hint = {
        "url": (f"The URL of {host} cannot be read.", "Correct the provider's base_url in lasttenth.yaml."),
        "certificate": (f"{host} has a certificate that cannot be verified.", "Check base_url and the clock."),
        "unreachable": (f"{host} cannot be reached{why}.", "Check that it runs and that base_url is right."),
        "broken": (f"{host} gave no whole answer{why}.", "Try again; if it stays so, look at the provider's log."),
        "large": (f"{host} sends an answer that is too large{why}.", "Ask for less."),
    }[fault]
    return UpstreamError(message, hint=hint)


def too_large(url: str, limit: int) -> UpstreamError:
    """Return the error for a body beyond so many bytes."""
    return failure(url, "large", f"more than {limit} bytes")
