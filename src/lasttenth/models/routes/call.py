"""One call of a route, over all its attempts, and the reply that comes of it."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator

import msgspec

from lasttenth.models import bodies
from lasttenth.models.port import Answered, ModelReply, ModelRequest
from lasttenth.models.protocols import PROTOCOLS
from lasttenth.models.routes.content import NoContent, until_content
from lasttenth.models.routes.deployments import Deployment
from lasttenth.models.routes.failures import ELSEWHERE, PASSING, Failure, of_answer, of_error
from lasttenth.models.routes.hedging import Usual
from lasttenth.models.routes.patience import Patience
from lasttenth.models.routes.replies import BegunReply, HeldReply
from lasttenth.models.translation.provider import speaking
from lasttenth.records.attempts import Attempt
from lasttenth.records.errors import InvalidRequestError, UpstreamError, UpstreamTimeoutError
from lasttenth.records.ids import Clock
from lasttenth.records.usage import Usage

OUTRUN = "outrun"
"""What is said of an attempt that was given up, because another one was faster or nobody waits any more."""
BEGINNING = 1024
"""Bytes of the messages by which prompts are told apart: instructions mostly stand there, and first questions."""
_SAID_IN = ("messages", "input", "contents")
MOST_ERROR_BYTES = 2**20
_SECOND = 1e9


class RoutedCall:
    """One call of a route, over all its attempts."""

    def __init__(self, request: ModelRequest, patience: Patience, clock: Clock, usual: Usual) -> None:
        self._request = request
        self._protocol = PROTOCOLS[request.protocol]
        self._fields = bodies.fields_of(request.body)
        self._patience = patience
        self._began = clock.monotonic()
        self._clock = clock
        self._usual = usual
        self.attempts: list[Attempt] = []
        """Those that were in vain."""
        self._last: UpstreamError | InvalidRequestError | HeldReply | None = None
        self.tried: list[Deployment] = []
        self.beyond: list[Deployment] = []
        """Those that will not do better."""
        self.may_go_elsewhere = True

    @property
    def may_go_on(self) -> bool:
        """Tell whether another deployment may do better, and there is time for it."""
        left = self._left
        return self.may_go_elsewhere and (left is None or left > 0)

    @property
    def _left(self) -> float | None:
        """Return the seconds that are left, None where there is no end to them."""
        total = self._patience.total
        return None if total is None else total - (self._clock.monotonic() - self._began) / _SECOND

    @property
    def beginning(self) -> bytes:
        """Return what stands for the beginning of the prompt, which conversations keep while they grow."""
        said = next((self._fields[name] for name in _SAID_IN if name in self._fields), b"")
        return hashlib.sha256(bytes(said)[:BEGINNING]).digest()

    async def ask(self, deployment: Deployment) -> "RoutedReply | None":
        """Return the answer of a deployment, None where it failed and another may be asked."""
        self.tried.append(deployment)
        deployment.begin()
        began = self._clock.monotonic()
        reported = _Reported()
        try:
            found, failure = await self._attempt(deployment, reported)
        except BaseException:
            deployment.end()
            took = self._clock.monotonic() - began
            self.attempts.append(Attempt(deployment.name, OUTRUN, took, reported.usage))
            raise
        took = self._clock.monotonic() - began
        if failure is None and found is not None:
            deployment.answered(took / _SECOND)
            self._usual.take(took / _SECOND)
            return RoutedReply(found, self, deployment)
        deployment.end()
        failure = failure or Failure("failed")
        self._note(deployment, failure)
        self.attempts.append(Attempt(deployment.name, failure.kind, took, reported.usage))
        return None

    def given_up(self) -> "RoutedReply":
        """Return the answer of the last attempt, which is an error, or raise it."""
        if isinstance(self._last, HeldReply):
            self.attempts, last = self.attempts[:-1], self.tried[-1]
            last.begin()  # it is over when the reply is
            return RoutedReply(self._last, self, last)
        error = self._last or UpstreamError("No deployment can be asked now.", hint="Try again later.")
        if isinstance(error, UpstreamError):
            error.attempts = tuple(self.attempts)
        raise error

    def _note(self, deployment: Deployment, failure: Failure) -> None:
        deployment.failed(failure)
        self.may_go_elsewhere = failure.kind in ELSEWHERE
        if failure.kind not in PASSING:
            self.beyond.append(deployment)

    async def _attempt(self, deployment: Deployment, reported: "_Reported") -> tuple[ModelReply | None, Failure | None]:
        request = self._addressed(deployment)
        try:
            async with asyncio.timeout(_least(self._patience.first_content, self._left)):
                reply = await speaking(deployment.provider, request.protocol, self._clock).call(request)
                if reply.status >= 400:
                    return None, await self._refused(reply)
                return await self._with_content(reply, reported), None
        except UpstreamError as error:
            self._last = error
            return None, of_error(error)
        except InvalidRequestError as error:
            self._last = error
            return None, Failure("unsuited")
        except TimeoutError:
            self._last = UpstreamTimeoutError(
                f"{deployment.name} said nothing in time, which is {self._waited:g} seconds.", hint="Try again later."
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

    async def _with_content(self, reply: ModelReply, reported: "_Reported") -> ModelReply:
        """Return a reply once it has begun to say something, or is there as a whole. Raises NoContent, UpstreamError."""
        try:
            if self._request.stream and reply.media_type.startswith(bodies.EVENT_STREAM):
                chunks = reply.chunks()
                reading = self._protocol.reading(self._fields, reported.take)
                return BegunReply(reply, await until_content(chunks, self._protocol, reading), chunks)
            body = await reply.read(self._request.reply_limit)
        except BaseException:
            reported.take(None if reply.translation is None else reply.translation.usage)
            await reply.close()
            raise
        await reply.close()
        said = self._protocol.said_in(body)
        if said is None or said.is_error or self._request.stream:
            reported.take(None if said is None else said.consumed)
            raise NoContent
        return HeldReply(reply, body)

    async def timed(self, chunks: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
        """Yield a stream. Raises UpstreamTimeoutError where it pauses for too long, or takes too long in all."""
        while True:
            between, left = self._patience.between, self._left
            try:
                async with asyncio.timeout(_least(between, left)):
                    chunk = await anext(chunks, None)
            except TimeoutError as error:
                is_end = left is not None and (between is None or left <= between)
                took = "took too long in all" if is_end else "paused for too long"
                raise UpstreamTimeoutError(f"{name} {took}.", hint="Send the request again.") from error
            if chunk is None:
                return
            yield chunk

    @property
    def is_timed(self) -> bool:
        """Tell whether a stream is bounded at all."""
        return self._patience.between is not None or self._patience.total is not None

    @property
    def _waited(self) -> float:
        """Return how many seconds one waits for the first content, at most."""
        return _least(self._patience.first_content, self._patience.total) or 0.0

    def _addressed(self, deployment: Deployment) -> ModelRequest:
        body = self._protocol.addressed(self._fields, deployment.model, stream=self._request.stream)
        return msgspec.structs.replace(self._request, model=deployment.model, body=body)


class _Reported:
    """What one attempt has reported to consume."""

    def __init__(self) -> None:
        self.usage: Usage | None = None

    def take(self, usage: Usage | None) -> None:
        """Take a report, which replaces an earlier one."""
        self.usage = usage or self.usage


class RoutedReply:
    """The answer of a deployment, which waits for no more once it is over."""

    def __init__(self, reply: ModelReply, call: RoutedCall, deployment: Deployment) -> None:
        self.status = reply.status
        self.media_type = reply.media_type
        self.retry_after = reply.retry_after
        self.translation = reply.translation
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
        """Yield the body. Raises UpstreamError when it breaks off, or takes too long."""
        chunks = self._reply.chunks()
        return self._call.timed(chunks, self._deployment.name) if self._call.is_timed else chunks

    async def close(self) -> None:
        """Give up the rest of the answer."""
        if not self._is_over:
            self._is_over = True
            self._deployment.end()
        with contextlib.suppress(UpstreamError):
            await self._reply.close()


def _least(*seconds: float | None) -> float | None:
    """Return the least of some times, None where none is bounded."""
    return min((each for each in seconds if each is not None), default=None)
