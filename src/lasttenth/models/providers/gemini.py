"""Any server that speaks Gemini's protocol."""

from urllib.parse import quote

import msgspec

from lasttenth.models.port import ModelInfo, ModelOperation, ModelRequest, ProtocolName
from lasttenth.models.protocols import GEMINI
from lasttenth.models.protocols.gemini import EMBED_BATCH, KEY_HEADER, METHODS, STREAM, is_batch
from lasttenth.models.providers.listing import MOST_PAGES, read_list
from lasttenth.models.providers.openai_compatible import HEADERS, RelayedReply
from lasttenth.models.providers.passage import Passage
from lasttenth.net.transport import Outbound, Transport

PAGE = 1000
"""Models that are asked for at one time, as many as the protocol allows."""


class _Listed(msgspec.Struct, rename="camel"):
    name: str
    supported_generation_methods: tuple[str, ...] = ()


class _Page(msgspec.Struct, rename="camel"):
    models: list[_Listed] = []
    next_page_token: str = ""


class GeminiProvider:
    """Relay requests to one base URL.

    Args:
        name: the provider's name, the first part of `provider/model`.
        base_url: up to and including the version, as in `https://host/v1beta`.
        api_key: sent as `x-goog-api-key`; empty for servers that want none.
        transport: shared by all providers.
    """

    protocols: tuple[ProtocolName, ...] = ("gemini",)

    def __init__(self, name: str, *, base_url: str, api_key: str, transport: Transport) -> None:
        self._name = name
        self._base = f"{base_url.rstrip('/')}/models"
        self._transport = transport
        self._headers = dict(HEADERS)
        if api_key.strip():
            self._headers[KEY_HEADER] = api_key.strip()
        self.passage = Passage(GEMINI, base_url, self._headers, transport)

    async def call(self, request: ModelRequest) -> RelayedReply:
        """Call a model and return once its answer begins. Raises UpstreamError."""
        url = f"{self._base}/{quote(request.model, safe='')}:{_method(request)}"
        outbound = Outbound(method="POST", url=url, headers=self._headers, body=request.body)
        return RelayedReply(await self._transport.send(outbound))

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names, page by page. Raises UpstreamError."""
        found: list[ModelInfo] = []
        url = first = f"{self._base}?pageSize={PAGE}"
        for _ in range(MOST_PAGES):
            request = Outbound(method="GET", url=url, headers=self._headers)
            page = await read_list(self._transport, request, provider=self._name, kind=_Page)
            found += [self._info(model) for model in page.models]
            if not page.next_page_token:
                break
            url = f"{first}&pageToken={quote(page.next_page_token, safe='')}"
        return found

    async def close(self) -> None:
        """The transport belongs to all providers; there is nothing to release."""

    def _info(self, model: _Listed) -> ModelInfo:
        return ModelInfo(
            name=f"{self._name}/{model.name.removeprefix('models/')}",
            provider=self._name,
            operations=_operations(model.supported_generation_methods),
        )


def _method(request: ModelRequest) -> str:
    if request.operation == "embeddings" and is_batch(request.body):
        return EMBED_BATCH
    return f"{STREAM}?alt=sse" if request.stream else METHODS[request.operation]


def _operations(methods: tuple[str, ...]) -> tuple[ModelOperation, ...]:
    return tuple(operation for operation, method in METHODS.items() if method in methods)
