"""A transport that answers with pages of a list of models."""

from collections.abc import AsyncIterator, Mapping

from lasttenth.net.transport import Inbound, Outbound


class Pages:
    """Answer each request with the next page, the last one for all that follow, and keep what was asked."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        self.asked: list[Outbound] = []
        self.status = status
        self._bodies = bodies

    async def send(self, request: Outbound) -> Inbound:
        """Answer."""
        self.asked.append(request)
        return Page(self._bodies[min(len(self.asked), len(self._bodies)) - 1], self.status)

    async def close(self) -> None:
        """There is nothing to close."""


class Page:
    """One answer."""

    headers: Mapping[str, str] = {}

    def __init__(self, body: bytes, status: int) -> None:
        self.status = status
        self._body = body

    async def read(self, _limit: int) -> bytes:
        """Return the body."""
        return self._body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body

    async def close(self) -> None:
        """There is nothing to let go of."""
