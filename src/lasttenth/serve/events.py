"""Server-sent events in passing: cut a byte stream at event borders, without decoding what nobody asks about."""

from collections.abc import AsyncGenerator, AsyncIterator

MAX_EVENT_BYTES = 8 * 2**20
_BORDERS = (b"\n\n", b"\r\n\r\n")


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield whole events with their border. What stands behind the last border comes at the end, as it is."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        while True:
            end = _border(rest)
            if end is None:
                break
            yield rest[:end]
            rest = rest[end:]
        if len(rest) > MAX_EVENT_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def data_of(event: bytes) -> bytes:
    """Return the data of an event, its lines joined as the standard says (WHATWG HTML, 9.2.6)."""
    lines = [line.strip(b"\r") for line in event.split(b"\n")]
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))


def _border(text: bytes) -> int | None:
    ends = [at + len(border) for border in _BORDERS if (at := text.find(border)) >= 0]
    return min(ends) if ends else None
