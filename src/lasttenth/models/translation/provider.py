"""A provider that is asked in another protocol than its own."""

from collections.abc import AsyncIterator

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Provider
from lasttenth.models.translation.foreign import OwnThoughtProvider
from lasttenth.models.translation.speech import Speech
from lasttenth.records.ids import Clock


def speaking(provider: Provider, protocol: ProtocolName, clock: Clock) -> Provider:
    """Return a provider as somebody who speaks a protocol: itself where it does, with no thought but its own."""
    spoken = provider.protocols
    if not spoken:
        return provider
    if protocol in spoken:
        return provider if protocol == "openai" else OwnThoughtProvider(provider, protocol)
    return TranslatedProvider(provider, spoken[0], protocol, clock)


class TranslatedProvider:
    """Ask a provider in a protocol that it does not speak. Chat is translated, whole and as a stream.

    Args:
        provider: who answers.
        spoken: what it speaks.
        protocol: what its callers speak.
    """

    def __init__(self, provider: Provider, spoken: ProtocolName, protocol: ProtocolName, clock: Clock) -> None:
        self.protocols = (protocol,)
        self._wanted = protocol
        self._provider = provider
        self._spoken = spoken
        self._clock = clock

    async def call(self, request: ModelRequest) -> "TranslatedReply":
        """Call a model and return once its answer begins. Raises what the provider raises, and InvalidRequestError."""
        speech = Speech(self._wanted, self._spoken, self._clock)
        body = speech.request(fields_of(request.body), request.model, stream=request.stream)
        translated = ModelRequest(
            operation=request.operation,
            protocol=self._spoken,
            model=request.model,
            body=body,
            stream=request.stream,
            lost=tuple(speech.translation.lost),
            tags=request.tags,
        )
        reply = await self._provider.call(translated)
        if reply.translation is not None:
            speech.add(reply.translation)
        return TranslatedReply(reply, speech)

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names. Raises UpstreamError."""
        return await self._provider.models()

    async def close(self) -> None:
        """The provider belongs to others."""


class TranslatedReply:
    """An answer in another protocol than the provider's; an error stays as the provider sent it."""

    def __init__(self, reply: ModelReply, speech: Speech) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self.translation = speech.translation
        self._reply = reply
        self._speech = speech

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, is no reply, or has more than so many bytes."""
        body = await self._reply.read(limit)
        return body if self.status >= 400 else self._speech.whole(body)

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off, says an error, or cannot be read."""
        return self._speech.stream(self._reply.chunks())

    async def close(self) -> None:
        """Give up the rest of the answer."""
        await self._reply.close()
