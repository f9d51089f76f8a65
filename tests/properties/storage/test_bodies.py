"""Bodies and texts of spans: every span comes back as it was, damage is told, and any payload has a text."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.traces.bodies import ALL, ENDS, Packer, body_of, named_unit, span_of
from lasttenth.storage.traces.series import Series
from lasttenth.storage.traces.texts import MOST, Said, text_of, words_in

payloads = st.builds(
    Payload,
    media_type=st.sampled_from(["application/json", "text/event-stream", "text/plain", "image/png"]),
    body=st.binary(max_size=300) | st.text().map(lambda text: b"data: " + text.encode("utf-8", "replace")),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
spans = st.builds(
    Span,
    trace_id=st.just("1" * 32),
    span_id=st.just("2" * 16),
    name=st.text(),
    operation=st.sampled_from(["chat", "task"]),
    start=st.integers(0, 2**62),
    end=st.integers(0, 2**62),
    unit=st.text() | st.just("1" * 32),
    unit_source=st.sampled_from(["user", "random", "key"]),
    key=st.text(),
    attributes=st.dictionaries(st.text(), values, max_size=4),
    input=st.none() | payloads,
    output=st.none() | payloads,
)


@given(span=spans)
def test_span_comes_back_from_its_columns_its_series_and_its_body(span: Span) -> None:
    packer = Packer()
    columns = {
        name: getattr(span, name) for name in ("trace_id", "span_id", "parent_id", "name", "start", "end", "cost")
    }
    columns |= {"status": span.status, "error": span.error, "unit": named_unit(span)}

    body = packer.unpack(packer.pack(body_of(span)))

    assert span_of(columns, Series.of(span), body) == span


@given(span=spans, cut=st.integers(1, 20))
def test_body_that_was_cut_short_is_told_to_be_damaged(span: Span, cut: int) -> None:
    packer = Packer()

    with pytest.raises(StorageError, match="damaged"):
        packer.unpack(packer.pack(body_of(span))[:-cut])


@given(span=spans)
def test_body_of_before_there_were_blocks_is_read_and_leaves_with_all_its_words(span: Span) -> None:
    fields = msgspec.to_builtins(body_of(span), builtin_types=(bytes,))
    packer = Packer()

    body = packer.unpack(packer.compress(msgspec.msgpack.encode(fields[:12])))

    assert body == body_of(span)
    assert (body.indexed, body.chains) == (ALL, (None, None))


def test_all_of_a_text_that_was_indexed_before_is_named_again() -> None:
    body = b"word " * 50_000

    assert len(text_of("n", [Said("text/plain", body)], indexed=ALL)) == MOST
    assert len(text_of("n", [Said("text/plain", body)], indexed=ENDS)) < 11_000


def test_capital_of_mathematics_is_the_letter_that_is_looked_for() -> None:
    assert words_in("\N{MATHEMATICAL BOLD ITALIC CAPITAL A}b") == words_in("ab")


@given(span=spans, indexed=st.sampled_from([ALL, ENDS]), end=st.none() | st.binary(max_size=300))
def test_any_payload_has_words(span: Span, indexed: int, end: bytes | None) -> None:
    said = [Said(each.media_type, each.body, end) for each in (span.input, span.output) if each is not None]

    words = words_in(text_of(span.name, said, indexed=indexed))

    assert all(word.isalnum() for word in words)
    assert words_in(" ".join(words)) == words
