"""The first content of a stream: until it is there, another deployment may still answer in the place of this one."""

from collections.abc import AsyncIterator

from lasttenth.models.bodies import UNREADABLE
from lasttenth.models.protocols import Reading, WireProtocol
from lasttenth.net.events import EventCutter, data_of

MOST_BEFORE = 256 * 2**10
"""Bytes without content after which a stream is taken as it is."""


class NoContent(Exception):  # noqa: N818 - how a stream turned out, not an error of ours
    """The stream has ended, or says that it failed, before it has said anything."""


async def until_content(chunks: AsyncIterator[bytes], protocol: WireProtocol, reading: Reading) -> bytes:
    """Return what a stream says up to its first content, its chunk whole, after it was read. Raises NoContent."""
    said = b""
    cutter = EventCutter()
    async for chunk in chunks:
        said += chunk
        if any(_has_content(event, protocol, reading) for event in cutter.feed(chunk)) or len(said) > MOST_BEFORE:
            return said
    raise NoContent


def _has_content(event: bytes, protocol: WireProtocol, reading: Reading) -> bool:
    """Tell whether an event says something. Raises NoContent for one that says that nothing comes."""
    data = data_of(event)
    if not data:
        return False
    try:
        reading.passes(data)
        progress = protocol.progress(data)
    except UNREADABLE as error:
        raise NoContent from error
    if progress == "over":
        raise NoContent
    return progress == "says"
