"""Pointers: names on a task that stand on weighted releases, and move one step after the other.

The moves of a pointer are a chain. The id of a move is the hash of its pointer and of the move before it, so two moves
after the same one have the same id, and the store keeps the first: nobody overwrites what he has not seen, whichever
process he is in.
"""

import re
from collections.abc import Mapping

import msgspec

from lasttenth.records.definitions import Release
from lasttenth.records.errors import ConflictError, InvalidRequestError, NotFoundError, PermissionDeniedError
from lasttenth.records.events import PointerMove, Protection, id_after
from lasttenth.records.hashing import SHOWN
from lasttenth.records.ids import Clock, Ids
from lasttenth.releases.choosing import checked
from lasttenth.storage.ports import ProjectStore
from lasttenth.storage.watch import Kept, Watch

PRODUCTION = "production"
ATTEMPTS = 20
_NAME = re.compile(r"(?![0-9a-f]{64}$)[a-z0-9][a-z0-9._-]{0,63}")


class NewMove(msgspec.Struct, frozen=True, kw_only=True):
    """A move that somebody wants: which pointer, to which weighted releases (hash → weight), who, and why."""

    task: str
    pointer: str = PRODUCTION
    releases: dict[str, float]
    actor: str
    reason: str = ""
    restores: str = ""
    proposal: str = ""
    approvers: tuple[str, ...] = ()


class Pointers:
    """The pointers of one project.

    Args:
        store: where their moves are.
        watch: notices pointers that others move, so that those that are used need not be read each time.
    """

    def __init__(self, store: ProjectStore, *, ids: Ids, clock: Clock, watch: Watch | None = None) -> None:
        self._store = store
        self._kept: Kept[tuple[str, str], PointerMove] = Kept(watch)
        self._ids = ids
        self._clock = clock

    async def standing(self, task: str, pointer: str) -> PointerMove | None:
        """Return where a pointer stands, as it is known here: what others move is seen within a second."""
        return await self._kept.get((task, pointer), lambda: self.latest(task, pointer))

    async def latest(self, task: str, pointer: str) -> PointerMove | None:
        """Return the move that says where a pointer stands, None where there is no such pointer."""
        moves = await self.history(task, pointer, limit=1)
        return moves[0] if moves else None

    async def history(self, task: str, pointer: str, *, limit: int = 100) -> list[PointerMove]:
        """Return the latest moves of a pointer, newest first."""
        return await self._store.events.latest(PointerMove, subject=f"{task}@{pointer}", limit=limit)

    async def of_task(self, task: str) -> list[PointerMove]:
        """Return where each pointer of a task stands, sorted by name."""
        moves = await self._store.events.latest_of_each(PointerMove)
        return sorted((move for move in moves if move.task == task), key=lambda move: move.pointer)

    async def move(self, move: NewMove, *, expected: str | None = None) -> PointerMove:
        """Move a pointer, and return the move as it is stored; where it stands there already, the one that put it there.

        Args:
            move: what is wanted.
            expected: id of the latest move that whoever asks has seen; None moves it from wherever it stands.

        Raises:
            InvalidRequestError: the name or a weight cannot be.
            NotFoundError: a release is not there.
            ConflictError: somebody else has moved the pointer.
        """
        releases = await self.checked(move.task, move.pointer, move.releases)
        subject = f"{move.task}@{move.pointer}"
        for _ in range(ATTEMPTS):
            latest = await self.latest(move.task, move.pointer)
            before = latest.id if latest is not None else ""
            if expected is not None and before != expected:
                raise _moved_meanwhile(latest)
            if latest is not None and latest.releases == releases:
                return latest
            wanted = PointerMove(
                id=id_after(subject, before),
                at=self._clock.now(),
                task=move.task,
                pointer=move.pointer,
                releases=releases,
                actor=move.actor,
                reason=move.reason,
                after=before,
                restores=move.restores,
                proposal=move.proposal,
                approvers=move.approvers,
            )
            await self._store.events.append([wanted])
            self._kept.forget()
            stored = await self._store.events.get(PointerMove, wanted.id)
            if stored == wanted:
                return stored
            if expected is not None:
                raise _moved_meanwhile(stored)
        raise ConflictError(f"{subject} is moved again and again by others.", hint="Try again.")

    async def back(self, task: str, pointer: str, *, actor: str, reason: str = "") -> PointerMove:
        """Put a pointer back to where it stood before its latest move; once more, and it goes back further.

        Raises:
            NotFoundError: there is no such pointer.
            ConflictError: it has stood nowhere before, or is moved at the same time.
        """
        latest = await self.require(task, pointer)
        undone = await self._store.events.get(PointerMove, latest.restores) if latest.restores else latest
        if not undone.after:
            raise ConflictError(
                f"{task}@{pointer} has stood nowhere before that.", hint=f"See lasttenth task history {task}."
            )
        before = await self._store.events.get(PointerMove, undone.after)
        wanted = NewMove(
            task=task,
            pointer=pointer,
            releases=before.releases,
            actor=actor,
            reason=reason or "rollback",
            restores=before.id,
        )
        return await self.move(wanted, expected=latest.id)

    async def require(self, task: str, pointer: str) -> PointerMove:
        """Return where a pointer stands. Raises NotFoundError."""
        latest = await self.latest(task, pointer)
        if latest is None:
            raise NotFoundError(
                f"There is no pointer {task}@{pointer}.", hint=f"lasttenth task show {task} lists those that there are."
            )
        return latest

    async def approvals(self, task: str, pointer: str) -> int:
        """Return how many approvals a move of a pointer needs, 0 where anybody may move it."""
        found = await self._store.events.latest(Protection, subject=f"{task}@{pointer}", limit=1)
        return found[0].approvals if found else 0

    async def protect(self, task: str, pointer: str, *, approvals: int, actor: str) -> Protection:
        """Set how many approvals a move of a pointer needs. Raises NotFoundError."""
        await self.require(task, pointer)
        protection = Protection(
            id=self._ids.trace(), at=self._clock.now(), task=task, pointer=pointer, approvals=approvals, actor=actor
        )
        await self._store.events.append([protection])
        return protection

    async def require_open(self, task: str, pointer: str) -> None:
        """Raise PermissionDeniedError for a pointer whose moves need an approval."""
        approvals = await self.approvals(task, pointer)
        if approvals:
            raise PermissionDeniedError(
                f"{task}@{pointer} is protected: its moves need {approvals} approval{'s' * (approvals > 1)}.",
                hint="Propose the move, and let somebody else approve it: lasttenth task propose.",
            )

    async def after(self, task: str, pointer: str, move: str) -> PointerMove | None:
        """Return the move that came after another one, by its id, None where none did."""
        try:
            return await self._store.events.get(PointerMove, id_after(f"{task}@{pointer}", move))
        except NotFoundError:
            return None

    async def checked(self, task: str, pointer: str, releases: Mapping[str, float]) -> dict[str, float]:
        """Return weights on which a pointer can stand. Raises InvalidRequestError, NotFoundError."""
        check_name(pointer)
        weights = checked(releases)
        for name in weights:
            release = await self._store.definitions.get(Release, name)
            if release.task != task:
                raise InvalidRequestError(
                    f"Release {name[:SHOWN]} is of task {release.task}, not of {task}.", parameter="releases"
                )
        return weights


def check_name(pointer: str) -> None:
    """Raise InvalidRequestError for what is no name of a pointer."""
    if not _NAME.fullmatch(pointer):
        raise InvalidRequestError(
            f"{pointer} is no name of a pointer.",
            hint="Use up to 64 lower-case letters, digits, points, hyphens and underscores.",
            parameter="pointer",
        )


def _moved_meanwhile(by: PointerMove | None) -> ConflictError:
    if by is None:
        return ConflictError("The pointer is not there yet.", hint="Leave out which move you expect.")
    return ConflictError(
        f"The latest move of {by.subject} is another one, by {by.actor}.",
        hint="Look at where it stands now, then decide again.",
    )
