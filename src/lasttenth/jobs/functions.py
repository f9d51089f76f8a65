"""The functions that jobs run, by the name of their kind, and what each of them is given."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from lasttenth.records.errors import ConflictError
from lasttenth.records.events import Event
from lasttenth.records.jobs import Job, Progress
from lasttenth.storage.ports import ProjectStore

P = TypeVar("P")


class Context(Generic[P]):
    """What a function gets to know of its job.

    Args:
        job: the job as it was claimed.
        payload: its payload, as the type that the function was registered with.
        store: the project's store.
    """

    def __init__(self, job: Job, payload: P, store: ProjectStore) -> None:
        self.job = job
        self.payload = payload
        self.store = store
        self.events: list[Event] = []
        self.cancelled = False
        """True once the function should stop: the job was cancelled, its lease was lost, or the runner closes.

        A coroutine is cancelled besides; a function in a thread has to look.
        """
        self.unsaved: Progress | None = None
        """The progress that is not stored yet."""

    @property
    def project(self) -> str:
        """Return the project that the job belongs to."""
        return self.job.project

    @property
    def attempt(self) -> int:
        """Return which attempt this is, counted from 1."""
        return self.job.attempts

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job has come; it is stored with the next sign of life. May be called from any thread."""
        self.unsaved = Progress(done=done, total=total, message=message)

    def append(self, event: Event) -> None:
        """Append an event to the ledger in the transaction that completes the job, or not at all."""
        self.events.append(event)

    def key(self, step: str) -> str:
        """Return a key for a step that must not happen twice: the same one in every attempt of this job."""
        return f"{self.job.id}/{step}"

    def saved(self, progress: Progress | None) -> None:
        """Take note that a progress is stored."""
        if self.unsaved is progress:
            self.unsaved = None


Function = Callable[[Context[Any]], Awaitable[Any] | Any]


class Registered(NamedTuple):
    """A function with the type of its payload."""

    run: Function
    payload: Any
    in_thread: bool


class Functions:
    """Functions by the kind of job that they do."""

    def __init__(self) -> None:
        self._functions: dict[str, Registered] = {}

    def add(self, kind: str, function: Function, *, payload: Any = Any) -> None:
        """Let a function do the jobs of a kind. One that is no coroutine function runs in a thread.

        Args:
            kind: the name that jobs carry.
            function: called with a `Context`; what it returns is the job's result, kept as JSON.
            payload: the type that the payload is decoded to.

        Raises:
            ConflictError: another function does that kind already.
        """
        if kind in self._functions:
            raise ConflictError(f"Jobs of kind {kind} have a function already.")
        in_thread = not inspect.iscoroutinefunction(function)
        self._functions[kind] = Registered(function, payload, in_thread)

    def kinds(self) -> Sequence[str]:
        """Return the kinds that there are functions for, sorted."""
        return sorted(self._functions)

    def __getitem__(self, kind: str) -> Registered:
        """Return what does the jobs of a kind."""
        return self._functions[kind]
