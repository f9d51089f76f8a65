"""Which protocols can be translated, and what reads and writes each."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from lasttenth.models.bodies import Fields
from lasttenth.models.port import ProtocolName
from lasttenth.models.translation.anthropic import reading as anthropic_reading
from lasttenth.models.translation.anthropic import writing as anthropic_writing
from lasttenth.models.translation.gemini import reading as gemini_reading
from lasttenth.models.translation.gemini import writing as gemini_writing
from lasttenth.models.translation.neutral import Asked, Event, Lost
from lasttenth.models.translation.openai import reading as openai_reading
from lasttenth.models.translation.openai import writing as openai_writing
from lasttenth.models.translation.responses import reading as responses_reading
from lasttenth.models.translation.responses import writing as responses_writing


class Reader(Protocol):
    """Reads one stream."""

    def read(self, data: bytes) -> list[Event]:
        """Return what an event's data says. Raises InvalidRequestError, and UpstreamError where it says an error."""
        ...


class Writer(Protocol):
    """Writes one stream."""

    def write(self, event: Event) -> bytes:
        """Return what an event is in this protocol, which may be nothing."""
        ...


class WriteRequest(Protocol):
    """Writes requests."""

    def __call__(self, asked: Asked, model: str, *, stream: bool, lost: Lost) -> bytes:
        """Return the body of a request. Raises InvalidRequestError."""
        ...


class WriteReply(Protocol):
    """Writes replies."""

    def __call__(self, events: Iterable[Event], *, lost: Lost) -> bytes:
        """Return the body of a whole reply. Raises InvalidRequestError."""
        ...


class StartWriter(Protocol):
    """Begins to write a stream."""

    def __call__(self, *, lost: Lost) -> Writer:
        """Return what writes it."""
        ...


class Codec(NamedTuple):
    """What reads and writes one protocol."""

    read_request: Callable[[Fields, Lost], Asked]
    write_request: WriteRequest
    read_reply: Callable[[bytes, Lost], list[Event]]
    write_reply: WriteReply
    reader: Callable[[Lost], Reader]
    writer: StartWriter


CODECS: Mapping[ProtocolName, Codec] = {
    "openai": Codec(
        read_request=openai_reading.read_request,
        write_request=openai_writing.write_request,
        read_reply=openai_reading.read_reply,
        write_reply=openai_writing.write_reply,
        reader=openai_reading.StreamReader,
        writer=openai_writing.StreamWriter,
    ),
    "responses": Codec(
        read_request=responses_reading.read_request,
        write_request=responses_writing.write_request,
        read_reply=responses_reading.read_reply,
        write_reply=responses_writing.write_reply,
        reader=responses_reading.StreamReader,
        writer=responses_writing.StreamWriter,
    ),
    "gemini": Codec(
        read_request=gemini_reading.read_request,
        write_request=gemini_writing.write_request,
        read_reply=gemini_reading.read_reply,
        write_reply=gemini_writing.write_reply,
        reader=gemini_reading.StreamReader,
        writer=gemini_writing.StreamWriter,
    ),
    "anthropic": Codec(
        read_request=anthropic_reading.read_request,
        write_request=anthropic_writing.write_request,
        read_reply=anthropic_reading.read_reply,
        write_reply=anthropic_writing.write_reply,
        reader=anthropic_reading.StreamReader,
        writer=anthropic_writing.StreamWriter,
    ),
}
