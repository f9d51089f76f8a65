"""What must hold of every report of usage, whatever a provider sends."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models import openai
from lasttenth.models.usage_shapes import Family, read_usage
from lasttenth.records.usage import MAX_TOKENS, Usage

TABLE = Path(__file__).parents[2] / "data" / "usage_shapes.json"
ROWS = json.loads(TABLE.read_bytes())["rows"]
REPORTS = {family: [row["reports"] for row in ROWS if row["family"] == family] for family in get_args(Family)}
families = st.sampled_from(get_args(Family))
counts = st.integers(0, 10**9)
junk = st.one_of(counts, st.none(), st.integers(), st.floats(), st.booleans(), st.sampled_from(["AUDIO", "1h", ""]))


@st.composite
def altered(draw: st.DrawFn, family: Family, leaves: st.SearchStrategy[Any]) -> list[Any]:
    """Return real reports of a family with some of their fields left out, and other values at some of their places."""
    return [_altered(draw, report, leaves) for report in draw(st.sampled_from(REPORTS[family]))]


def _altered(draw: st.DrawFn, said: Any, leaves: st.SearchStrategy[Any]) -> Any:
    if isinstance(said, dict):
        return {name: _altered(draw, value, leaves) for name, value in said.items() if draw(st.integers(0, 5))}
    if isinstance(said, list):
        return [_altered(draw, value, leaves) for value in said]
    return draw(leaves) if type(said) is int and draw(st.booleans()) else said


def _read(family: Family, *said: Any) -> Usage | None:
    return read_usage(family, *(json.dumps(each).encode() for each in said))


@given(data=st.data(), family=families)
def test_any_report_is_read_or_refused_and_nothing_is_negative(data: st.DataObject, family: Family) -> None:
    usage = _read(family, *data.draw(altered(family, junk)))

    assert usage is None or all(0 <= count <= 5 * MAX_TOKENS for count in msgspec.structs.astuple(usage))


@given(family=families, said=st.lists(st.binary(max_size=50), max_size=3))
def test_any_bytes_are_read_or_refused(family: Family, said: list[bytes]) -> None:
    usage = read_usage(family, *said)

    assert usage is None or min(msgspec.structs.astuple(usage)) >= 0


@given(data=st.data(), family=families)
def test_parts_that_we_add_up_fit_into_their_totals(data: st.DataObject, family: Family) -> None:
    usage = _read(family, *data.draw(altered(family, counts))) or Usage()

    assert usage.cache_write_1h_tokens <= usage.cache_write_tokens
    if family in {"anthropic", "bedrock"}:
        assert usage.cache_read_tokens + usage.cache_write_tokens <= usage.input_tokens
    if family in {"openai", "gemini"}:
        assert usage.reasoning_tokens <= usage.output_tokens


@given(asked=counts, answered=counts, cached=st.floats(0, 1), thought=st.floats(0, 1))
def test_consistent_report_is_taken_at_its_word(asked: int, answered: int, cached: float, thought: float) -> None:
    parts = {"cached_tokens": int(asked * cached)}, {"reasoning_tokens": int(answered * thought)}
    said = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}

    usage = _read("openai", {**said, "prompt_tokens_details": parts[0], "completion_tokens_details": parts[1]})

    assert usage == Usage(
        input_tokens=asked,
        output_tokens=answered,
        cache_read_tokens=parts[0]["cached_tokens"],
        reasoning_tokens=parts[1]["reasoning_tokens"],
    )


@given(asked=counts, answered=counts, thought=counts)
def test_reasoning_is_output_wherever_it_is_counted(asked: int, answered: int, thought: int) -> None:
    said = {"prompt_tokens": asked, "completion_tokens_details": {"reasoning_tokens": thought}}
    total = asked + answered + thought

    apart = _read("openai", {**said, "completion_tokens": answered, "total_tokens": total})
    within = _read("openai", {**said, "completion_tokens": answered + thought, "total_tokens": total})

    assert apart == within == Usage(input_tokens=asked, output_tokens=answered + thought, reasoning_tokens=thought)


@given(steps=st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=5))
def test_stream_costs_what_its_last_cumulative_report_says(steps: list[tuple[int, int, int]]) -> None:
    sums = [[sum(step[place] for step in steps[: end + 1]) for place in range(3)] for end in range(len(steps))]
    names = ("input_tokens", "cache_read_input_tokens", "output_tokens")
    said = [dict(zip(names, each, strict=True)) for each in sums]

    assert _read("anthropic", *said) == _read("anthropic", said[-1]) == _read("anthropic", *reversed(said))


@given(data=st.data())
def test_relay_reads_what_the_family_reads(data: st.DataObject) -> None:
    said = data.draw(altered("openai", junk))[0]
    body = json.dumps({"usage": said}).encode()

    assert openai.usage_in(body) == _read("openai", said)
