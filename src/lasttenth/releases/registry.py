"""Which release answers for a task: pointers are moved by events, and the latest move is where they stand."""

from typing import NamedTuple

from lasttenth.records.definitions import Environment, Release, Task
from lasttenth.records.errors import TaskNotFoundError
from lasttenth.records.events import PointerMove
from lasttenth.records.ids import Clock, Ids
from lasttenth.releases.taskfile import TaskFile, builtin_tasks
from lasttenth.storage.ports import ProjectStore
from lasttenth.storage.watch import Kept, Watch

PRODUCTION = "production"
BUILTIN_ACTOR = "lasttenth"
REMEMBERED = 1024
"""Releases that are kept in memory; requests can make any number of them."""


class Resolved(NamedTuple):
    """A release, its hash, and the probability with which it was chosen."""

    release: Release
    hash: str
    probability: float


class Registry:
    """The tasks, releases and pointers of one project.

    Args:
        store: where they are.
        watch: notices pointers that others move, so that those that are used need not be read each time.
    """

    def __init__(self, store: ProjectStore, *, ids: Ids, clock: Clock, watch: Watch | None = None) -> None:
        self._store = store
        self._kept: Kept[tuple[str, str], PointerMove] = Kept(watch)
        self._ids = ids
        self._clock = clock
        self._releases: dict[str, Release] = {}
        self._environments: set[str] = set()

    async def install_builtin(self) -> None:
        """Register the built-in tasks. A pointer that somebody else has moved stays where it is."""
        for file in builtin_tasks():
            move = await self._latest_move(file.task.name, PRODUCTION)
            if move is None or (move.actor == BUILTIN_ACTOR and file.release.hash not in move.releases):
                await self.register(file, actor=BUILTIN_ACTOR, reason="shipped with this version")

    async def register(self, file: TaskFile, *, actor: str, reason: str = "") -> str:
        """Store a task with its release, point `production` to it, and return the release's hash."""
        await self._store.definitions.put(file.task)
        name = await self._store.definitions.put(file.release, derived_from=(file.task.hash,))
        move = PointerMove(
            id=self._ids.trace(),
            at=self._clock.now(),
            task=file.task.name,
            pointer=PRODUCTION,
            releases={name: 1.0},
            actor=actor,
            reason=reason,
        )
        await self._store.events.append([move])
        self._kept.forget()
        return name

    async def tasks(self) -> list[Task]:
        """Return the latest declaration of every task, sorted by name."""
        latest: dict[str, Task] = {}
        for task in await self._store.definitions.latest(Task, limit=1000):
            latest.setdefault(task.name, task)
        return [latest[name] for name in sorted(latest)]

    async def resolve(self, task: str, pointer: str) -> Resolved:
        """Return the release that a pointer stands on. Raises TaskNotFoundError."""
        move = await self._kept.get((task, pointer), lambda: self._latest_move(task, pointer))
        if move is None:
            known = ", ".join(f"task/{each.name}" for each in await self.tasks())
            raise TaskNotFoundError(f"There is no task/{task}@{pointer}.", hint=f"Known tasks: {known}.")
        name = max(move.releases, key=move.releases.__getitem__)
        return Resolved(await self._release(name), name, 1.0)

    async def keep(self, release: Release, *, parent: str) -> str:
        """Store a release that a request made from another one, and return its hash."""
        name = release.hash
        if name not in self._releases:
            await self._store.definitions.put(release, derived_from=(parent,))
            self._remember(name, release)
        return name

    async def met(self, environment: Environment) -> str:
        """Store what a release met, if it is new, and return its hash."""
        name = environment.hash
        if name not in self._environments:
            await self._store.definitions.put(environment)
            self._environments.add(name)
        return name

    async def _release(self, name: str) -> Release:
        release = self._releases.get(name)
        if release is None:
            release = self._remember(name, await self._store.definitions.get(Release, name))
        return release

    def _remember(self, name: str, release: Release) -> Release:
        self._releases[name] = release
        if len(self._releases) > REMEMBERED:
            del self._releases[next(iter(self._releases))]
        return release

    async def _latest_move(self, task: str, pointer: str) -> PointerMove | None:
        moves = await self._store.events.latest(PointerMove, subject=f"{task}@{pointer}", limit=1)
        return moves[0] if moves else None
