"""Replies of which something was read already."""

from collections.abc import AsyncIterator

from lasttenth.models.port import ModelReply


class HeldReply:
    """An answer that was read to its end."""

    def __init__(self, reply: ModelReply, body: bytes) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self.translation = reply.translation
        self._body = body

    async def read(self, limit: int) -> bytes:
        """Return the whole body."""
        return self._body[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body

    async def close(self) -> None:
        """There is nothing to give up."""


class BegunReply:
    """A stream of which the beginning was read."""

    def __init__(self, reply: ModelReply, said: bytes, rest: AsyncIterator[bytes]) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self.translation = reply.translation
        self._reply = reply
        self._said = said
        self._rest = rest

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off."""
        return b"".join([chunk async for chunk in self.chunks()])[:limit]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off."""
        yield self._said
        async for chunk in self._rest:
            yield chunk

    async def close(self) -> None:
        """Give up the rest of the answer."""
        await self._reply.close()
