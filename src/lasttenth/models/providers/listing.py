"""The list of models that a provider answers with, or a page of it."""

from typing import TypeVar

import msgspec

from lasttenth.models.bodies import UNREADABLE
from lasttenth.net.transport import Outbound, Transport
from lasttenth.records.errors import UpstreamError

MAX_LIST_BYTES = 4 * 2**20
MOST_PAGES = 20

L = TypeVar("L")


async def read_list(transport: Transport, request: Outbound, *, provider: str, kind: type[L]) -> L:
    """Return what a provider answers when it is asked for its models. Raises UpstreamError."""
    answer = await transport.send(request)
    try:
        body = await answer.read(MAX_LIST_BYTES)
    finally:
        await answer.close()
    if answer.status != 200:
        raise UpstreamError(
            f"{provider} answers {answer.status} when asked for its models.",
            hint="Check its base_url and api_key.",
            upstream_status=answer.status,
        )
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise UpstreamError(f"{provider} sends a list of models that cannot be read: {error}.") from error
