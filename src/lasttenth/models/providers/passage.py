"""Any path of one provider: a request goes there as it came, with the provider's key in the place of the caller's."""

import re
from collections.abc import Mapping
from typing import Protocol, runtime_checkable
from urllib.parse import unquote

import msgspec

from lasttenth.models.protocols import WireProtocol
from lasttenth.net.transport import Inbound, Outbound, Transport
from lasttenth.records.errors import InvalidRequestError

PASSED = (
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "range",
)
"""Headers of a caller that go on: those that say what a body is, and what of an interface is meant. All others stay, among
them keys and cookies, what belongs to a connection, and whom a provider should charge (`openai-organization`)."""

MOST_CODED = 3
"""How often a path may be percent-encoded."""

_VERSION = re.compile(r"/v\d\w*$")
_PATH = re.compile(r"(?:/[\w.~!$&'()*+,;=:@%-]*)+", re.ASCII)
_QUERY = re.compile(r"[\w.~!$&'()*+,;=:@%/?\[\]-]*", re.ASCII)
_SEPARATORS = re.compile(r"[/\\]")


class PassedOn(msgspec.Struct, frozen=True, kw_only=True):
    """A request on its way to a provider. Path and query are percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Passage:
    """The way to one provider, and never to another host.

    Args:
        protocol: what the provider speaks.
        base_url: up to and including the version.
        headers: what every request to the provider says, among it the provider's key.
        transport: shared by all providers.
    """

    def __init__(self, protocol: WireProtocol, base_url: str, headers: Mapping[str, str], transport: Transport) -> None:
        self.protocol = protocol
        self._base = base_url.rstrip("/")
        self._headers = {name: value for name, value in headers.items() if name != "content-type"}
        self._transport = transport

    async def send(self, request: PassedOn, *, has_version: bool) -> Inbound:
        """Send a request and return once the head of the answer is there. Raises InvalidRequestError, UpstreamError.

        Args:
            request: what is sent.
            has_version: whether the path begins with the version, as the provider's documentation writes it.
        """
        check_path(request.path, request.query)
        base = _VERSION.sub("", self._base) if has_version else self._base
        url = f"{base}{request.path}{request.query and '?'}{request.query}"
        passed = {name: request.headers[name] for name in PASSED if name in request.headers}
        headers = {**self._headers, **passed}
        return await self._transport.send(Outbound(method=request.method, url=url, headers=headers, body=request.body))


@runtime_checkable
class Passable(Protocol):
    """A provider to whom any request can be passed on."""

    passage: Passage


def check_path(path: str, query: str) -> None:
    """Raise InvalidRequestError for a path that may lead out of where it begins, however it is written."""
    plain = path
    for _ in range(MOST_CODED):
        plain = unquote(plain)
    climbs = any(segment in {".", ".."} for segment in _SEPARATORS.split(plain))
    if (
        climbs
        or plain != unquote(plain)
        or not plain.isprintable()
        or not _PATH.fullmatch(path)
        or not _QUERY.fullmatch(query)
    ):
        raise InvalidRequestError("The path cannot be passed on.", hint="Write it without . and .., percent-encoded.")
