"""Translation: nothing is lost that both protocols can say, whole or as a stream, and streams are cut anywhere."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ProtocolName
from lasttenth.models.protocols import PROTOCOLS
from lasttenth.models.translation.codecs import CODECS
from lasttenth.models.translation.neutral import (
    Asked,
    Begun,
    Choice,
    Consumed,
    Event,
    Lost,
    Media,
    Over,
    Part,
    Piece,
    Reason,
    Shape,
    Stopped,
    Text,
    Thinking,
    Tool,
    ToolResult,
    ToolUse,
    Turn,
    Wishes,
    joined,
)
from lasttenth.models.translation.speech import Speech
from lasttenth.records.usage import Usage
from lasttenth.testing import FixedClock

NAMES: list[ProtocolName] = list(CODECS)
PAIRS = st.sampled_from([(one, other) for one in NAMES for other in NAMES])
MODEL = "claude-opus-4-5"
WORDS = st.text(min_size=1, max_size=20).filter(str.strip)
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)
ARGUMENTS = OBJECTS.map(lambda value: msgspec.json.encode(value).decode())
TEXTS = st.builds(Text, text=WORDS)
DATA = st.binary(min_size=1, max_size=9).map(lambda data: msgspec.json.encode(data).decode().strip('"'))
PICTURES = st.builds(Media, kind=st.just("image"), media_type=st.sampled_from(["image/png", "image/jpeg"]), data=DATA)
LINKS = st.builds(Media, kind=st.just("image"), url=st.sampled_from(["https://host/a.png", "https://host/b.jpg"]))
PAPERS = st.builds(
    Media, kind=st.just("document"), media_type=st.just("application/pdf"), data=DATA, name=st.sampled_from(["a.pdf"])
)
USES = st.builds(ToolUse, id=IDS, name=IDS, arguments=ARGUMENTS)
RESULTS = st.builds(ToolResult, id=IDS, parts=st.tuples(TEXTS))
SCHEMAS = st.sampled_from([{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "object"}])


@st.composite
def questions(draw: st.DrawFn) -> Turn:
    """Return what a user says: what tools said first, as all protocols have it."""
    results = draw(st.lists(RESULTS, max_size=2))
    parts = draw(st.lists(TEXTS | PICTURES | LINKS | PAPERS, min_size=1, max_size=3))
    return Turn(role="user", parts=(*results, *parts))


@st.composite
def answers(draw: st.DrawFn) -> Turn:
    """Return what a model said: words, then calls of tools."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=2))
    return Turn(role="assistant", parts=(*texts, *draw(st.lists(USES, max_size=2))))


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Return what all protocols can say."""
    pairs = draw(st.lists(st.tuples(questions(), answers()), max_size=2))
    turns = [turn for pair in pairs for turn in pair]
    tools = draw(st.lists(st.builds(Tool, name=IDS, description=WORDS, schema=SCHEMAS), max_size=2))
    choices = st.sampled_from(
        [Choice(mode="auto"), Choice(mode="any"), Choice(mode="none"), Choice(mode="one", name="a")]
    )
    return Asked(
        system=tuple(draw(st.lists(TEXTS, max_size=1))),
        turns=(*turns, draw(questions())),
        tools=tuple(tools),
        wishes=Wishes(
            max_tokens=draw(st.integers(1, 99)),
            temperature=draw(st.none() | st.floats(0, 1)),
            top_p=draw(st.none() | st.floats(0, 1)),
            stop=tuple(draw(st.lists(WORDS, max_size=2))),
            choice=draw(st.none() | choices) if tools else None,
            shape=draw(
                st.none() | st.builds(Shape, schema=SCHEMAS, name=st.just("answer"), strict=st.just(value=True))
            ),
            user=draw(st.none() | IDS),
        ),
    )


def comparable(asked: Asked) -> Asked:
    """Return a request without the name of the answer's shape, which is no part of what is asked."""
    shape = asked.wishes.shape
    named = None if shape is None else Shape(schema=shape.schema, name="answer", strict=True)
    return msgspec.structs.replace(asked, wishes=msgspec.structs.replace(asked.wishes, shape=named))


def sayable(asked: Asked, names: Sequence[ProtocolName]) -> Asked:
    """Return what some protocols can say of a request: Responses know no words that stop an answer, Gemini's no user."""
    stop = () if "responses" in names else asked.wishes.stop
    user = None if "gemini" in names else asked.wishes.user
    return msgspec.structs.replace(asked, wishes=msgspec.structs.replace(asked.wishes, stop=stop, user=user))


@given(asked=requests(), pair=PAIRS)
def test_request_is_the_same_after_any_two_protocols(asked: Asked, pair: tuple[ProtocolName, ProtocolName]) -> None:
    asked = sayable(asked, pair)
    lost, said = Lost(), asked
    for name in pair:
        body = CODECS[name].write_request(said, MODEL, stream=False, lost=lost)
        said = CODECS[name].read_request(fields_of(body), lost)

    assert list(lost) == []
    assert comparable(said) == comparable(asked)


PARTS = st.lists(
    st.one_of(
        st.builds(Text, text=WORDS),
        st.builds(Thinking, text=WORDS),
        st.builds(Thinking, text=WORDS, signature=IDS),
        st.builds(ToolUse, id=IDS, name=IDS, arguments=ARGUMENTS, signature=st.just("") | IDS),
    ),
    min_size=1,
    max_size=4,
)
COUNTS = st.integers(0, 2**20)


@st.composite
def usages(draw: st.DrawFn, *, writes: bool) -> Usage:
    """Return a usage whose parts are parts of its totals."""
    read, written, kept, heard = (draw(COUNTS) for _ in range(4))
    thought, spoken, said = (draw(COUNTS) for _ in range(3))
    return Usage(
        input_tokens=read + written + kept + heard + draw(COUNTS),
        output_tokens=thought + spoken + said,
        cache_read_tokens=read,
        cache_write_tokens=(written + kept) * writes,
        cache_write_1h_tokens=kept * writes,
        reasoning_tokens=thought,
    )


def _place(part: Part) -> int:
    return 0 if isinstance(part, Thinking) else 1 if isinstance(part, Text) else 2


@st.composite
def replies(draw: st.DrawFn, *, writes: bool = True) -> list[Event]:
    """Return a reply: thought first, then words, then calls of tools, each with pieces of its own."""
    parts = sorted(draw(PARTS), key=_place)
    texts = [part for part in parts if isinstance(part, Text)]
    thoughts = [part for part in parts if isinstance(part, Thinking)]
    kept: list[Any] = [*thoughts[:1], *texts[:1], *(part for part in parts if isinstance(part, ToolUse))]
    calls = any(isinstance(part, ToolUse) for part in kept)
    ends: list[Reason] = ["tool_use"] if calls else ["stop", "length", "refused"]
    reason = draw(st.sampled_from(ends))
    pieces = [Piece(number=number, part=part) for number, part in enumerate(kept)]
    usage = draw(usages(writes=writes))
    begun = Begun(id=draw(IDS), model="m", created=1)
    return [begun, *pieces, Stopped(reason=reason), Consumed(usage=usage), Over()]


def gathered(events: Sequence[Event]) -> tuple[list[Part], list[Any], Usage | None]:
    """Return the parts of a reply, how it ended, and what was consumed, however many pieces it came in."""
    parts: dict[int, Part] = {}
    usage = None
    for event in events:
        if isinstance(event, Piece):
            before = parts.get(event.number)
            parts[event.number] = event.part if before is None else joined(before, event.part)
        elif isinstance(event, Consumed):
            usage = event.usage
    found = sorted(parts.values(), key=_place)
    ended = [event.reason for event in events if isinstance(event, Stopped)]
    return [part for part in found if part not in {Text(text=""), Thinking()}], ended, usage


@given(name=st.sampled_from(NAMES), data=st.data())
def test_whole_reply_reads_as_it_was_written(name: ProtocolName, data: st.DataObject) -> None:
    reply = data.draw(replies(writes=name != "gemini"))
    lost = Lost()

    body = CODECS[name].write_reply(reply, lost=lost)

    assert gathered(CODECS[name].read_reply(body, lost)) == gathered(reply)
    assert list(lost) == []


@given(pair=PAIRS, data=st.data())
def test_stream_says_the_same_in_another_protocol_however_it_is_cut(
    pair: tuple[ProtocolName, ProtocolName], data: st.DataObject
) -> None:
    wanted, spoken = pair
    assume(wanted != spoken)
    reply = data.draw(replies(writes="gemini" not in pair))
    lost = Lost()
    writer = CODECS[spoken].writer(lost=lost)
    stream = b"".join(map(writer.write, reply))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    speech = Speech(wanted, spoken, FixedClock())

    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def said() -> bytes:
        return b"".join([piece async for piece in speech.stream(chunks())])

    translated = asyncio.run(said())
    reader = CODECS[wanted].reader(lost)
    found = [event for event in map(data_in, translated.split(b"\n\n")) if event]
    events = [event for each in found for event in reader.read(each)]
    prices: list[Usage | None] = []
    reading = PROTOCOLS[wanted].reading({}, prices.append)
    for each in found:
        reading.passes(each)

    assert gathered(events) == gathered(reply)
    assert (list(lost), speech.translation.lost) == ([], [])
    assert reading.is_complete
    assert prices[-1] == speech.translation.usage == gathered(reply)[2]


def data_in(event: bytes) -> bytes:
    """Return the data of an event of one line."""
    return event.split(b"data: ", 1)[-1] if b"data: " in event else b""


@given(fields=st.dictionaries(st.text(min_size=1, max_size=9), VALUES, max_size=6), name=st.sampled_from(NAMES))
def test_what_nobody_knows_is_named_never_dropped(fields: dict[str, Any], name: ProtocolName) -> None:
    asked = Asked(turns=(Turn(role="user", parts=(Text(text="Hello?"),)),), wishes=Wishes(max_tokens=9))
    lost = Lost()
    known = fields_of(CODECS[name].write_request(asked, MODEL, stream=False, lost=lost))
    strange = {f"x{number}": value for number, value in enumerate(fields.values())}
    body = msgspec.json.encode({**strange, **known})

    CODECS[name].read_request(fields_of(body), lost)

    silent: tuple[Any, ...] = ("", [])
    said = {key for key, value in strange.items() if value is not None and value is not False and value not in silent}
    assert set(lost) == said
