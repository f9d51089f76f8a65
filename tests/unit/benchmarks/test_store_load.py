"""The load of the store benchmarks is the same each time, and as large as it says."""

import json
import zlib

from benchmarks.store.load import SPANS, Span, traces


def _size(span: Span) -> int:
    values = [value if isinstance(value, str) else json.dumps(value) for value in span["attributes"].values()]
    return sum(map(len, [*values, span["input"], span["output"]]))


def test_same_seed_gives_the_same_traces_and_another_seed_gives_others() -> None:
    first, again, others = [list(traces(5, seed)) for seed in (1, 1, 2)]

    assert first == again
    assert not {trace[0]["trace_id"] for trace in first} & {trace[0]["trace_id"] for trace in others}


def test_trace_is_a_tree_of_eight_spans_inside_the_time_of_its_root() -> None:
    for root, *children in traces(20, 1):
        assert len(children) == SPANS - 1
        assert {child["parent_id"] for child in children} == {root["span_id"]}
        assert all(root["start"] <= child["start"] <= child["end"] <= root["end"] for child in children)


def test_span_carries_three_kilobytes_that_compress_as_prose_does() -> None:
    spans = [span for trace in traces(100, 1) for span in trace]

    ratios = [len(body) / len(zlib.compress(body)) for body in (json.dumps(span).encode() for span in spans)]

    assert 3_000 < sum(map(_size, spans)) / len(spans) < 3_200
    assert 1.9 < sum(ratios) / len(ratios) < 2.3
