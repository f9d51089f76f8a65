"""The tasks and releases of a project: what is declared, and which release answers whom."""

import contextlib
import re
from collections import defaultdict
from typing import NamedTuple

from lasttenth.records.definitions import Environment, Release, Task
from lasttenth.records.errors import ConflictError, NotFoundError, TaskNotFoundError
from lasttenth.records.events import PointerMove, Registration, id_after
from lasttenth.records.hashing import SHOWN
from lasttenth.records.ids import Clock, Ids
from lasttenth.releases.choosing import choose
from lasttenth.releases.pointers import ATTEMPTS, PRODUCTION, NewMove, Pointers
from lasttenth.releases.proposals import Proposals
from lasttenth.releases.taskfile import TaskFile, builtin_tasks
from lasttenth.releases.versions import Version, heaviest, versions
from lasttenth.storage.ports import ProjectStore
from lasttenth.storage.watch import Watch

BUILTIN_ACTOR = "lasttenth"
REMEMBERED = 1024
"""Releases that are kept in memory; requests can make any number of them."""
MOST = 10_000
"""Declarations among which is looked."""
ALL = 2**63 - 1
"""However many there are: a version's number counts all before it."""
SHORTEST = 6
"""Digits of a hash that name a release of a task, where they are those of one alone."""
_HASH = re.compile(r"[0-9a-f]{64}")


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
        self._ids = ids
        self._clock = clock
        self.pointers = Pointers(store, ids=ids, clock=clock, watch=watch)
        self.proposals = Proposals(store, self.pointers, ids=ids, clock=clock)
        self._releases: dict[str, Release] = {}
        self._environments: set[str] = set()

    async def install_builtin(self) -> None:
        """Declare the built-in tasks. A pointer that somebody else has moved, or protected, stays where it is."""
        for file in builtin_tasks():
            name, move = file.task.name, await self.pointers.latest(file.task.name, PRODUCTION)
            if move is not None and move.actor != BUILTIN_ACTOR:
                continue
            release = await self.declare(file, actor=BUILTIN_ACTOR)
            is_there = move is not None and release in move.releases
            if is_there or await self.pointers.approvals(name, PRODUCTION):
                continue
            reason = "shipped with this version"
            wanted = NewMove(task=name, releases={release: 1.0}, actor=BUILTIN_ACTOR, reason=reason)
            with contextlib.suppress(ConflictError):  # another process has done it
                await self.pointers.move(wanted, expected=move.id if move is not None else "")

    async def declare(
        self, file: TaskFile, *, actor: str, comment: str = "", form: dict[str, str] | None = None
    ) -> str:
        """Store a task with its release, unless that was declared last, and return the release's hash.

        Written in another form it is declared once more; None stands for whichever form it has.
        """
        name, task, release = file.task.name, file.task.hash, file.release.hash
        for _ in range(ATTEMPTS):
            latest = next(iter(await self.declared(name, limit=1)), None)
            is_there = latest is not None and (latest.declaration, latest.release) == (task, release)
            if latest is not None and is_there and form in (None, latest.form):
                return release
            await self._store.definitions.put(file.task)
            await self._store.definitions.put(file.release, derived_from=(task,))
            registration = Registration(
                id=id_after(f"{name}\0{Registration.kind}", "" if latest is None else latest.id),
                at=self._clock.now(),
                task=name,
                declaration=task,
                release=release,
                actor=actor,
                comment=comment,
                form=form or {},
            )
            await self._store.events.append([registration])
            if await self._store.events.get(Registration, registration.id) == registration:
                return release
        raise ConflictError(f"Task {name} is declared again and again by others.", hint="Try again.")

    async def tasks(self) -> list[Task]:
        """Return the latest declaration of every task, sorted by name."""
        declared = await self._store.events.latest_of_each(Registration)
        tasks = [await self._store.definitions.get(Task, each.declaration) for each in declared]
        return sorted(tasks, key=lambda task: task.name)

    async def task(self, name: str) -> Task:
        """Return the latest declaration of a task. Raises TaskNotFoundError."""
        found = await self.declared(name, limit=1)
        if not found:
            raise _unknown(f"task/{name}", await self.tasks())
        return await self._store.definitions.get(Task, found[0].declaration)

    async def declared(self, task: str, *, limit: int = 100) -> list[Registration]:
        """Return the latest declarations of a task, newest first."""
        return await self._store.events.latest(Registration, subject=task, limit=limit)

    async def versions(self, task: str = "") -> dict[str, list[Version]]:
        """Return the versions of every task, or of one, newest first."""
        declared: defaultdict[str, list[Registration]] = defaultdict(list)
        for each in await self._store.events.latest(Registration, subject=task or None, limit=ALL):
            declared[each.task].append(each)
        standing: defaultdict[str, list[PointerMove]] = defaultdict(list)
        for move in await self._store.events.latest_of_each(PointerMove):
            standing[move.task].append(move)
        return {name: versions(declared[name], standing[name]) for name in sorted(declared)}

    async def file(self, declared: Registration) -> TaskFile:
        """Return what was declared."""
        task = await self._store.definitions.get(Task, declared.declaration)
        return TaskFile(task, await self._release(declared.release))

    async def resolve(self, task: str, pointer: str, *, unit: str) -> Resolved:
        """Return the release that a unit meets at a pointer, or that has this hash. Raises TaskNotFoundError."""
        if _HASH.fullmatch(pointer):
            return Resolved(await self._of_task(task, pointer), pointer, 1.0)
        move = await self.pointers.standing(task, pointer)
        if move is None:
            there = ", ".join(f"task/{task}@{each.pointer}" for each in await self.pointers.of_task(task))
            raise _unknown(f"task/{task}@{pointer}", await self.tasks(), there)
        choice = choose(move.releases, pointer=move.subject, unit=unit)
        return Resolved(await self._release(choice.release), choice.release, choice.probability)

    async def heaviest(self, move: PointerMove) -> Release:
        """Return the release that most units meet."""
        return await self._release(heaviest(move))

    async def find(self, task: str, version: str) -> Resolved:
        """Return the release that a pointer's name or the first digits of a hash mean. Raises NotFoundError, ConflictError.

        A pointer on several releases means none of them.
        """
        move = await self.pointers.latest(task, version)
        if move is not None and len(move.releases) > 1:
            several = " and ".join(name[:SHOWN] for name in move.releases)
            raise ConflictError(f"{move.subject} stands on {several}.", hint="Name one of these.")
        if move is not None:
            name = next(iter(move.releases))
            return Resolved(await self._release(name), name, 1.0)
        if _HASH.fullmatch(version):
            return Resolved(await self._of_task(task, version), version, 1.0)
        names = {each.release for each in await self.declared(task, limit=MOST) if each.release.startswith(version)}
        if len(version) < SHORTEST or not names:
            await self.task(task)
            raise NotFoundError(
                f"Task {task} has no pointer and no release {version}.",
                hint=f"Name a pointer, or at least {SHORTEST} digits of a hash: lasttenth task releases {task}",
            )
        if len(names) > 1:
            raise ConflictError(f"{version} may be {' or '.join(sorted(names))}.", hint="Give more digits.")
        return Resolved(await self._release(min(names)), min(names), 1.0)

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

    async def _of_task(self, task: str, name: str) -> Release:
        release = await self._release(name)
        if release.task != task:
            raise NotFoundError(f"Release {name[:SHOWN]} is of task {release.task}, not of {task}.")
        return release


def _unknown(wanted: str, tasks: list[Task], pointers: str = "") -> TaskNotFoundError:
    known = ", ".join(f"task/{each.name}" for each in tasks)
    hint = f"There is {pointers}." if pointers else f"Known tasks: {known}."
    return TaskNotFoundError(f"There is no {wanted}.", hint=hint)
