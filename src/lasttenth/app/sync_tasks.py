"""The synchronous face of a project's tasks; `sync` says how one waits."""

from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any, Literal

from lasttenth.app.answers import Answer
from lasttenth.app.calling import CalledTask, Piece
from lasttenth.app.outputs import T
from lasttenth.app.sync_streams import Streams
from lasttenth.app.tasks import Checked, ProjectTasks, Pushed, Rendered, TaskState
from lasttenth.records.definitions import Task
from lasttenth.records.events import PointerMove, Protection, Registration
from lasttenth.releases.differences import Change
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.proposals import ProposalState
from lasttenth.releases.taskfile import TaskFile

Wait = Callable[[Coroutine[Any, Any, Any]], Any]


class SyncCalledTask:
    """The methods of `CalledTask` for programs without an event loop."""

    def __init__(self, task: CalledTask, wait: Wait, streams: Streams) -> None:
        self._task = task
        self._until: Wait = wait
        self._streams = streams

    def ask(
        self,
        question: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        output: type[T] | None = None,
        model: str = "",
        index: str = "",
    ) -> Answer[T]:
        """See `CalledTask.ask`."""
        work = self._task.ask(question, variables=variables, output=output, model=model, index=index)
        found: Answer[T] = self._until(work)
        return found

    def stream(
        self,
        question: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        output: type[T] | None = None,
        model: str = "",
        index: str = "",
    ) -> Generator[Piece[T]]:
        """See `CalledTask.stream`."""
        pieces = self._task.stream(question, variables=variables, output=output, model=model, index=index)
        return self._streams.each_of(pieces)


class SyncTasks:
    """The methods of `ProjectTasks` for programs without an event loop."""

    def __init__(self, tasks: ProjectTasks, wait: Wait) -> None:
        self._tasks = tasks
        self._until: Wait = wait

    def overview(self) -> list[Task]:
        """See `ProjectTasks.overview`."""
        return self._wait(self._tasks.overview())

    def get(self, task: str) -> TaskState:
        """See `ProjectTasks.get`."""
        return self._wait(self._tasks.get(task))

    def push(self, text: str, *, pointer: str = PRODUCTION, comment: str = "", source: str = "The task file") -> Pushed:
        """See `ProjectTasks.push`."""
        return self._wait(self._tasks.push(text, pointer=pointer, comment=comment, source=source))

    def declare(
        self,
        file: TaskFile,
        *,
        pointer: str = PRODUCTION,
        comment: str = "",
        form: dict[str, str] | None = None,
        source: str = "The task",
    ) -> Pushed:
        """See `ProjectTasks.declare`."""
        return self._wait(self._tasks.declare(file, pointer=pointer, comment=comment, form=form, source=source))

    def check(self, text: str, *, source: str = "The task file") -> Checked:
        """See `ProjectTasks.check`."""
        return self._tasks.check(text, source=source)

    def compare(self, text: str, *, pointer: str = PRODUCTION, source: str = "The task file") -> Pushed:
        """See `ProjectTasks.compare`."""
        return self._wait(self._tasks.compare(text, pointer=pointer, source=source))

    def pull(self, task: str, *, version: str = PRODUCTION) -> str:
        """See `ProjectTasks.pull`."""
        return self._wait(self._tasks.pull(task, version=version))

    def render(
        self, task: str, question: str = "", *, version: str = PRODUCTION, variables: Mapping[str, Any] | None = None
    ) -> Rendered:
        """See `ProjectTasks.render`."""
        return self._wait(self._tasks.render(task, question, version=version, variables=variables))

    def releases(self, task: str, *, limit: int = 50) -> list[Registration]:
        """See `ProjectTasks.releases`."""
        return self._wait(self._tasks.releases(task, limit=limit))

    def diff(self, task: str, before: str, after: str = PRODUCTION) -> list[Change]:
        """See `ProjectTasks.diff`."""
        return self._wait(self._tasks.diff(task, before, after))

    def history(self, task: str, pointer: str = PRODUCTION, *, limit: int = 50) -> list[PointerMove]:
        """See `ProjectTasks.history`."""
        return self._wait(self._tasks.history(task, pointer, limit=limit))

    def move(
        self,
        task: str,
        releases: Mapping[str, float],
        *,
        pointer: str = PRODUCTION,
        comment: str = "",
        expected: str | None = None,
    ) -> PointerMove:
        """See `ProjectTasks.move`."""
        return self._wait(self._tasks.move(task, releases, pointer=pointer, comment=comment, expected=expected))

    def rollback(self, task: str, pointer: str = PRODUCTION, *, comment: str = "") -> PointerMove:
        """See `ProjectTasks.rollback`."""
        return self._wait(self._tasks.rollback(task, pointer, comment=comment))

    def protect(self, task: str, pointer: str = PRODUCTION, *, approvals: int = 1) -> Protection:
        """See `ProjectTasks.protect`."""
        return self._wait(self._tasks.protect(task, pointer, approvals=approvals))

    def propose(
        self, task: str, releases: Mapping[str, float], pointer: str = PRODUCTION, comment: str = ""
    ) -> ProposalState:
        """See `ProjectTasks.propose`."""
        return self._wait(self._tasks.propose(task, releases, pointer, comment))

    def proposals(self, task: str, *, limit: int = 50) -> list[ProposalState]:
        """See `ProjectTasks.proposals`."""
        return self._wait(self._tasks.proposals(task, limit=limit))

    def review(self, proposal: str, decision: Literal["approve", "reject"], *, comment: str = "") -> ProposalState:
        """See `ProjectTasks.review`."""
        return self._wait(self._tasks.review(proposal, decision, comment=comment))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        found: T = self._until(work)
        return found
