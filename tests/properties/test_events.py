"""Server-sent events: where they are cut does not depend on how their bytes arrive."""

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.net.events import EventCutter

PIECES = st.sampled_from([b"data: a", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r", b": ping"])


@given(st.lists(PIECES, max_size=30).map(b"".join), st.lists(st.integers(1, 7), max_size=99))
def test_events_are_the_same_however_their_bytes_arrive(stream: bytes, sizes: list[int]) -> None:
    whole, split = EventCutter(), EventCutter()
    events: list[bytes] = []
    start = 0

    for size in [*sizes, len(stream)]:
        events += split.feed(stream[start : start + size])
        start += size

    assert events == whole.feed(stream)
    assert b"".join([*events, split.rest]) == stream
