"""Hashes, ids and money: what must hold for every value."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.records.definitions import DEFINITIONS, Release, Task
from lasttenth.records.events import EVENTS
from lasttenth.records.hashing import canonical, content_hash
from lasttenth.records.ids import Ids, SystemClock, is_trace_id, trace_id_of_traceparent
from lasttenth.records.money import dollars, format_dollars, nanos

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(), json_values, max_size=6)


class Time:
    """A clock that shows what it is told."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Return the time it was told."""
        return self._now

    def monotonic(self) -> int:
        """Return the time it was told."""
        return self._now


@given(value=objects)
def test_hash_does_not_depend_on_the_order_of_keys_or_on_formatting(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    reformatted = json.loads(json.dumps(turned, indent=3))

    assert content_hash("task", reformatted) == content_hash("task", value)


@given(one=objects, other=objects)
def test_different_content_has_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = canonical(one) == canonical(other)

    assert (content_hash("task", one) == content_hash("task", other)) == same


@given(value=objects)
def test_kind_is_part_of_the_hash(value: dict[str, Any]) -> None:
    assert content_hash("task", value) != content_hash("card", value)


@given(parameters=objects)
def test_release_comes_back_from_its_canonical_form_with_the_same_hash(parameters: dict[str, Any]) -> None:
    release = Release(task="answer", messages=(), model="builtin/extractive", parameters=parameters)

    again = msgspec.json.decode(canonical(release), type=Release)

    assert again == release
    assert again.hash == release.hash


def test_field_at_its_default_leaves_the_hash_as_it_was() -> None:
    assert canonical(Task(name="answer")) == b'{"name":"answer"}'


def test_every_kind_of_record_has_a_name_of_its_own() -> None:
    kinds = [kind.kind for kind in DEFINITIONS] + [kind.kind for kind in EVENTS]

    assert len(set(kinds)) == len(kinds)


@given(times=st.lists(st.integers(0, 2**48 * 10**6 - 1), min_size=2, max_size=20))
def test_trace_ids_sort_by_the_millisecond_they_were_made_in(times: list[int]) -> None:
    made = [(time // 10**6, Ids(Time(time)).trace()) for time in times]

    assert [milliseconds for milliseconds, _ in sorted(made)] == sorted(milliseconds for milliseconds, _ in made)
    assert all(int(name[:12], 16) == milliseconds for milliseconds, name in made)
    assert all(is_trace_id(name) and name[12] == "7" and name[16] in "89ab" for _, name in made)


def test_ids_of_many_threads_are_all_different() -> None:
    ids = Ids(SystemClock())
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: [ids.span() for _ in range(1_000)], range(16)))

    assert len({name for names in made for name in names}) == 16_000


@given(header=st.text(max_size=80))
def test_traceparent_of_any_text_gives_a_valid_id_or_none(header: str) -> None:
    found = trace_id_of_traceparent(header)

    assert found is None or is_trace_id(found)


def test_traceparent_gives_its_trace_id() -> None:
    assert trace_id_of_traceparent(f"00-{'ab' * 16}-{'cd' * 8}-01") == "ab" * 16
    assert trace_id_of_traceparent(f"00-{'00' * 16}-{'cd' * 8}-01") is None
    assert trace_id_of_traceparent(f"ff-{'ab' * 16}-{'cd' * 8}-01") is None


@given(amount=st.integers(-(2**63), 2**63 - 1))
def test_money_survives_the_way_to_dollars_and_back(amount: int) -> None:
    assert nanos(dollars(amount)) == amount


@given(one=st.decimals(0, 100, places=12), other=st.decimals(0, 100, places=12))
def test_rounding_is_never_off_by_more_than_half_a_nano_dollar(one: Decimal, other: Decimal) -> None:
    assert abs(dollars(nanos(one + other)) - (one + other)) <= Decimal("5e-10")


def test_unknown_price_is_shown_as_unknown_and_a_tiny_one_never_as_nothing() -> None:
    assert format_dollars(None) == "$?"
    assert format_dollars(0) == "$0.0000"
    assert format_dollars(1) == "$0.000000001"
    assert format_dollars(1_234_567_890) == "$1.2346"
