"""The tasks of one project, as programs and doors see them: files go in and out, pointers are moved and put back."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from lasttenth.app.installation import Installation
from lasttenth.models.openai import estimated_tokens, text_of
from lasttenth.records.definitions import Release, Task
from lasttenth.records.errors import ModelNotFoundError
from lasttenth.records.events import PointerMove, Protection, Registration
from lasttenth.records.ports import SpanScope, TaskCall
from lasttenth.records.traces import Span
from lasttenth.records.usage import Usage
from lasttenth.releases.checking import Finding, findings, require_working
from lasttenth.releases.differences import Change, differences
from lasttenth.releases.pointers import PRODUCTION, NewMove, check_name
from lasttenth.releases.proposals import ProposalState
from lasttenth.releases.registry import Registry
from lasttenth.releases.taskfile import TaskFile, read_task, write_task


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """A task and where its pointers stand."""

    task: Task
    pointers: list[PointerMove]
    protections: dict[str, int]
    """How many approvals the moves of a pointer need; those that need none are left out."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said about a task file: findings, about how long what it sends is, and what sending that costs.

    `cost` is in nano-dollars, before anything is put into the prompt; None where no price is known.
    """

    source: str
    """The file."""
    task: str
    release: str
    findings: list[Finding]
    tokens: int
    cost: int | None


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task file: the move that it made, or the proposal where the pointer is protected, or neither."""

    task: str
    release: str
    stood: dict[str, float]
    """On which releases the pointer stood, with their weights."""
    changes: list[Change]
    """Beside the release that most units met; all of it where the pointer stood on none."""
    move: PointerMove | None = None
    proposal: ProposalState | None = None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a release asks its model, about how many tokens that has, and what sending them costs, in nano-dollars."""

    release: str
    model: str
    messages: tuple[dict[str, Any], ...]
    parameters: dict[str, Any]
    tokens: int
    cost: int | None


class ProjectTasks:
    """Declare tasks and move their pointers.

    Args:
        actor: who is recorded to do it.
    """

    def __init__(self, installation: Installation, project: str, *, actor: str) -> None:
        self._installation = installation
        self._project = project
        self._actor = actor

    async def overview(self) -> list[Task]:
        """Return the latest declaration of every task, sorted by name."""
        return await (await self._registry()).tasks()

    async def get(self, task: str) -> TaskState:
        """Return a task and where its pointers stand. Raises TaskNotFoundError."""
        registry = await self._registry()
        declared, pointers = await registry.task(task), await registry.pointers.of_task(task)
        needed = {move.pointer: await registry.pointers.approvals(task, move.pointer) for move in pointers}
        protections = {name: approvals for name, approvals in needed.items() if approvals}
        return TaskState(task=declared, pointers=pointers, protections=protections)

    async def push(
        self, text: str, *, pointer: str = PRODUCTION, comment: str = "", source: str = "The task file"
    ) -> Pushed:
        """Declare what a task file says and move a pointer there, or propose that where the pointer is protected.

        Args:
            text: the task file.
            pointer: what to move; empty declares the release alone.
            comment: why.
            source: names the file in errors.

        Raises:
            TaskFileError: the file cannot be read, or cannot work.
        """
        return await self.declare(read_task(text, source=source), pointer=pointer, comment=comment, source=source)

    async def declare(
        self,
        file: TaskFile,
        *,
        pointer: str = PRODUCTION,
        comment: str = "",
        form: dict[str, str] | None = None,
        source: str = "The task",
    ) -> Pushed:
        """Declare a task with its release, as `push` does what a file says.

        Args:
            file: the task and its release.
            pointer: what to move; empty declares the release alone.
            comment: why.
            form: how it was written, where another product's words say more than the release.
            source: names it in errors.

        Raises:
            TaskFileError: it cannot work.
        """
        require_working(file, source)
        compared = await self._compared(file, pointer)
        registry = await self._registry()
        name = await registry.declare(file, actor=self._actor, comment=comment, form=form)
        task, wanted = compared.task, {name: 1.0}
        if not pointer or compared.stood == wanted:
            return compared
        if await registry.pointers.approvals(task, pointer):
            return msgspec.structs.replace(compared, proposal=await self.propose(task, wanted, pointer, comment))
        move = await self.move(task, wanted, pointer=pointer, comment=comment)
        return msgspec.structs.replace(compared, move=move)

    def check(self, text: str, *, source: str = "The task file") -> Checked:
        """Return what can be said about a task file before anybody calls it. Raises TaskFileError."""
        file = read_task(text, source=source)
        tokens = _tokens(file.release)
        return Checked(
            source=source,
            task=file.task.name,
            release=file.release.hash,
            findings=[*findings(file), *self._about_model(file.release.model)],
            tokens=tokens,
            cost=self._cost(file.release.model, tokens),
        )

    async def compare(self, text: str, *, pointer: str = PRODUCTION, source: str = "The task file") -> Pushed:
        """Return what `push` would change, and change nothing. Raises TaskFileError, InvalidRequestError."""
        file = read_task(text, source=source)
        require_working(file, source)
        return await self._compared(file, pointer)

    async def _compared(self, file: TaskFile, pointer: str) -> Pushed:
        if pointer:
            check_name(pointer)
        registry = await self._registry()
        task = file.task.name
        move = await registry.pointers.latest(task, pointer)
        before = Release(task=task, messages=(), model="") if move is None else await registry.heaviest(move)
        return Pushed(
            task=task,
            release=file.release.hash,
            stood=move.releases if move is not None else {},
            changes=differences(before, file.release),
        )

    async def pull(self, task: str, *, version: str = PRODUCTION) -> str:
        """Return a task file for a release, by a pointer's name or the first digits of its hash. Raises NotFoundError."""
        registry = await self._registry()
        return write_task(TaskFile(await registry.task(task), (await registry.find(task, version)).release))

    async def render(
        self,
        task: str,
        question: str = "",
        *,
        version: str = PRODUCTION,
        variables: Mapping[str, Any] | None = None,
    ) -> Rendered:
        """Return what a release would ask its model; no model is asked.

        Args:
            task: whose release it is.
            question: what the user says; the prompt may go without.
            version: a pointer's name, or the first digits of a hash.
            variables: what the prompt's templates read beside the question.

        Raises:
            NotFoundError: there is no such release, or no index that it reads.
            InvalidRequestError: a variable is missing.
        """
        resolved = await (await self._registry()).find(task, version)
        call = TaskCall(
            release=resolved.release,
            messages=({"role": "user", "content": question},) if question else (),
            variables=dict(variables or {}),
            scope=SpanScope(project=self._project, trace_id="", span_id=""),
        )
        request, _ = await self._installation.program(record=_nowhere).prepare(call)
        tokens = sum(estimated_tokens(text_of(message)) for message in request.messages)
        tokens += _tokens_of({name: value for name, value in request.parameters.items() if name in _COUNTED})
        return Rendered(
            release=resolved.hash,
            model=request.model,
            messages=request.messages,
            parameters=request.parameters,
            tokens=tokens,
            cost=self._cost(request.model, tokens),
        )

    async def releases(self, task: str, *, limit: int = 50) -> list[Registration]:
        """Return the latest releases that were declared for a task, newest first. Raises TaskNotFoundError."""
        registry = await self._registry()
        await registry.task(task)
        return await registry.declared(task, limit=limit)

    async def diff(self, task: str, before: str, after: str = PRODUCTION) -> list[Change]:
        """Return what is different between two releases, each by a pointer's name or a hash. Raises NotFoundError."""
        registry = await self._registry()
        one, other = await registry.find(task, before), await registry.find(task, after)
        return differences(one.release, other.release)

    async def history(self, task: str, pointer: str = PRODUCTION, *, limit: int = 50) -> list[PointerMove]:
        """Return the latest moves of a pointer, newest first. Raises NotFoundError."""
        registry = await self._registry()
        await registry.task(task)
        await registry.pointers.require(task, pointer)
        return await registry.pointers.history(task, pointer, limit=limit)

    async def move(
        self,
        task: str,
        releases: Mapping[str, float],
        *,
        pointer: str = PRODUCTION,
        comment: str = "",
        expected: str | None = None,
    ) -> PointerMove:
        """Move a pointer to weighted releases, each named by a pointer or a hash.

        Args:
            task: whose pointer it is.
            releases: weights; a unit meets the same release for as long as they stand.
            pointer: what to move; a new name makes a new pointer.
            comment: why.
            expected: id of the latest move that you have seen; None moves it from wherever it stands.

        Raises:
            NotFoundError: there is no such release.
            PermissionDeniedError: the pointer is protected.
            ConflictError: somebody else has moved it.
        """
        registry = await self._registry()
        await registry.pointers.require_open(task, pointer)
        names = await _named(registry, task, releases)
        wanted = NewMove(task=task, pointer=pointer, releases=names, actor=self._actor, reason=comment)
        return await registry.pointers.move(wanted, expected=expected)

    async def rollback(self, task: str, pointer: str = PRODUCTION, *, comment: str = "") -> PointerMove:
        """Put a pointer back to where it stood before its latest move, protected or not. Raises ConflictError."""
        registry = await self._registry()
        return await registry.pointers.back(task, pointer, actor=self._actor, reason=comment)

    async def protect(self, task: str, pointer: str = PRODUCTION, *, approvals: int = 1) -> Protection:
        """Let a pointer be moved only by proposals with so many approvals; 0 takes that back. Raises TaskNotFoundError."""
        registry = await self._registry()
        await registry.task(task)
        return await registry.pointers.protect(task, pointer, approvals=approvals, actor=self._actor)

    async def propose(
        self, task: str, releases: Mapping[str, float], pointer: str = PRODUCTION, comment: str = ""
    ) -> ProposalState:
        """Ask for a pointer to be moved. Raises NotFoundError, InvalidRequestError."""
        registry = await self._registry()
        names = await _named(registry, task, releases)
        return await registry.proposals.propose(task, pointer, names, actor=self._actor, comment=comment)

    async def proposals(self, task: str, *, limit: int = 50) -> list[ProposalState]:
        """Return the latest proposals for a task, newest first. Raises TaskNotFoundError."""
        registry = await self._registry()
        await registry.task(task)
        return await registry.proposals.of_task(task, limit=limit)

    async def review(
        self, proposal: str, decision: Literal["approve", "reject"], *, comment: str = ""
    ) -> ProposalState:
        """Approve or reject a proposal; the last approval that is needed moves the pointer.

        Raises:
            NotFoundError: there is no such proposal.
            PermissionDeniedError: it is your own.
            ConflictError: it is no longer open.
        """
        registry = await self._registry()
        return await registry.proposals.review(proposal, decision, actor=self._actor, comment=comment)

    def _about_model(self, model: str) -> list[Finding]:
        with contextlib.suppress(ModelNotFoundError):
            self._installation.router.model_of(model)
            return []
        return [Finding(severity="warning", part="model", message=f"There is no provider of {model} here.")]

    def _cost(self, model: str, tokens: int) -> int | None:
        installation = self._installation
        return installation.prices.cost(model, Usage(input_tokens=tokens), at=installation.clock.now()).amount

    async def _registry(self) -> Registry:
        return await self._installation.registry(self._project)


_COUNTED = frozenset({"response_format", "tools"})
"""Parameters that models read."""


def _tokens(release: Release) -> int:
    """Return about how many tokens a release sends, before anything is put into its prompt."""
    prompts = sum(estimated_tokens(message.text) for message in release.messages)
    shown = release.examples[: release.nearest_examples or None]
    said = sum(_tokens_of(each.input) + estimated_tokens(each.output) for each in shown)
    return prompts + said + _tokens_of(release.tools) + _tokens_of(release.output_schema)


def _tokens_of(value: object) -> int:
    return estimated_tokens(msgspec.json.encode(value).decode()) if value else 0


def _nowhere(_project: str, _span: Span) -> None:
    """Record nothing: what is only looked at leaves no trace."""


async def _named(registry: Registry, task: str, releases: Mapping[str, float]) -> dict[str, float]:
    names: defaultdict[str, float] = defaultdict(float)
    for version, weight in releases.items():
        names[(await registry.find(task, version)).hash] += weight
    return dict(names)
