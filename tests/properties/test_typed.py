"""Typed answers: whatever a model says, what goes out fits; whatever has come of a stream, something can be shown of it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.app.outputs import GrowingValue
from lasttenth.records.errors import InvalidAnswerError
from lasttenth.records.ports import ChatRequest, FinishPart, FitPart, ReplyPart, TextPart
from lasttenth.releases.schemas import is_strict, schema_of, strict
from lasttenth.serve.typed import MOST_ATTEMPTS, typed

SCHEMA = {"type": "object", "properties": {"tone": {"enum": ["calm", "angry"]}}, "required": ["tone"]}
REQUEST = ChatRequest(model="a/b", messages=({"role": "user", "content": "?"},))

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fitting = st.sampled_from(['{"tone": "calm"}', ' {"tone":"angry", "more": [1]}\n'])
around = st.text(st.characters(exclude_characters="{}[]`", exclude_categories=["Cs"]), max_size=20)
wrapped = st.builds(lambda before, inner, after: f"{before}{inner}{after}", around, fitting, around)
fenced = st.builds(lambda inner: f"```json\n{inner}\n```", fitting)
said = st.text(max_size=40) | values.map(lambda value: msgspec.json.encode(value).decode()) | wrapped | fenced


def heard(texts: list[str], *, stream: bool) -> tuple[list[ReplyPart], InvalidAnswerError | None]:
    """Return what goes out while a model says these texts, one a call, and how it failed."""
    replies: Iterator[str] = iter(texts)

    async def chat(_request: ChatRequest) -> AsyncGenerator[ReplyPart]:
        text = next(replies)
        yield TextPart(text[:7])
        yield TextPart(text[7:])
        yield FinishPart(cost=1)

    async def work() -> tuple[list[ReplyPart], InvalidAnswerError | None]:
        parts: list[ReplyPart] = []
        take = parts.append
        try:
            async for part in typed(msgspec.structs.replace(REQUEST, stream=stream), schema_of(SCHEMA), chat):
                take(part)
        except InvalidAnswerError as error:
            return parts, error
        return parts, None

    return asyncio.run(work())


@given(st.lists(said, min_size=MOST_ATTEMPTS, max_size=MOST_ATTEMPTS), st.booleans())
def test_what_ends_well_fits_and_all_of_it_is_costed(texts: list[str], stream: bool) -> None:
    parts, error = heard(texts, stream=stream)

    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    *_, fit = (part for part in parts if isinstance(part, FitPart))
    assert [part.cost for part in parts if isinstance(part, FinishPart)] == list(range(1, fit.attempts + 1))
    assert (error is None) == (schema_of(SCHEMA).problems_of_json(text) == [])
    assert not stream or fit.attempts == 1
    assert error is None or stream or fit.attempts == MOST_ATTEMPTS


@given(wrapped | fenced)
def test_json_with_words_or_a_fence_around_it_is_found_and_counted(text: str) -> None:
    parts, error = heard([text], stream=False)

    (fit,) = (part for part in parts if isinstance(part, FitPart))
    is_bare = schema_of(SCHEMA).problems_of_json(text) == []
    assert error is None
    assert fit == FitPart(attempts=1, repaired=not is_bare)


@pytest.mark.parametrize(
    "text", ["```" + "\n" * 200_000, "{" * 200_000, "```\n" * 50_000, "[" * 100_000 + "]" * 100_000]
)
def test_hostile_answer_is_read_in_time(text: str) -> None:
    parts, error = heard([text] * MOST_ATTEMPTS, stream=False)

    assert error is not None
    assert isinstance(parts[-1], FinishPart)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.integers(0, 200))
def test_every_beginning_of_a_value_shows_something_of_it(value: dict[str, Any], cut: int) -> None:
    text = msgspec.json.encode(value).decode()

    shown = GrowingValue().take(text[:cut])

    assert GrowingValue().take(text) == value
    assert shown is None or list(shown) == list(value)[: len(shown)]


@pytest.mark.parametrize("text", ["", " ", "no", "[}", '{"a": tru'])
def test_what_is_no_json_shows_nothing(text: str) -> None:
    assert GrowingValue().take(text) in (None, {})


@given(st.lists(st.text(max_size=400), max_size=8), st.integers(1, 50))
def test_value_that_grows_is_never_far_behind(texts: list[str], step: int) -> None:
    text = msgspec.json.encode({"texts": texts}).decode()
    growing, shown = GrowingValue(), None

    for start in range(0, len(text), step):
        shown = growing.take(text[start : start + step])
        behind = "".join(texts).startswith("".join(shown.get("texts", [])) if shown else "")
        assert behind

    assert len(msgspec.json.encode(shown)) >= len(text.encode()) * 62 // 64 - 4 * step


names = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=4)
leaves = st.sampled_from([{"type": "string"}, {"type": "integer", "default": 3}, {"enum": ["a", "b"]}])
objects = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda found: {"type": "object", "properties": found}, st.dictionaries(names, inner, max_size=3))
        | st.builds(lambda item: {"type": "array", "items": item}, inner)
        | st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(names, objects, max_size=3))
def test_what_is_made_strict_is_strict(properties: dict[str, Any]) -> None:
    made = strict({"type": "object", "properties": properties})

    assert is_strict(made)
    assert strict(made) == made
    assert list(made["properties"]) == list(properties)
