"""The table of what is handed over: every writing method of every port is in it, and arguments arrive as they were."""

import inspect
from typing import Any, TypeVar, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_two_projects import ACTIONS, OBSERVATIONS

from lasttenth.records.definitions import DEFINITIONS, Case, Definition, Release
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.events import EVENTS, Event, PointerMove, Score
from lasttenth.records.traces import Payload, Span
from lasttenth.storage.ports import IndexInfo, IndexSettings, KeyRecord, ProjectStore, Store
from lasttenth.storage.remote.methods import METHODS, WRITES

T = TypeVar("T")
READS_OF_THE_STORE = {"projects", "key", "has_keys", "version", "search_lag", "close"}
READS_OF_WORK = {"work.is_due", "work.due_schedules", "work.overdue"}


def ports_of(owner: type) -> dict[str, Any]:
    """Return the ports of a handle, by the name of the property that returns each."""
    found = inspect.getmembers(owner, lambda member: isinstance(member, property))
    return {name: get_type_hints(each.fget)["return"] for name, each in found if name != "project"}


def methods_of(kind: type) -> set[str]:
    """Return the names of a port's methods."""
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_method_of_every_port_is_either_handed_over_or_read_here() -> None:
    methods = {
        f"{name}.{method}"
        for owner in (ProjectStore, Store)
        for name, port in ports_of(owner).items()
        for method in methods_of(port)
    }
    read = {name.lower() for name in OBSERVATIONS} | READS_OF_THE_STORE | READS_OF_WORK

    assert set(WRITES) == (methods | methods_of(Store)) - read
    assert {name.lower() for name in ACTIONS} <= set(WRITES)


def test_every_kind_of_definition_and_event_can_travel() -> None:
    assert set(DEFINITIONS) == set(_below(Definition))
    assert set(EVENTS) == set(_below(Event))


def test_arguments_arrive_as_they_were_however_they_were_given() -> None:
    release = Release(task="answer", messages=(), model="a/b", input_schema={"maximum": 2**70})
    move = PointerMove(id="m", at=1, task="t", pointer="p", releases={"r": 0.5}, actor="a")
    score = Score(id="s", at=1, of="trace", of_id="t", metric="m", value=0.5, source="user")
    body = Payload(media_type="text/plain", body=bytes(range(256)))
    span = Span(trace_id="1" * 32, span_id="a" * 16, name="n", operation="chat", start=1, end=2, input=body)

    assert arrived("definitions.put", release, derived_from=("p",)) == {"definition": release, "derived_from": ["p"]}
    assert arrived("definitions.put", definition=release) == {"definition": release, "derived_from": []}
    assert arrived("events.append", (move, score)) == {"events": [move, score]}
    assert arrived("traces.append", [span]) == {"spans": [span]}
    assert arrived("indexes.replace", "one", by="other") == {"name": "one", "by": "other"}


def test_call_that_the_port_would_refuse_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TypeError):
        METHODS["indexes.replace"].pack("one", "other")


@pytest.mark.parametrize("value", [object(), "\ud800", 2**64], ids=["an object", "half a character", "too large"])
def test_what_is_no_data_is_refused_before_it_is_sent(value: Any) -> None:
    span = Span(
        trace_id="1" * 32, span_id="a" * 16, name="n", operation="chat", start=1, end=2, attributes={"value": value}
    )

    with pytest.raises(InvalidRequestError, match=r"traces\.append is given cannot be written out"):
        METHODS["traces.append"].pack([span])


def test_results_arrive_as_they_were() -> None:
    info = IndexInfo(name="i", settings=IndexSettings(splitter="1"), revision=2**40)

    create, put, project = METHODS["indexes.create"], METHODS["definitions.put"], METHODS["project"]

    assert create.unpack_result(create.pack_result(info)) == info
    assert put.unpack_result(put.pack_result("hash")) == "hash"
    assert project.unpack_result(project.pack_result(object())) is None


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.text(), json, max_size=4), name=st.text())
def test_any_definition_has_the_same_hash_on_the_other_side(fields: dict[str, object], name: str) -> None:
    for definition in (Case(input=fields), Release(task=name, messages=(), model=name, parameters=fields)):
        assert arrived("definitions.put", definition)["definition"].hash == definition.hash


def test_key_arrives_as_it_was() -> None:
    key = KeyRecord(id="k", name="n", project="p", digest="d", created=1)

    assert arrived("add_key", key) == {"key": key}


def arrived(name: str, *arguments: Any, **named: Any) -> dict[str, Any]:
    """Return the arguments of a call as the other side has them."""
    method = METHODS[name]
    return method.unpack(msgspec.Raw(method.pack(*arguments, **named)))


def _below(kind: type[T]) -> list[type[T]]:
    """Return the records that the product declares below an ancestor."""
    return [each for each in kind.__subclasses__() if each.__module__.startswith("lasttenth.")]
