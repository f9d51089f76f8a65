"""A playground: several releases asked the same at one time, and what they were asked kept as cases."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from lasttenth.app.answers import Answer
from lasttenth.app.calling import CalledTask, Piece
from lasttenth.app.installation import Installation
from lasttenth.records.definitions import Case
from lasttenth.records.errors import LasttenthError
from lasttenth.releases.checking import require_working
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.taskfile import TaskFile, read_task
from lasttenth.serve.replies import UNEXPECTED

logger = logging.getLogger("lasttenth.app")

MOST_CASES = 10_000
"""Cases of a project among which those of a task are looked for."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is asked."""

    question: str = ""
    variables: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a release gave no answer."""

    code: str
    message: str
    trace_id: str = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what one release says; the last piece of each has its answer, or says how it failed."""

    version: str
    """The release, as it was asked for."""
    text: str = ""
    """What was said since the piece before."""
    value: Any = None
    """What stands by now of the JSON of a typed answer."""
    answer: Answer[Any] | None = None
    failure: Failure | None = None


class Playground:
    """Try releases of one project's tasks, and keep what they were asked."""

    def __init__(self, installation: Installation, project: str) -> None:
        self._installation = installation
        self._project = project

    async def ask(
        self,
        task: str,
        question: str = "",
        *,
        versions: Sequence[str] = (PRODUCTION,),
        variables: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Tried]:
        """Yield what several releases say to the same, all of them at one time; one that fails stops no other.

        Args:
            task: whose releases they are.
            question: what the user says; the prompt may go without.
            versions: each by a pointer's name or the first digits of a hash.
            variables: what the prompts' templates read beside the question.

        Raises:
            NotFoundError: there is no such release.
        """
        registry = await self._installation.registry(self._project)
        names = {version: (await registry.find(task, version)).hash for version in versions}
        called = {
            version: CalledTask(self._installation, self._project, f"{task}@{name}") for version, name in names.items()
        }
        queue: asyncio.Queue[Tried | None] = asyncio.Queue()

        async def hear(version: str) -> None:
            try:
                async with aclosing(called[version].stream(question, variables=variables)) as pieces:
                    async for piece in pieces:
                        queue.put_nowait(_of(version, piece))
            except LasttenthError as error:
                queue.put_nowait(_failed(version, error))
            except Exception:
                logger.exception("A release could not be tried.")
                queue.put_nowait(_failed(version, UNEXPECTED))
            finally:
                queue.put_nowait(None)

        hearing = [asyncio.create_task(hear(version)) for version in called]
        try:
            for _ in hearing:
                while (piece := await queue.get()) is not None:
                    yield piece
        finally:
            for each in hearing:
                each.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)

    async def keep(self, text: str, *, source: str = "The task file") -> TaskFile:
        """Store the release of a task file, so that it can be asked by its hash; nothing is declared, and no pointer moves.

        Raises:
            TaskFileError: the file cannot be read, or cannot work.
        """
        file = read_task(text, source=source)
        require_working(file, source)
        await (await self._installation.store.project(self._project)).definitions.put(file.release)
        return file

    async def save(self, task: str, asked: Asked, *, reference: str = "", tags: Sequence[str] = ()) -> Case:
        """Keep an input as a case, which cannot be erased: nothing that people said belongs there. Raises TaskNotFoundError.

        Args:
            task: what is asked.
            asked: its input.
            reference: what a good answer says; empty where nobody knows.
            tags: what the case is an example of.
        """
        await (await self._installation.registry(self._project)).task(task)
        known = {"text": reference} if reference else None
        case = Case(task=task, input=msgspec.to_builtins(asked), reference=known, tags=tuple(tags))
        await (await self._installation.store.project(self._project)).definitions.put(case)
        return case

    async def cases(self, task: str, *, limit: int = 50) -> list[Case]:
        """Return the latest cases of a task, newest first. Raises TaskNotFoundError."""
        await (await self._installation.registry(self._project)).task(task)
        definitions = (await self._installation.store.project(self._project)).definitions
        return [case for case in await definitions.latest(Case, limit=MOST_CASES) if case.task == task][:limit]


def _failed(version: str, error: LasttenthError) -> Tried:
    return Tried(version=version, failure=Failure(code=error.code, message=str(error), trace_id=error.trace_id))


def _of(version: str, piece: Piece[Any]) -> Tried:
    return Tried(version=version, text=piece.text, value=piece.value, answer=piece.answer)
