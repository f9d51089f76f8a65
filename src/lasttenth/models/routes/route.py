"""A route: a model that several deployments serve. One that fails before it has said anything is replaced by another.

What may be over in a moment is tried again, elsewhere first; what another deployment may do better goes there; what is wrong
with the request itself goes back to whoever sent it. When all deployments have failed the fallbacks are asked, one after
the other. Retries are bounded for each call, and for all calls together: by a tenth of them, so that no outage is
answered by a storm; so are calls that are made twice because the first is slow, by a twentieth.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated

import msgspec

from lasttenth.models import openai
from lasttenth.models.port import MOST_REPLY_BYTES, Answered, ModelInfo, ModelReply, ModelRequest
from lasttenth.models.routes.budget import Budget
from lasttenth.models.routes.content import NoContent, until_content
from lasttenth.models.routes.deployments import Deployment, choose
from lasttenth.models.routes.failures import ELSEWHERE, PASSING, Failure, of_answer, of_error
from lasttenth.models.routes.hedging import Usual, first_of
from lasttenth.models.routes.replies import BegunReply, HeldReply
from lasttenth.records.attempts import Attempt
from lasttenth.records.errors import UpstreamError, UpstreamTimeoutError
from lasttenth.records.ids import Clock

RETRIED, HEDGED = 0.1, 0.05
"""Of all calls of a route so many may be retries, and so many may be made twice, beside the first ones."""
FIRST_EXTRA = 10.0
LONGEST_PAUSE = 5.0
"""Seconds that a call waits for a deployment that rests, where there is no other."""
FIRST_PAUSE = 0.2
OUTRUN = "outrun"
"""What is said of an attempt that was given up, because another one was faster or nobody waits any more."""
MOST_ERROR_BYTES = 2**20
_SECOND = 1e9

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Patience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a call is tried again, and for how many seconds its first content may be waited for."""

    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    first_content: Seconds | None = None
    hedge: bool = False
    """Whether another deployment is asked as well, where one says nothing for longer than nearly all calls take."""


class Route:
    """Answer in the place of several deployments.

    Args:
        deployments: share the calls by weight and by how long each has to be waited for.
        fallbacks: are asked one after the other, when all deployments have failed.
        draw: returns a number from 0 to 1.
        pause: waits for seconds.
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

    async def call(self, request: ModelRequest) -> "RoutedReply":
        """Return the first answer. Raises UpstreamError with the attempts, where none comes."""
        self._retries.earn()
        self._hedges.earn()
        call = _Call(request, self._patience.first_content, self._clock, self._usual)
        found = await self._among(call)
        for fallback in self._fallbacks:
            if found is not None or not call.may_go_elsewhere:
                break
            found = await call.ask(fallback)
        return found or call.given_up()

    async def models(self) -> list[ModelInfo]:
        """Return no models: routes are listed by those who know their names."""
        return []

    async def close(self) -> None:
        """The providers belong to others."""

    async def _among(self, call: "_Call") -> "RoutedReply | None":
        """Ask the deployments until one answers; None where none does."""
        for number in range(self._patience.retries + 1):
            deployment = await self._next(call, number)
            if deployment is None or (number and not self._retries.spend()):
                return None
            found = await self._hedged(call, deployment)
            if found is not None or not call.may_go_elsewhere:
                return found
        return None

    async def _next(self, call: "_Call", number: int) -> Deployment | None:
        """Return whom to ask: somebody who was not, else the one who may be asked again soonest, after a pause."""
        fresh = choose(self._deployments, tried=call.tried, draw=self._draw)
        again = [each for each in self._deployments if each not in call.beyond]
        if fresh is not None or not again:
            return fresh
        soonest = min(again, key=lambda each: each.rest)
        pause = max(soonest.rest, FIRST_PAUSE * 2**number * self._draw() if number else 0.0)
        if pause > LONGEST_PAUSE:
            return None
        await asyncio.sleep(pause)
        return soonest

    async def _hedged(self, call: "_Call", deployment: Deployment) -> "RoutedReply | None":
        """Ask a deployment, and another one beside it where it says nothing for long."""
        longest = self._usual.longest if self._patience.hedge else None
        if longest is None:
            return await call.ask(deployment)
        asking = asyncio.create_task(call.ask(deployment))
        try:
            await asyncio.wait({asking}, timeout=longest)
            other = None if asking.done() else choose(self._deployments, tried=call.tried, draw=self._draw)
            if other is None or not self._hedges.spend():
                return await asking
            return await first_of(asking, asyncio.create_task(call.ask(other)), dismiss=RoutedReply.close)
        except BaseException:
            asking.cancel()
            raise


class _Call:
    """One call of a route, over all its attempts."""

    def __init__(self, request: ModelRequest, first_content: float | None, clock: Clock, usual: Usual) -> None:
        self._request = request
        self._fields = openai.fields_of(request.body)
        self._first_content = first_content
        self._clock = clock
        self._usual = usual
        self.attempts: list[Attempt] = []
        """Those that were in vain."""
        self._last: UpstreamError | HeldReply | None = None
        self.tried: list[Deployment] = []
        self.beyond: list[Deployment] = []
        """Those that will not do better."""
        self.may_go_elsewhere = True

    async def ask(self, deployment: Deployment) -> "RoutedReply | None":
        """Return the answer of a deployment, None where it failed and another may be asked."""
        self.tried.append(deployment)
        deployment.begin()
        began = self._clock.monotonic()
        try:
            found, failure = await self._attempt(deployment)
        except BaseException:
            deployment.end()
            self.attempts.append(Attempt(deployment.name, OUTRUN, self._clock.monotonic() - began))
            raise
        took = self._clock.monotonic() - began
        if failure is None and found is not None:
            deployment.answered(took / _SECOND)
            self._usual.take(took / _SECOND)
            return RoutedReply(found, self, deployment)
        deployment.end()
        self._note(deployment, failure or Failure("failed"), took)
        return None

    def given_up(self) -> "RoutedReply":
        """Return the answer of the last attempt, which is an error, or raise it."""
        if isinstance(self._last, HeldReply):
            self.attempts, last = self.attempts[:-1], self.tried[-1]
            last.begin()  # it is over when the reply is
            return RoutedReply(self._last, self, last)
        error = self._last or UpstreamError("No deployment can be asked now.", hint="Try again later.")
        error.attempts = tuple(self.attempts)
        raise error

    def _note(self, deployment: Deployment, failure: Failure, took: int) -> None:
        deployment.failed(failure)
        self.attempts.append(Attempt(deployment.name, failure.kind, took))
        self.may_go_elsewhere = failure.kind in ELSEWHERE
        if failure.kind not in PASSING:
            self.beyond.append(deployment)

    async def _attempt(self, deployment: Deployment) -> tuple[ModelReply | None, Failure | None]:
        request = self._addressed(deployment)
        try:
            async with asyncio.timeout(self._first_content):
                reply = await deployment.provider.call(request)
                if reply.status >= 400:
                    return None, await self._refused(reply)
                return await self._with_content(reply), None
        except UpstreamError as error:
            self._last = error
            return None, of_error(error)
        except TimeoutError:
            self._last = UpstreamTimeoutError(
                f"{deployment.name} said nothing for {self._first_content:g} seconds.", hint="Try again later."
            )
            return None, Failure("timeout")
        except NoContent:
            self._last = UpstreamError(
                f"{deployment.name} ended its answer before it said anything.", hint="Send the request again."
            )
            return None, Failure("failed")

    async def _refused(self, reply: ModelReply) -> Failure:
        try:
            body = await reply.read(MOST_ERROR_BYTES)
        finally:
            await reply.close()
        self._last = HeldReply(reply, body)
        return of_answer(reply.status, body, reply.retry_after)

    async def _with_content(self, reply: ModelReply) -> ModelReply:
        """Return a reply once it has begun to say something, or is there as a whole. Raises NoContent, UpstreamError."""
        try:
            if reply.media_type.startswith(openai.EVENT_STREAM):
                chunks = reply.chunks()
                return BegunReply(reply, await until_content(chunks), chunks)
            body = await reply.read(MOST_REPLY_BYTES)
        except BaseException:
            await reply.close()
            raise
        await reply.close()
        said = openai.said_in(body)
        if said is None or said.is_error or self._request.stream:
            raise NoContent
        return HeldReply(reply, body)

    def _addressed(self, deployment: Deployment) -> ModelRequest:
        body = msgspec.json.encode({**self._fields, "model": deployment.model})
        return msgspec.structs.replace(self._request, model=deployment.model, body=body)


class RoutedReply:
    """The answer of a deployment, which waits for no more once it is over."""

    def __init__(self, reply: ModelReply, call: _Call, deployment: Deployment) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self._reply = reply
        self._call = call
        self._deployment = deployment
        self._is_over = False

    @property
    def answered(self) -> Answered:
        """Return who answers, and who was asked in vain."""
        return Answered(self._deployment.name, tuple(self._call.attempts))

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        return await self._reply.read(limit)

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off."""
        return self._reply.chunks()

    async def close(self) -> None:
        """Give up the rest of the answer."""
        if not self._is_over:
            self._is_over = True
            self._deployment.end()
        with contextlib.suppress(UpstreamError):
            await self._reply.close()
