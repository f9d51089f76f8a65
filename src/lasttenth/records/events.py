"""Events: what happened, append-only. Each names its subject; nothing here is ever changed or removed."""

from typing import Any, ClassVar, Literal

import msgspec

from lasttenth.records.hashing import text_hash


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything that happened to a subject at a time (Unix nanoseconds); `kind` is its noun."""

    kind: ClassVar[str] = "event"

    id: str
    at: int

    @property
    def subject(self) -> str:
        """Return what the event is about, for finding it again."""
        raise NotImplementedError


class Registration(Event, frozen=True, kw_only=True):
    """Somebody declared a task with a release. What requests make of one by their own controls is not declared."""

    kind: ClassVar[str] = "registration"

    task: str
    declaration: str
    """Hash of the task."""
    release: str
    actor: str
    comment: str = ""
    form: dict[str, str] = {}
    """How it was written, where another product's words say more than the release."""

    @property
    def subject(self) -> str:
        """Return the task."""
        return self.task


class PointerMove(Event, frozen=True, kw_only=True):
    """A pointer of a task was set to weighted releases (hash → weight). The latest move is where it stands."""

    kind: ClassVar[str] = "pointer_move"

    task: str
    pointer: str
    releases: dict[str, float]
    actor: str
    reason: str = ""
    after: str = ""
    """Id of the move before it; empty for the first one."""
    restores: str = ""
    """Id of the move that it restores, where it puts the pointer back."""
    proposal: str = ""
    """Id of the proposal that it carries out."""
    approvers: tuple[str, ...] = ()
    """Who approved that."""

    @property
    def subject(self) -> str:
        """Return `task@pointer`."""
        return f"{self.task}@{self.pointer}"


class Protection(Event, frozen=True, kw_only=True):
    """How many approvals a pointer's moves need; the latest one counts, 0 stands for none."""

    kind: ClassVar[str] = "protection"

    task: str
    pointer: str
    approvals: int
    actor: str

    @property
    def subject(self) -> str:
        """Return `task@pointer`."""
        return f"{self.task}@{self.pointer}"


class Proposal(Event, frozen=True, kw_only=True):
    """Somebody asks for a pointer to be moved from where it stood, `after` a move, to weighted releases."""

    kind: ClassVar[str] = "proposal"

    task: str
    pointer: str
    releases: dict[str, float]
    after: str
    actor: str
    comment: str = ""

    @property
    def subject(self) -> str:
        """Return the task."""
        return self.task


class Review(Event, frozen=True, kw_only=True):
    """Somebody approves or rejects a proposal."""

    kind: ClassVar[str] = "review"

    proposal: str
    decision: Literal["approve", "reject"]
    actor: str
    comment: str = ""

    @property
    def subject(self) -> str:
        """Return the proposal's id."""
        return self.proposal


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


def id_after(subject: str, before: str) -> str:
    """Return the id of the event that follows another one: of two that would, one alone is stored."""
    return text_hash(f"{subject}\0{before}")


EVENTS: tuple[type[Event], ...] = (
    Registration,
    PointerMove,
    Protection,
    Proposal,
    Review,
    Score,
    Verdict,
    MoneyEntry,
    Erasure,
)
