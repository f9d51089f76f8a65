"""Server-sent events in passing: cut a byte stream at event borders, without decoding what nobody asks about."""

from collections.abc import AsyncGenerator, AsyncIterator

MAX_EVENT_BYTES = 8 * 2**20
BORDER = b"\n\n"
_CRLF_BORDER = b"\r\n\r\n"
_DATA = b"data: "
_NAME = b"event:"


class EventCutter:
    """Cut what arrives into whole events, in time that grows with its length alone, however small the chunks are."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """Return what stands behind the last border so far."""
        return bytes(self._rest)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events that are whole by now, each with its border; one that is too long comes in pieces."""
        text, end = self._joined(chunk) if self._rest else (chunk, _end(chunk, 0))
        start = 0
        events: list[bytes] = []
        while end >= 0:
            events.append(text[start:end])
            start, end = end, _end(text, end)
        if len(text) - start > MAX_EVENT_BYTES:
            events.append(text[start:])
            start = len(text)
        if start < len(text):
            self._rest = bytearray(text[start:])
        return events

    def _joined(self, chunk: bytes) -> tuple[bytes, int]:
        """Return all that is not cut yet and where its first event ends, -1 and nothing where that is not known."""
        rest = self._rest
        searched = max(len(rest) - len(_CRLF_BORDER) + 1, 0)
        rest += chunk
        end = _end(rest, searched)
        if end < 0 and len(rest) <= MAX_EVENT_BYTES:
            return b"", -1
        self._rest = bytearray()
        return bytes(rest), end


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield whole events with their border. What stands behind the last border comes at the end, as it is."""
    cutter = EventCutter()
    async for chunk in chunks:
        for event in cutter.feed(chunk):
            yield event
    if cutter.rest:
        yield cutter.rest


def data_of(event: bytes) -> bytes:
    """Return the data of an event, its lines joined as the standard says (WHATWG HTML, 9.2.6)."""
    if event.startswith(_DATA) and event.endswith(BORDER) and event.find(b"\n") == len(event) - 2:
        return event[len(_DATA) : -2].strip(b"\r")  # one line, as nearly all of them are
    second = event.find(b"\n") + 1
    if event.startswith(_NAME) and event.startswith(_DATA, second) and event.find(BORDER, second) == len(event) - 2:
        data = event[second + len(_DATA) : -2]
        if b"\n" not in data:
            return data.strip(b"\r")  # one line behind a name, as all of Anthropic's protocol are
    lines = [line.strip(b"\r") for line in event.split(b"\n")]
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))


def _end(text: bytes | bytearray, start: int) -> int:
    """Return where the event that begins at `start` ends, -1 where its border has not come."""
    end = text.find(BORDER, start)
    crlf = text.find(_CRLF_BORDER, start, len(text) if end < 0 else end + len(BORDER))
    if crlf >= 0:
        return crlf + len(_CRLF_BORDER)
    return end + len(BORDER) if end >= 0 else -1
