"""Server-sent events in passing: cut a byte stream at event borders, without decoding what nobody asks about."""

from collections.abc import AsyncGenerator, AsyncIterator

MAX_EVENT_BYTES = 8 * 2**20
_BORDER = b"\n\n"
_CRLF_BORDER = b"\r\n\r\n"
_DATA = b"data: "
_NAME = b"event:"


class EventCutter:
    """Cut what arrives into whole events."""

    def __init__(self) -> None:
        self.rest = b""
        """What stands behind the last border so far."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the events that are whole by now, each with its border; one that is too long comes in pieces."""
        text = self.rest + chunk if self.rest else chunk
        events: list[bytes] = []
        start = 0
        while (end := _end(text, start)) >= 0:
            events.append(text[start:end])
            start = end
        self.rest = text[start:]
        if len(self.rest) > MAX_EVENT_BYTES:
            events.append(self.rest)
            self.rest = b""
        return events


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
    if event.startswith(_DATA) and event.endswith(_BORDER) and event.find(b"\n") == len(event) - 2:
        return event[len(_DATA) : -2].strip(b"\r")  # one line, as nearly all of them are
    second = event.find(b"\n") + 1
    if event.startswith(_NAME) and event.startswith(_DATA, second) and event.find(_BORDER, second) == len(event) - 2:
        data = event[second + len(_DATA) : -2]
        if b"\n" not in data:
            return data.strip(b"\r")  # one line behind a name, as all of Anthropic's protocol are
    lines = [line.strip(b"\r") for line in event.split(b"\n")]
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))


def _end(text: bytes, start: int) -> int:
    """Return where the event that begins at `start` ends, -1 where its border has not come."""
    end = text.find(_BORDER, start)
    crlf = text.find(_CRLF_BORDER, start, len(text) if end < 0 else end)
    if crlf >= 0:
        return crlf + len(_CRLF_BORDER)
    return end + len(_BORDER) if end >= 0 else -1
