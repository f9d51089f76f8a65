"""Any server that speaks OpenAI's protocol: OpenAI itself, vLLM, llama.cpp, Ollama's /v1, and many more."""

from collections.abc import AsyncIterator

import msgspec

from lasttenth.models.bodies import JSON
from lasttenth.models.port import ModelInfo, ModelRequest, ProtocolName, Translation
from lasttenth.models.protocols import OPENAI, RESPONSES
from lasttenth.models.providers.listing import read_list
from lasttenth.models.providers.passage import Passage
from lasttenth.net.transport import Inbound, Outbound, Transport

HEADERS = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "content-type": JSON,
    "user-agent": "lasttenth",
}
"""Headers of every request to a provider, whatever its protocol: all engines say the same of themselves."""


class _Listed(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Listed] = []


class OpenAICompatibleProvider:
    """Relay requests to one base URL.

    Args:
        name: the provider's name, the first part of `provider/model`.
        base_url: up to and including the version, as in `https://host/v1`.
        api_key: sent as a bearer token; empty for servers that want none.
        transport: shared by all providers.
        protocols: `openai`, `responses`, or both, the preferred one first.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str,
        api_key: str,
        transport: Transport,
        protocols: tuple[ProtocolName, ...] = ("openai",),
    ) -> None:
        self.protocols = protocols
        self._name = name
        base = base_url.rstrip("/")
        self._urls = {
            (protocol.name, operation): base + path
            for protocol in (OPENAI, RESPONSES)
            for operation, path in protocol.paths.items()
        }
        self._list_url = f"{base}/models"
        self._transport = transport
        # The same mapping for all requests: an engine keeps what it made of it.
        self._headers = {**HEADERS}
        if api_key.strip():
            self._headers["authorization"] = f"Bearer {api_key.strip()}"
        self.passage = Passage(OPENAI, base_url, self._headers, transport)

    async def call(self, request: ModelRequest) -> "RelayedReply":
        """Call a model and return once its answer begins. Raises UpstreamError."""
        url = self._urls[request.protocol, request.operation]
        outbound = Outbound(method="POST", url=url, headers=self._headers, body=request.body)
        return RelayedReply(await self._transport.send(outbound))

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names. Raises UpstreamError."""
        outbound = Outbound(method="GET", url=self._list_url, headers=self._headers)
        listed = (await read_list(self._transport, outbound, provider=self._name, kind=_ModelList)).data
        return [ModelInfo(name=f"{self._name}/{model.id}", provider=self._name) for model in listed]

    async def close(self) -> None:
        """The transport belongs to all providers; there is nothing to release."""


class RelayedReply:
    """An answer that is passed on as it arrives."""

    translation: Translation | None = None

    def __init__(self, answer: Inbound) -> None:
        self._answer = answer
        self.status = answer.status
        self.media_type = answer.headers.get("content-type", "application/json")
        self.retry_after = answer.headers.get("retry-after", "")

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        return await self._answer.read(limit)

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off."""
        return self._answer.chunks()

    async def close(self) -> None:
        """Give up the rest of the answer."""
        await self._answer.close()
