"""Rows of spans, and what each engine does with them in its own way."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from lasttenth.records.totals import SearchLag


class SpanRow(NamedTuple):
    """A span as it is stored. Ids are bytes, a root has no parent, and what went well has no error."""

    project: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    name: str
    start: int
    duration: int
    series: int
    error: str | None
    unit: str
    input_tokens: int | None
    output_tokens: int | None
    cost: int | None
    dictionary: int
    payload: bytes


COLUMNS = SpanRow._fields
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


class SpanKey(NamedTuple):
    """What makes a span one span, within its project."""

    trace_id: bytes
    span_id: bytes


class Waiting(NamedTuple):
    """A span that full-text search does not find yet; `place` is how the engine finds it again."""

    project: str
    place: "Place"
    name: str
    dictionary: int
    payload: bytes


class Text(NamedTuple):
    """What a span at a place is found by."""

    place: "Place"
    text: str


Place = tuple[Any, ...]
"""How an engine finds a span again: the values of the columns that it names."""


class Match(NamedTuple):
    """A span that meets a filter. No match that follows it started after its `position`, in Unix nanoseconds."""

    position: int
    trace_id: bytes


class SpanRows(Protocol):
    """Rows of spans, and of what belongs to them, through an engine's native driver."""

    @property
    def sharing(self) -> str:
        """Return what ends a query whose rows nobody may remove before the transaction ends; empty for one writer."""
        ...

    @property
    def locking(self) -> str:
        """Return what ends a query whose rows are to be changed, which waits for those who share them, or is empty."""
        ...

    def insert(self, connection: Connection, rows: Sequence[SpanRow]) -> set[SpanKey]:
        """Insert rows with distinct keys and return the keys that are new; a row that is there already is left as it is."""
        ...

    def fetch(self, connection: Connection, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose parameters are question marks."""
        ...

    def run(self, connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement once for each row of parameters and return how many rows it changed."""
        ...

    def shard(self, connection: Connection) -> int:
        """Return which rows of sums this transaction may add to: no other one adds to them before it ends."""
        ...

    def drop(self, connection: Connection, project: str, before: int) -> int:
        """Remove what can be removed whole of the spans that started before a time, and return how many they were."""
        ...


class SpanWords(Protocol):
    """The full text of spans in an engine."""

    @property
    def place(self) -> str:
        """Return the columns of a place, in SQL."""
        ...

    def waiting(self, connection: Connection, limit: int) -> list[Waiting]:
        """Return the spans that came first among those that are not indexed, and keep others from taking them."""
        ...

    def add(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Index spans of a project that waited."""
        ...

    def remove(self, connection: Connection, project: str, texts: Sequence[Text]) -> None:
        """Take spans out, whose texts are exactly those that were added; some may not have been added yet."""
        ...

    def matches(
        self, connection: Connection, project: str, words: Sequence[str], condition: "Condition"
    ) -> Iterator[Match]:
        """Yield the spans that hold all the words, in about the order of their start, latest first."""
        ...

    def forget(self, connection: Connection, project: str) -> None:
        """Let what was removed leave no trace in the files, as far as the engine can see to that."""
        ...

    def lag(self, connection: Connection) -> SearchLag:
        """Return how much waits, in all projects."""
        ...


class Condition(NamedTuple):
    """A condition on columns of `spans s`, in SQL with question marks, and its parameters."""

    sql: str
    parameters: tuple[object, ...]
