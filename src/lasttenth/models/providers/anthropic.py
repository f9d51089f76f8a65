"""Any server that speaks Anthropic's protocol."""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from lasttenth.models.port import ModelInfo, ModelRequest, ProtocolName
from lasttenth.models.protocols import ANTHROPIC
from lasttenth.models.protocols.anthropic import DEFAULT_VERSION, VERSION_HEADER
from lasttenth.models.providers.listing import MOST_PAGES, read_list
from lasttenth.models.providers.openai_compatible import HEADERS, RelayedReply
from lasttenth.models.providers.passage import Passage
from lasttenth.net.transport import Outbound, Transport

PAGE = 1000
"""Models that are asked for at one time, as many as the protocol allows."""
MOST_HEADS = 64
"""Sets of headers that are remembered. Callers choose them: a few in any one application."""


class _Listed(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    data: list[_Listed] = []
    has_more: bool = False
    last_id: str | None = None


class AnthropicProvider:
    """Relay requests to one base URL.

    Args:
        name: the provider's name, the first part of `provider/model`.
        base_url: up to and including the version, as in `https://host/v1`.
        api_key: sent as `x-api-key`; empty for servers that want none.
        transport: shared by all providers.
    """

    protocols: tuple[ProtocolName, ...] = ("anthropic",)

    def __init__(self, name: str, *, base_url: str, api_key: str, transport: Transport) -> None:
        self._name = name
        base = base_url.rstrip("/")
        self._urls = {operation: base + path for operation, path in ANTHROPIC.paths.items()}
        self._list_url = f"{base}/models"
        self._transport = transport
        self._headers = {**HEADERS, VERSION_HEADER: DEFAULT_VERSION}
        if api_key.strip():
            self._headers["x-api-key"] = api_key.strip()
        self.passage = Passage(ANTHROPIC, base_url, self._headers, transport)
        self._heads: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    async def call(self, request: ModelRequest) -> RelayedReply:
        """Call a model and return once its answer begins. Raises UpstreamError."""
        url = self._urls[request.operation]
        outbound = Outbound(method="POST", url=url, headers=self._head(request.headers), body=request.body)
        return RelayedReply(await self._transport.send(outbound))

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names, page by page. Raises UpstreamError."""
        found: list[ModelInfo] = []
        url = f"{self._list_url}?limit={PAGE}"
        for _ in range(MOST_PAGES):
            request = Outbound(method="GET", url=url, headers=self._headers)
            page = await read_list(self._transport, request, provider=self._name, kind=_Page)
            found += [ModelInfo(name=f"{self._name}/{model.id}", provider=self._name) for model in page.data]
            if not page.has_more or not page.last_id:
                break
            url = f"{self._list_url}?limit={PAGE}&after_id={quote(page.last_id, safe='')}"
        return found

    async def close(self) -> None:
        """The transport belongs to all providers; there is nothing to release."""

    def _head(self, passed: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of a request: the same mapping for the same ones, as the transport wants it."""
        if not passed:
            return self._headers
        key = tuple(passed.items())
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= MOST_HEADS:
                self._heads.pop(next(iter(self._heads)))
            head = self._heads[key] = {**self._headers, **passed}
        return head
