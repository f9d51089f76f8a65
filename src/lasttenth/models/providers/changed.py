"""Answers to requests that were changed on their way."""

from collections.abc import AsyncIterator

from lasttenth.models.port import ModelReply, Translation


class ChangedReply:
    """An answer to a request of which something was left out on the way."""

    def __init__(self, reply: ModelReply, translation: Translation) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self.translation = translation
        self._reply = reply

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        return await self._reply.read(limit)

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off."""
        return self._reply.chunks()

    async def close(self) -> None:
        """Give up the rest of the answer."""
        await self._reply.close()
