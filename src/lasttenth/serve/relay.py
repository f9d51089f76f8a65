"""Call and stream: pass a request to a provider and its answer back, reading only what says how much it consumed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from functools import partial

from lasttenth.models import bodies
from lasttenth.models.port import MOST_REPLY_BYTES, ModelReply, ModelRequest, Translation
from lasttenth.models.protocols import Said
from lasttenth.models.protocols.wire import Price
from lasttenth.models.routes.call import RoutedReply
from lasttenth.net.events import BORDER, EventCutter, data_of
from lasttenth.records.errors import UpstreamError
from lasttenth.serve.calls import Call, GatewayReply
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settlement, settled

DRAIN_SECONDS = 1.0
"""How long a stream may stay open after it has said its end."""


class Relay:
    """Answer calls of models; a whole answer may have `reply_limit` bytes."""

    def __init__(self, router: Router, *, reply_limit: int = MOST_REPLY_BYTES) -> None:
        self._router = router
        self._reply_limit = reply_limit

    async def answer(self, call: Call, settlement: Settlement) -> GatewayReply:
        """Return the provider's answer. Raises ModelNotFoundError, UpstreamError, InvalidRequestError."""
        target = self._router.target_of(call)
        body = call.protocol.addressed(call.fields, target.model, stream=call.stream)
        settlement.watch.lap("route")
        request = ModelRequest(
            operation=call.operation,
            protocol=call.protocol.name,
            model=target.model,
            body=body,
            stream=call.stream,
            tags=call.scope.tags,
            headers=call.headers,
            reply_limit=self._reply_limit,
        )
        reply = await target.provider.call(request)
        if isinstance(reply, RoutedReply):
            settlement.routed(reply.answered)
        settlement.outcome.translation = reply.translation
        if call.stream and reply.status == 200 and reply.media_type.startswith(bodies.EVENT_STREAM):
            return await _streamed(reply, settlement)
        settlement.watch.lap("call")
        return await _whole(reply, settlement, limit=self._reply_limit)


async def _whole(reply: ModelReply, settlement: Settlement, *, limit: int) -> GatewayReply:
    try:
        body = await reply.read(limit)
    finally:
        await reply.close()
        translation = _crossing(reply)
        if translation is not None:  # what cannot be translated was consumed all the same
            settlement.price(translation.usage)
    settlement.watch.lap("stream")
    outcome = settlement.outcome
    outcome.output = body
    said = settlement.call.protocol.said_in(body)
    if said is not None and translation is None:
        settlement.price(said.consumed)
    status = reply.status if reply.status >= 400 else _checked(reply.status, body, said, settlement)
    if status >= 400:
        outcome.error = UpstreamError.code
        outcome.attributes["upstream_status"] = reply.status
        outcome.output = body = _as_error(body, reply, settlement.call)
    headers = reply_headers(settlement)
    if reply.retry_after:
        headers["retry-after"] = reply.retry_after
    settlement.finish()
    return GatewayReply(status=status, media_type=bodies.JSON, headers=headers, body=body)


def _checked(status: int, body: bytes, said: Said | None, settlement: Settlement) -> int:
    """Return the status of an answer that claims to be good: 502 where its body is an error all the same.

    Raises:
        UpstreamError: it is a redirect, a page, or nothing at all, or it is whole where a stream was asked for.
    """
    if said is None or not 200 <= status < 300:
        settlement.outcome.attributes["upstream_status"] = status
        raise UpstreamError(
            f"The provider answers {status} with something that is no reply: {_shown(body)}.",
            hint=f"Check that its base_url speaks {settlement.call.protocol.owner} protocol, up to the version.",
            upstream_status=status,
        )
    if said.is_error:
        return UpstreamError.status
    if settlement.call.stream:
        raise UpstreamError("The provider answers with a whole reply, not with a stream.", hint="Ask without stream.")
    return status


async def _streamed(reply: ModelReply, settlement: Settlement) -> GatewayReply:
    """Return a stream that has begun: one that fails before that is a reply of its own. Raises UpstreamError."""
    events = _relayed(reply, settlement)
    try:
        await anext(events, b"")
    except BaseException:
        await reply.close()
        raise
    settlement.watch.lap("call")
    headers = reply_headers(settlement)
    stream = await settled(settlement, events, close=reply.close)
    return GatewayReply(
        status=200,
        media_type=bodies.EVENT_STREAM,
        headers=headers,
        body=stream,
        summary=partial(reply_headers, settlement),
    )


async def _relayed(reply: ModelReply, settlement: Settlement) -> AsyncGenerator[bytes]:
    """Pass events on, those that arrive together as one piece, and nothing before them once there is something.

    Raises:
        UpstreamError: an event cannot be read, or the stream ends before the answer is complete.
    """
    # What a translation says is consumed is less than what it knows, or more where nothing is known.
    translation = _crossing(reply)
    passing = _Passing(settlement, settlement.price if translation is None else lambda _: None)
    cutter = EventCutter()
    chunks = reply.chunks()
    has_begun = False
    try:
        async for chunk in chunks:
            piece = passing.of(cutter.feed(chunk))
            if piece and not has_begun:
                has_begun = True
                yield b""
            if piece:
                yield piece
            passing.check()
            if passing.is_over:
                await _drain(chunks)
                return
        piece = passing.of([cutter.rest] if data_of(cutter.rest) else [])
        if piece:
            # Its border is missing: without one nobody would read it, or what may follow.
            yield piece.rstrip() + BORDER
        passing.check(is_last=True)
    finally:
        if translation is not None:
            settlement.price(translation.usage)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows an answer's end, which nobody waits for, so that the connection can serve another call."""
    with contextlib.suppress(UpstreamError, TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass


class _Passing:
    """What passes of a stream, and how it stands."""

    def __init__(self, settlement: Settlement, price: Price) -> None:
        call = settlement.call
        self._settlement = settlement
        self._reading = call.protocol.reading(call.fields, price)
        self._unreadable: bytes | None = None
        self.is_over = False
        """Whether nothing that follows belongs to the answer."""

    def of(self, events: Iterable[bytes]) -> bytes:
        """Return what passes of some events, up to the last one, or to one that cannot be read."""
        passed: list[bytes] = []
        reading = self._reading
        passes = reading.passes
        for event in events:
            data = data_of(event)
            try:
                if data and not passes(data):
                    continue
            except bodies.UNREADABLE:
                self._unreadable = data
                break
            passed.append(event)
            if reading.is_over:
                self.is_over = True
                break
        if reading.has_failed:
            self._settlement.outcome.error = UpstreamError.code
        return b"".join(passed)

    def check(self, *, is_last: bool = False) -> None:
        """Raise UpstreamError where the stream cannot go on, or may not end yet."""
        if self._unreadable is not None:
            owner = self._settlement.call.protocol.owner
            raise UpstreamError(
                f"The provider sends an event that cannot be read: {_shown(self._unreadable)}.",
                hint=f"Send the request again; if it stays so, check that the provider's base_url speaks {owner} protocol.",
            )
        if is_last and not self._reading.is_complete:
            raise UpstreamError(
                "The provider ended its stream before the answer was complete.", hint="Send the request again."
            )


def _crossing(reply: ModelReply) -> Translation | None:
    """Return what is known of a reply that comes from another protocol, None for one that comes as it was sent."""
    translation = reply.translation
    return translation if translation is not None and translation.crosses else None


def _shown(body: bytes) -> str:
    return " ".join(body[:200].decode(errors="replace").split()) or "nothing"


def _as_error(body: bytes, reply: ModelReply, call: Call) -> bytes:
    """Return a provider's error in the protocol's shape: as it came, or wrapped where it is a page or another shape."""
    if _crossing(reply) is None and call.protocol.is_error(body):
        return body
    words = bodies.message_in(body) or _shown(body)
    error = UpstreamError(
        f"The provider answers {reply.status} and says: {words.removesuffix('.')}.",
        hint="Try again later, or check the provider's base_url and api_key.",
        upstream_status=reply.status,
    )
    return call.protocol.error_body(error, trace_id=call.scope.trace_id, status=reply.status)
