"""The gateway as a provider of itself, for those inside who want its answers and its records."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Translation
from lasttenth.models.protocols import PROTOCOLS
from lasttenth.serve.admit import TAGS_HEADER
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline


class GatewayProvider:
    """Ask the gateway for the models of one provider: a request like any other, traced and costed.

    Args:
        name: of the provider.
    """

    protocols: tuple[ProtocolName, ...] = ()

    def __init__(self, name: str, pipeline: Pipeline, project: str) -> None:
        self._name = name
        self._pipeline = pipeline
        self._project = project

    async def call(self, request: ModelRequest) -> ModelReply:
        """Return the answer. Raises UpstreamError, ModelNotFoundError, InvalidRequestError."""
        fields = msgspec.json.decode(request.body, type=dict[str, Any])
        fields["model"] = f"{self._name}/{request.model}"
        if request.stream:
            fields["stream"] = True
        asked = GatewayRequest(
            operation=request.operation,
            protocol=PROTOCOLS[request.protocol],
            project=self._project,
            headers={**request.headers, TAGS_HEADER: ",".join(request.tags)} if request.tags else request.headers,
            body=msgspec.json.encode(fields),
        )
        return _Reply(await self._pipeline.answer(asked))

    async def models(self) -> list[ModelInfo]:
        """Return no models: nobody lists them here."""
        return []

    async def close(self) -> None:
        """The gateway belongs to the installation."""


class _Reply:
    """An answer of the gateway, as a provider's."""

    translation: Translation | None = None

    def __init__(self, reply: GatewayReply) -> None:
        self._body = reply.body
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.headers.get("retry-after", "")

    async def read(self, limit: int) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks()])[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        if isinstance(self._body, bytes):
            yield self._body
            return
        async for piece in self._body:
            yield piece

    async def close(self) -> None:
        """Give up the rest of the answer."""
        if not isinstance(self._body, bytes):
            await self._body.aclose()
