"""One request and its answer, said in a protocol that the other side does not speak."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator

import msgspec

from lasttenth.models.bodies import Fields
from lasttenth.models.port import ProtocolName, Translation
from lasttenth.models.translation.codecs import CODECS
from lasttenth.models.translation.neutral import Begun, Consumed, Event, Lost, Over, Piece, Stopped
from lasttenth.net.events import EventCutter, data_of
from lasttenth.records.errors import InvalidRequestError, LasttenthError, UpstreamError
from lasttenth.records.ids import Clock

_UNTRANSLATABLE = (InvalidRequestError, RecursionError)
_TOO_DEEP = "it is nested too deep."
_HINT = "Check that its base_url speaks the protocol that its settings name."
_AGAIN = "Send the request again."


class Speech:
    """Translate a request, and then what answers it.

    Args:
        wanted: what the caller speaks.
        spoken: what the one who answers speaks.
    """

    def __init__(self, wanted: ProtocolName, spoken: ProtocolName, clock: Clock) -> None:
        self.translation = Translation(lost=[], unsaid=set())
        self._wanted = CODECS[wanted]
        self._spoken = CODECS[spoken]
        self._clock = clock
        self._lost = Lost()

    def request(self, fields: Fields, model: str, *, stream: bool) -> bytes:
        """Return the body of a request, translated. Raises InvalidRequestError."""
        try:
            asked = self._wanted.read_request(fields, self._lost)
            body = self._spoken.write_request(asked, model, stream=stream, lost=self._lost)
        except RecursionError as error:
            raise InvalidRequestError(f"The request cannot be translated: {_TOO_DEEP}") from error
        self._note()
        return body

    def add(self, translation: Translation) -> None:
        """Take note of what got lost behind this one."""
        self._lost.add(*translation.lost)
        self.translation.unsaid |= translation.unsaid
        self._note()

    def whole(self, body: bytes) -> bytes:
        """Return a whole reply, translated. Raises UpstreamError where it is none, or is an error."""
        try:
            events = list(self._noted(self._spoken.read_reply(body, self._lost)))
            if not any(isinstance(event, Piece | Stopped | Consumed) for event in events):
                raise UpstreamError("The provider answers with something that is no reply.", hint=_HINT)
            return self._wanted.write_reply(events, lost=self._lost)
        except _UNTRANSLATABLE as error:
            raise _unreadable(error) from error
        finally:
            self._note()

    async def stream(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Yield a stream, translated; what arrives together goes on together. Raises UpstreamError where it breaks."""
        reader, writer = self._spoken.reader(self._lost), self._wanted.writer(lost=self._lost)
        cutter = EventCutter()
        heard: set[type[Event]] = set()

        def said(events: Iterable[bytes]) -> Iterator[bytes]:
            for event in (each for data in map(data_of, events) if data for each in self._noted(reader.read(data))):
                heard.add(type(event))
                if isinstance(event, Over) and Stopped not in heard:
                    raise UpstreamError("The provider ended its stream and does not say why.", hint=_AGAIN)
                yield writer.write(event)

        async for chunk in chunks:
            written, failure = _together(said(cutter.feed(chunk)))
            self._note()
            if written:
                yield written
            if failure is not None:
                raise failure
        written, failure = _together(said([cutter.rest]))
        if Stopped in heard and Over not in heard:
            written += writer.write(Over())  # some servers say no more than why they ended
        if written:
            yield written
        if failure is not None:
            raise failure

    def _note(self) -> None:
        self.translation.lost = list(self._lost)

    def _noted(self, events: Iterable[Event]) -> Iterable[Event]:
        """Yield events, and take note of what was consumed and when the answer began."""
        for event in events:
            if isinstance(event, Consumed):
                self.translation.usage = event.usage
            if isinstance(event, Begun) and not event.created:
                yield msgspec.structs.replace(event, created=self._clock.now() // 10**9)
            else:
                yield event


def _together(pieces: Iterator[bytes]) -> tuple[bytes, LasttenthError | None]:
    """Return what is said before somebody fails, and how."""
    written = bytearray()
    try:
        for piece in pieces:
            written += piece
    except _UNTRANSLATABLE as error:
        return bytes(written), _unreadable(error)
    except UpstreamError as error:
        return bytes(written), error
    return bytes(written), None


def _unreadable(error: InvalidRequestError | RecursionError) -> UpstreamError:
    reason = error.message if isinstance(error, InvalidRequestError) else _TOO_DEEP
    return UpstreamError(f"The provider's answer cannot be translated: {reason}", hint=_HINT)
