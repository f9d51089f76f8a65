"""The operations on tasks, their releases and pointers."""

from typing import Annotated, Any, Literal

import msgspec

from lasttenth.app.app import App
from lasttenth.app.operation import Nothing, Operation
from lasttenth.app.tasks import Checked, Pushed, Rendered, TaskState
from lasttenth.records.definitions import Task
from lasttenth.records.events import PointerMove, Protection, Registration
from lasttenth.releases.differences import Change
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.proposals import ProposalState

TaskName = Annotated[str, msgspec.Meta(description="The task's name.")]
Pointer = Annotated[str, msgspec.Meta(description="The pointer's name.")]
Version = Annotated[str, msgspec.Meta(description="A release: a pointer's name, or the first digits of a hash.")]
Weights = Annotated[
    dict[str, float],
    msgspec.Meta(description="Weights of releases, each a pointer's name or the first digits of a hash."),
]
Comment = Annotated[str, msgspec.Meta(description="Why.")]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many.")]


class OneTask(msgspec.Struct, frozen=True, kw_only=True):
    """Which task."""

    task: TaskName


class PushTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task file, and what to do with its release."""

    text: Annotated[str, msgspec.Meta(description="The task file.")]
    pointer: Annotated[str, msgspec.Meta(description="The pointer to move there; empty declares it alone.")] = (
        PRODUCTION
    )
    comment: Comment = ""


class CheckTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task file to look at."""

    text: Annotated[str, msgspec.Meta(description="The task file.")]


class PullTask(msgspec.Struct, frozen=True, kw_only=True):
    """Which release to write as a task file."""

    task: TaskName
    version: Version = PRODUCTION


class TaskText(msgspec.Struct, frozen=True, kw_only=True):
    """A task file."""

    text: str


class RenderTask(msgspec.Struct, frozen=True, kw_only=True):
    """Which release to render, and with what."""

    task: TaskName
    question: Annotated[str, msgspec.Meta(description="What the user says.")] = ""
    version: Version = PRODUCTION
    variables: Annotated[
        dict[str, Any], msgspec.Meta(description="What the prompt's templates read beside the question.")
    ] = {}


class ListOfTask(msgspec.Struct, frozen=True, kw_only=True):
    """Of which task, and how many."""

    task: TaskName
    limit: Limit = 50


class DiffReleases(msgspec.Struct, frozen=True, kw_only=True):
    """Which two releases."""

    task: TaskName
    before: Version
    after: Version = PRODUCTION


class ListMoves(msgspec.Struct, frozen=True, kw_only=True):
    """Of which pointer, and how many."""

    task: TaskName
    pointer: Pointer = PRODUCTION
    limit: Limit = 50


class MovePointer(msgspec.Struct, frozen=True, kw_only=True):
    """Where to move a pointer."""

    task: TaskName
    pointer: Pointer = PRODUCTION
    releases: Weights
    comment: Comment = ""
    expected: Annotated[
        str | None, msgspec.Meta(description="Id of the latest move that you have seen; it must still be the latest.")
    ] = None


class RollBack(msgspec.Struct, frozen=True, kw_only=True):
    """Which pointer to put back."""

    task: TaskName
    pointer: Pointer = PRODUCTION
    comment: Comment = ""


class Protect(msgspec.Struct, frozen=True, kw_only=True):
    """Which pointer to protect."""

    task: TaskName
    pointer: Pointer = PRODUCTION
    approvals: Annotated[int, msgspec.Meta(ge=0, le=100, description="How many a move needs; 0 takes it back.")] = 1


class Propose(msgspec.Struct, frozen=True, kw_only=True):
    """Which move to propose."""

    task: TaskName
    pointer: Pointer = PRODUCTION
    releases: Weights
    comment: Comment = ""


class ReviewProposal(msgspec.Struct, frozen=True, kw_only=True):
    """What you say of which proposal."""

    proposal: Annotated[str, msgspec.Meta(description="The proposal's id.")]
    decision: Annotated[Literal["approve", "reject"], msgspec.Meta(description="approve or reject.")]
    comment: Comment = ""


async def _list(app: App, _request: Nothing) -> list[Task]:
    return await app.tasks.overview()


async def _show(app: App, request: OneTask) -> TaskState:
    return await app.tasks.get(request.task)


async def _push(app: App, request: PushTask) -> Pushed:
    return await app.tasks.push(request.text, pointer=request.pointer, comment=request.comment)


async def _check(app: App, request: CheckTask) -> Checked:
    return app.tasks.check(request.text)


async def _pull(app: App, request: PullTask) -> TaskText:
    return TaskText(text=await app.tasks.pull(request.task, version=request.version))


async def _render(app: App, request: RenderTask) -> Rendered:
    return await app.tasks.render(
        request.task,
        request.question,
        version=request.version,
        variables=request.variables,
    )


async def _releases(app: App, request: ListOfTask) -> list[Registration]:
    return await app.tasks.releases(request.task, limit=request.limit)


async def _diff(app: App, request: DiffReleases) -> list[Change]:
    return await app.tasks.diff(request.task, request.before, request.after)


async def _moves(app: App, request: ListMoves) -> list[PointerMove]:
    return await app.tasks.history(request.task, request.pointer, limit=request.limit)


async def _move(app: App, request: MovePointer) -> PointerMove:
    return await app.tasks.move(
        request.task,
        request.releases,
        pointer=request.pointer,
        comment=request.comment,
        expected=request.expected,
    )


async def _roll_back(app: App, request: RollBack) -> PointerMove:
    return await app.tasks.rollback(request.task, request.pointer, comment=request.comment)


async def _protect(app: App, request: Protect) -> Protection:
    return await app.tasks.protect(request.task, request.pointer, approvals=request.approvals)


async def _propose(app: App, request: Propose) -> ProposalState:
    return await app.tasks.propose(request.task, request.releases, request.pointer, request.comment)


async def _proposals(app: App, request: ListOfTask) -> list[ProposalState]:
    return await app.tasks.proposals(request.task, limit=request.limit)


async def _review(app: App, request: ReviewProposal) -> ProposalState:
    return await app.tasks.review(request.proposal, request.decision, comment=request.comment)


_TASK = "/api/tasks/{task}"
_POINTER = f"{_TASK}/pointers/{{pointer}}"

TASK_OPERATIONS: tuple[Operation, ...] = (
    Operation("list_tasks", "GET", "/api/tasks", ("tasks",), "List the tasks.", Nothing, list[Task], _list),
    Operation(
        "show_task",
        "GET",
        _TASK,
        ("task", "show"),
        "Show a task and where its pointers stand.",
        OneTask,
        TaskState,
        _show,
    ),
    Operation(
        "push_task",
        "POST",
        "/api/tasks",
        (),
        "Declare what a task file says, and move a pointer there.",
        PushTask,
        Pushed,
        _push,
    ),
    Operation(
        "check_task",
        "POST",
        "/api/tasks/check",
        (),
        "Say what is wrong with a task file, and what its prompt costs.",
        CheckTask,
        Checked,
        _check,
    ),
    Operation("pull_task", "GET", f"{_TASK}/file", (), "Return a release as a task file.", PullTask, TaskText, _pull),
    Operation(
        "render_task",
        "POST",
        f"{_TASK}/render",
        (),
        "Return what a release would ask its model.",
        RenderTask,
        Rendered,
        _render,
    ),
    Operation(
        "list_releases",
        "GET",
        f"{_TASK}/releases",
        ("task", "releases"),
        "List the releases that were declared for a task.",
        ListOfTask,
        list[Registration],
        _releases,
    ),
    Operation(
        "diff_releases",
        "GET",
        f"{_TASK}/diff",
        ("task", "diff"),
        "Show what is different between two releases.",
        DiffReleases,
        list[Change],
        _diff,
    ),
    Operation(
        "list_moves",
        "GET",
        f"{_POINTER}/moves",
        ("task", "history"),
        "List the moves of a pointer.",
        ListMoves,
        list[PointerMove],
        _moves,
    ),
    Operation(
        "move_pointer", "POST", _POINTER, (), "Move a pointer to weighted releases.", MovePointer, PointerMove, _move
    ),
    Operation(
        "roll_back",
        "POST",
        f"{_POINTER}/rollback",
        ("task", "rollback"),
        "Put a pointer back to where it stood before its latest move.",
        RollBack,
        PointerMove,
        _roll_back,
    ),
    Operation(
        "protect_pointer",
        "POST",
        f"{_POINTER}/protection",
        ("task", "protect"),
        "Let a pointer be moved only by proposals that others approve.",
        Protect,
        Protection,
        _protect,
    ),
    Operation(
        "list_proposals",
        "GET",
        f"{_TASK}/proposals",
        ("task", "proposals"),
        "List the latest proposals for a task.",
        ListOfTask,
        list[ProposalState],
        _proposals,
    ),
    Operation(
        "propose_move",
        "POST",
        f"{_TASK}/proposals",
        (),
        "Ask for a pointer to be moved.",
        Propose,
        ProposalState,
        _propose,
    ),
    Operation(
        "review_proposal",
        "POST",
        "/api/proposals/{proposal}/reviews",
        ("task", "review"),
        "Approve or reject a proposal; the last approval that is needed moves the pointer.",
        ReviewProposal,
        ProposalState,
        _review,
    ),
)
