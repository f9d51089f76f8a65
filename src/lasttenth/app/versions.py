"""The versions of one project's tasks, for doors through which other products' clients come: they count from 1 on."""

from collections.abc import Sequence

from lasttenth.app.installation import Installation
from lasttenth.releases.registry import Registry
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version


class ProjectVersions:
    """Find versions, and what they declare."""

    def __init__(self, installation: Installation, project: str) -> None:
        self._installation = installation
        self._project = project

    async def of_task(self, task: str) -> list[Version]:
        """Return the versions of a task, newest first. Raises TaskNotFoundError."""
        registry = await self._registry()
        await registry.task(task)
        return (await registry.versions(task))[task]

    async def of_each_task(self) -> dict[str, list[Version]]:
        """Return the versions of every task, newest first; the tasks are sorted by name."""
        return await (await self._registry()).versions()

    async def file(self, version: Version) -> TaskFile:
        """Return what a version declares."""
        return await (await self._registry()).file(version.registration)

    async def standing(self, task: str, pointers: Sequence[str]) -> TaskFile:
        """Return a task with the release on which the first of these pointers stands that there is.

        It is the one with most weight, and the newest one where there is none of them.

        Raises:
            TaskNotFoundError: there is no such task.
        """
        registry = await self._registry()
        declared = await registry.task(task)
        moves = [await registry.pointers.latest(task, pointer) for pointer in pointers]
        found = next((move for move in moves if move is not None), None)
        if found is not None:
            return TaskFile(declared, await registry.heaviest(found))
        return await registry.file((await registry.declared(task, limit=1))[0])

    async def _registry(self) -> Registry:
        return await self._installation.registry(self._project)
