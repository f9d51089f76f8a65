"""Proposals: moves of pointers that somebody else looks at before they are made."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from lasttenth.records.errors import ConflictError, PermissionDeniedError
from lasttenth.records.events import Proposal, Review
from lasttenth.records.ids import Clock, Ids
from lasttenth.releases.pointers import NewMove, Pointers
from lasttenth.storage.ports import ProjectStore

State = Literal["open", "made", "rejected", "outdated"]


class ProposalState(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal, what was said of it, how many approvals it needs, and what became of it.

    It is outdated once the pointer was moved by something else.
    """

    proposal: Proposal
    reviews: list[Review]
    needed: int
    state: State


class Proposals:
    """The proposals of one project.

    Args:
        store: where they are.
        pointers: makes the moves that were approved.
    """

    def __init__(self, store: ProjectStore, pointers: Pointers, *, ids: Ids, clock: Clock) -> None:
        self._store = store
        self._pointers = pointers
        self._ids = ids
        self._clock = clock

    async def propose(
        self, task: str, pointer: str, releases: Mapping[str, float], *, actor: str, comment: str = ""
    ) -> ProposalState:
        """Ask for a pointer to be moved; what somebody asks for already is not asked for twice.

        Raises:
            InvalidRequestError: the name or a weight cannot be.
            NotFoundError: a release is not there.
            ConflictError: the pointer stands there already.
        """
        checked = await self._pointers.checked(task, pointer, releases)
        latest = await self._pointers.latest(task, pointer)
        if latest is not None and latest.releases == checked:
            raise ConflictError(f"{latest.subject} stands there already.", hint="Nothing needs to be proposed.")
        proposal = Proposal(
            id=self._ids.trace(),
            at=self._clock.now(),
            task=task,
            pointer=pointer,
            releases=checked,
            after=latest.id if latest is not None else "",
            actor=actor,
            comment=comment,
        )
        for other in await self._store.events.latest(Proposal, subject=task):
            if _wants(other) == _wants(proposal) and (state := await self._state(other)).state == "open":
                return state
        await self._store.events.append([proposal])
        return await self.get(proposal.id)

    async def get(self, proposal: str) -> ProposalState:
        """Return a proposal and what became of it. Raises NotFoundError."""
        return await self._state(await self._store.events.get(Proposal, proposal))

    async def of_task(self, task: str, *, limit: int = 50) -> list[ProposalState]:
        """Return the latest proposals for a task, newest first."""
        found = await self._store.events.latest(Proposal, subject=task, limit=limit)
        return [await self._state(proposal) for proposal in found]

    async def review(
        self, proposal: str, decision: Literal["approve", "reject"], *, actor: str, comment: str = ""
    ) -> ProposalState:
        """Approve or reject; the approval that was the last one needed moves the pointer.

        Raises:
            NotFoundError: there is no such proposal.
            PermissionDeniedError: it is the reviewer's own.
            ConflictError: it is no longer open, or the pointer is moved at the same time.
        """
        before = await self.get(proposal)
        if before.state != "open":
            raise ConflictError(f"The proposal is {before.state}.", hint="Propose anew what is still wanted.")
        if decision == "approve" and actor == before.proposal.actor:
            raise PermissionDeniedError(
                f"{actor} has made the proposal, and cannot approve it.", hint="Let somebody else approve it."
            )
        review = Review(
            id=self._ids.trace(),
            at=self._clock.now(),
            proposal=proposal,
            decision=decision,
            actor=actor,
            comment=comment,
        )
        await self._store.events.append([review])
        after = await self.get(proposal)
        if after.state == "open" and len(_approvers(after.reviews)) >= after.needed:
            await self._make(after)
        return await self.get(proposal)

    async def _make(self, approved: ProposalState) -> None:
        proposal = approved.proposal
        move = NewMove(
            task=proposal.task,
            pointer=proposal.pointer,
            releases=proposal.releases,
            actor=proposal.actor,
            reason=proposal.comment,
            proposal=proposal.id,
            approvers=tuple(sorted(_approvers(approved.reviews))),
        )
        await self._pointers.move(move, expected=proposal.after)

    async def _state(self, proposal: Proposal) -> ProposalState:
        reviews = await self._store.events.latest(Review, subject=proposal.id, limit=1000)
        needed = max(1, await self._pointers.approvals(proposal.task, proposal.pointer))
        return ProposalState(
            proposal=proposal, reviews=reviews[::-1], needed=needed, state=await self._became(proposal, reviews)
        )

    async def _became(self, proposal: Proposal, reviews: list[Review]) -> State:
        next_move = await self._pointers.after(proposal.task, proposal.pointer, proposal.after)
        if next_move is not None and next_move.proposal == proposal.id:
            return "made"
        if any(review.decision == "reject" for review in reviews):
            return "rejected"
        return "open" if next_move is None else "outdated"


def _wants(proposal: Proposal) -> tuple[str, dict[str, float], str, str]:
    return proposal.pointer, proposal.releases, proposal.after, proposal.actor


def _approvers(reviews: list[Review]) -> set[str]:
    return {review.actor for review in reviews if review.decision == "approve"}
