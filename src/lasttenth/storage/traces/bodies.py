"""The body of a span: everything that no query asks for, packed into bytes that are the same on every engine.

It is MessagePack, and unless it is small under Zstandard, with a dictionary of the project where there is one. Fields are
known by their place: a new one goes to the end and has a default, so that older bodies stay readable.
"""

from typing import Any

import msgspec

from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Assignment, Payload, Span, UnitSource
from lasttenth.records.usage import Usage
from lasttenth.storage.traces.blocks import SIZE, Chain, Cut, cut
from lasttenth.storage.traces.compression import zstd
from lasttenth.storage.traces.series import Series

LEVEL = 3
PLAIN = 256
"""Bytes up to which a body is not worth its compression."""
NO_DICTIONARY = 0
ALL, ENDS = 0, 1
"""How much of a text is indexed."""

_FRAME = b"\x28\xb5\x2f\xfd"
"""How a frame of Zstandard begins (RFC 8878, 3.1.1); no MessagePack array does."""
_encode = msgspec.msgpack.Encoder().encode


class Long(msgspec.Struct, frozen=True, array_like=True):
    """The blocks of payloads, where one is longer than a block; a stream has none, whatever its length."""

    input: Chain | None = None
    output: Chain | None = None


class Body(msgspec.Struct, frozen=True, array_like=True):
    """What a span holds beside its columns and its labels."""

    unit_source: UnitSource
    random_unit: str | None
    """A unit that nobody named; None where it is the trace's id."""
    key: str
    price_version: str
    probability: float
    first_token: int | None
    usage: Usage | None
    stages: dict[str, int]
    attributes: dict[str, Any]
    input: Payload | None
    """What is left of it after its blocks."""
    output: Payload | None
    erased: str = ""
    """Keyed hash of what was erased."""
    long: Long | None = None

    @property
    def indexed(self) -> int:
        """Return how much of its text full-text search has or will have: what leaves is named as it came in."""
        return ENDS if self.long else ALL

    @property
    def chains(self) -> tuple[Chain | None, Chain | None]:
        """Return the blocks that the input and the output begin with."""
        return (self.long.input, self.long.output) if self.long else (None, None)


_decode = msgspec.msgpack.Decoder(Body).decode


def body_of(span: Span) -> Body:
    """Return the body of a span."""
    return Body(
        unit_source=span.unit_source,
        random_unit=_random_unit(span),
        key=span.key,
        price_version=span.price_version,
        probability=span.assignment.probability if span.assignment else 1.0,
        first_token=span.first_token,
        usage=span.usage,
        stages=span.stages,
        attributes=span.attributes,
        input=span.input,
        output=span.output,
        erased=span.erased,
    )


def is_long(body: Body) -> bool:
    """Tell whether a payload is longer than a block."""
    # Asked for every span, so without a loop.
    said, answered = body.input, body.output
    return bool((said and len(said.body) > SIZE) or (answered and len(answered.body) > SIZE))


def without_blocks(body: Body, key: bytes, day: int) -> tuple[Body, list[Cut]]:
    """Return a body with what is left of long payloads, and how they were cut.

    Args:
        body: with whole payloads.
        key: the project's, under which blocks are hashed.
        day: days since the Unix epoch.
    """
    payloads = {"input": body.input, "output": body.output}
    long = {name: payload for name, payload in payloads.items() if payload and _is_cut(payload)}
    cuts = {name: cut(key, payload.body, day) for name, payload in long.items()}
    rests = {name: Payload(media_type=payload.media_type, body=cuts[name].rest) for name, payload in long.items()}
    chains = Long(**{name: each.chain for name, each in cuts.items()})
    return msgspec.structs.replace(body, **rests, long=chains), list(cuts.values())


def is_stream(media_type: str) -> bool:
    """Tell whether a payload is a stream of events."""
    return media_type.startswith("text/event-stream")


def named_unit(span: Span) -> str:
    """Return the unit that can be asked for: one that somebody named."""
    return "" if span.unit_source == "random" else span.unit


def _is_cut(payload: Payload) -> bool:
    # A stream is an answer, which nothing begins with again, and packed whole it is a fiftieth.
    return len(payload.body) > SIZE and not is_stream(payload.media_type)


def _random_unit(span: Span) -> str | None:
    if span.unit_source != "random":
        return ""
    return None if span.unit == span.trace_id else span.unit


def span_of(columns: dict[str, Any], series: Series, body: Body) -> Span:
    """Return the span that was taken apart into columns, labels and a body."""
    trace_id: str = columns["trace_id"]
    if body.unit_source == "random":
        columns["unit"] = trace_id if body.random_unit is None else body.random_unit
    assignment = Assignment(
        task=series.task,
        release=series.release,
        environment=series.environment,
        pointer=series.pointer,
        probability=body.probability,
    )
    return Span(
        **columns,
        operation=series.operation,  # type: ignore[arg-type]  # it was one when it was stored
        model=series.model,
        assignment=assignment if series.task else None,
        unit_source=body.unit_source,
        key=body.key,
        price_version=body.price_version,
        first_token=body.first_token,
        usage=body.usage,
        stages=body.stages,
        attributes=body.attributes,
        input=body.input,
        output=body.output,
        erased=body.erased,
    )


class Packer:
    """Pack and unpack with one dictionary. It may be used from several threads.

    Args:
        dictionary: what `training.train` returned; empty for none.
    """

    def __init__(self, dictionary: bytes = b"") -> None:
        self._dictionary = zstd.ZstdDict(dictionary) if dictionary else None
        self._compressor = zstd.ZstdCompressor(level=LEVEL, zstd_dict=self._dictionary)

    def pack(self, body: Body) -> bytes:
        """Return the bytes of a body; one that is small, as without payloads, is left as it is."""
        packed = _encode(body)
        return packed if len(packed) <= PLAIN else self.compress(packed)

    def compress(self, packed: bytes) -> bytes:
        """Return one whole frame."""
        return self._compressor.compress(packed, zstd.ZstdCompressor.FLUSH_FRAME)

    def unpack(self, packed: bytes) -> Body:
        """Return the body of bytes. Raises StorageError where they are damaged."""
        try:
            is_frame = packed.startswith(_FRAME)
            return _decode(zstd.decompress(packed, zstd_dict=self._dictionary) if is_frame else packed)
        except (zstd.ZstdError, msgspec.DecodeError, EOFError) as error:
            raise StorageError(f"The body of a span is damaged: {error}.", hint="Restore it from a backup.") from error
