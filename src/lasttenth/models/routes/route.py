"""A route: a model that several deployments serve. One that fails before it has said anything is replaced by another.

What may be over in a moment is tried again, elsewhere first; what another deployment may do better goes there; what is wrong
with the request itself goes back to whoever sent it. When all deployments have failed the fallbacks are asked, one after
the other. Retries are bounded for each call, and for all calls together: by a tenth of them, so that no outage is
answered by a storm; so are calls that are made twice because the first is slow, by a twentieth.
"""

import asyncio
from collections.abc import Callable, Sequence

from lasttenth.models.port import ModelInfo, ModelRequest, ProtocolName
from lasttenth.models.routes.budget import Budget
from lasttenth.models.routes.call import RoutedCall, RoutedReply
from lasttenth.models.routes.deployments import Deployment, at_home, choose
from lasttenth.models.routes.hedging import Usual, first_of
from lasttenth.models.routes.patience import Patience
from lasttenth.records.errors import untagged
from lasttenth.records.ids import Clock

RETRIED, HEDGED = 0.1, 0.05
"""Of all calls of a route so many may be retries, and so many may be made twice, beside the first ones."""
FIRST_EXTRA = 10.0
LONGEST_PAUSE = 5.0
"""Seconds that a call waits for a deployment that rests, where there is no other."""
FIRST_PAUSE = 0.2


class Route:
    """Answer in the place of several deployments, whichever protocols they speak.

    Args:
        deployments: share the calls by weight and by how long each has to be waited for.
        fallbacks: are asked one after the other, when all deployments have failed.
        patience: how long and how often is tried.
        draw: returns a number from 0 to 1.
    """

    def __init__(
        self,
        deployments: Sequence[Deployment],
        fallbacks: Sequence[Deployment] = (),
        *,
        patience: Patience,
        clock: Clock,
        draw: Callable[[], float],
    ) -> None:
        self.protocols: tuple[ProtocolName, ...] = ()
        self.deployments = (*deployments, *fallbacks)
        """All that may be asked."""
        self._deployments = deployments
        self._fallbacks = fallbacks
        self._patience = patience
        self._clock = clock
        self._draw = draw
        self._retries = Budget(share=RETRIED, first=FIRST_EXTRA)
        self._hedges = Budget(share=HEDGED, first=FIRST_EXTRA)
        self._usual = Usual()

    async def call(self, request: ModelRequest) -> RoutedReply:
        """Return the first answer. Raises UpstreamError with the attempts, where none comes."""
        self._retries.earn()
        self._hedges.earn()
        call = RoutedCall(request, self._patience, self._clock, self._usual)
        deployments = self._fit(request, self._deployments)
        fallbacks = self._fit(request, self._fallbacks)
        if not deployments and not fallbacks:
            raise untagged(f"No deployment of {request.model} has", request.tags)
        found = await self._among(call, deployments)
        for fallback in fallbacks:
            if found is not None or not call.may_go_on:
                break
            found = await call.ask(fallback)
        return found or call.given_up()

    async def models(self) -> list[ModelInfo]:
        """Return no models: routes are listed by those who know their names."""
        return []

    async def close(self) -> None:
        """The providers belong to others."""

    def _fit(self, request: ModelRequest, deployments: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return those for whom holds what is asked for."""
        return [each for each in deployments if request.tags <= each.tags] if request.tags else deployments

    async def _among(self, call: RoutedCall, deployments: Sequence[Deployment]) -> RoutedReply | None:
        """Ask deployments until one answers; None where none does."""
        for number in range(self._patience.retries + 1):
            deployment = await self._next(call, deployments, number)
            if deployment is None or (number and not self._retries.spend()):
                return None
            found = await self._hedged(call, deployments, deployment)
            if found is not None or not call.may_go_on:
                return found
        return None

    def _choose(self, call: RoutedCall, deployments: Sequence[Deployment]) -> Deployment | None:
        return choose(deployments, tried=call.tried, draw=self._draw, cheapest=self._patience.strategy == "cost")

    async def _next(self, call: RoutedCall, deployments: Sequence[Deployment], number: int) -> Deployment | None:
        """Return whom to ask: somebody who was not, else the one who may be asked again soonest, after a pause."""
        if self._patience.affinity and not number:
            home = at_home(deployments, call.beginning)
            if home is not None:
                return home
        fresh = self._choose(call, deployments)
        again = [each for each in deployments if each not in call.beyond]
        if fresh is not None or not again:
            return fresh
        soonest = min(again, key=lambda each: each.rest)
        pause = max(soonest.rest, FIRST_PAUSE * 2**number * self._draw() if number else 0.0)
        if pause > LONGEST_PAUSE:
            return None
        await asyncio.sleep(pause)
        return soonest

    async def _hedged(
        self, call: RoutedCall, deployments: Sequence[Deployment], deployment: Deployment
    ) -> RoutedReply | None:
        """Ask a deployment, and another one beside it where it says nothing for long."""
        longest = self._usual.longest if self._patience.hedge else None
        if longest is None:
            return await call.ask(deployment)
        asking = asyncio.create_task(call.ask(deployment))
        try:
            await asyncio.wait({asking}, timeout=longest)
            other = None if asking.done() else self._choose(call, deployments)
            if other is None or not self._hedges.spend():
                return await asking
            return await first_of(asking, asyncio.create_task(call.ask(other)), dismiss=RoutedReply.close)
        except BaseException:
            asking.cancel()
            raise
