"""Events: what happened, append-only. Each names its subject; nothing here is ever changed or removed."""

from typing import Any, ClassVar, Literal

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything that happened to a subject at a time (Unix nanoseconds); `kind` is its noun."""

    kind: ClassVar[str] = "event"

    id: str
    at: int

    @property
    def subject(self) -> str:
        """Return what the event is about, for finding it again."""
        raise NotImplementedError


class PointerMove(Event, frozen=True, kw_only=True):
    """A pointer of a task was set to weighted releases (hash → weight). The latest move is where it stands."""

    kind: ClassVar[str] = "pointer_move"

    task: str
    pointer: str
    releases: dict[str, float]
    actor: str
    reason: str = ""

    @property
    def subject(self) -> str:
        """Return `task@pointer`."""
        return f"{self.task}@{self.pointer}"


class Score(Event, frozen=True, kw_only=True):
    """A value that somebody or something gave to a trace, span, case or pair of cases."""

    kind: ClassVar[str] = "score"

    of: Literal["trace", "span", "case", "pair"]
    of_id: str
    metric: str
    value: float
    source: Literal["code", "judge", "human", "user", "business"]
    scorer: str = ""
    weight: float = 1.0
    """Inverse of the probability with which the subject was chosen for scoring."""
    cost: int | None = None
    """Nano-dollars."""
    comment: str = ""

    @property
    def subject(self) -> str:
        """Return `noun:id` of what was scored."""
        return f"{self.of}:{self.of_id}"


class Verdict(Event, frozen=True, kw_only=True):
    """What an experiment concluded, with the evidence it rests on."""

    kind: ClassVar[str] = "verdict"

    experiment: str
    outcome: Literal["better", "non-inferior", "worse", "inconclusive"]
    evidence: dict[str, Any] = {}

    @property
    def subject(self) -> str:
        """Return the experiment's hash."""
        return self.experiment


class MoneyEntry(Event, frozen=True, kw_only=True):
    """Money moved: a lease was taken, settled or released. Amounts are nano-dollars."""

    kind: ClassVar[str] = "money"

    account: str
    movement: Literal["lease", "settle", "release"]
    amount: int
    trace: str = ""

    @property
    def subject(self) -> str:
        """Return the account."""
        return self.account


class Erasure(Event, frozen=True, kw_only=True):
    """A payload was erased. What stays is its keyed hash."""

    kind: ClassVar[str] = "erasure"

    payload: str
    actor: str
    reason: str = ""

    @property
    def subject(self) -> str:
        """Return the payload's id."""
        return self.payload


EVENTS: tuple[type[Event], ...] = (PointerMove, Score, Verdict, MoneyEntry, Erasure)
