"""The operations of a playground: ask several releases at one time, and keep what was asked as a case."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec

from lasttenth.app.app import App
from lasttenth.app.operation import Operation
from lasttenth.app.playground import Asked, Tried
from lasttenth.app.task_operations import ListOfTask, TaskName, Version
from lasttenth.records.definitions import Case

Question = Annotated[str, msgspec.Meta(description="What the user says.")]
Variables = Annotated[dict[str, Any], msgspec.Meta(description="What the prompt's templates read beside the question.")]


class TryReleases(msgspec.Struct, frozen=True, kw_only=True):
    """Which releases to ask, and what."""

    task: TaskName
    releases: Annotated[list[Version], msgspec.Meta(min_length=1, max_length=16)]
    question: Question = ""
    variables: Variables = {}


class SaveCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is to be asked, and what it should answer."""

    task: TaskName
    question: Question = ""
    variables: Variables = {}
    reference: Annotated[str, msgspec.Meta(description="What a good answer says; empty where nobody knows.")] = ""
    tags: Annotated[list[str], msgspec.Meta(description="What the case is an example of.")] = []


async def _try(app: App, request: TryReleases) -> AsyncGenerator[Tried]:
    return app.playground.ask(request.task, request.question, versions=request.releases, variables=request.variables)


async def _save(app: App, request: SaveCase) -> Case:
    asked = Asked(question=request.question, variables=request.variables)
    return await app.playground.save(request.task, asked, reference=request.reference, tags=request.tags)


async def _cases(app: App, request: ListOfTask) -> list[Case]:
    return await app.playground.cases(request.task, limit=request.limit)


_TASK = "/api/tasks/{task}"

PLAYGROUND_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "try_releases",
        "POST",
        f"{_TASK}/try",
        (),
        "Ask several releases the same at one time, as a stream of what each says.",
        TryReleases,
        Tried,
        _try,
        streams=True,
    ),
    Operation("save_case", "POST", f"{_TASK}/cases", (), "Keep an input of a task as a case.", SaveCase, Case, _save),
    Operation(
        "list_cases",
        "GET",
        f"{_TASK}/cases",
        ("task", "cases"),
        "List the latest cases of a task.",
        ListOfTask,
        list[Case],
        _cases,
    ),
)
