"""Cache: the answer to what was asked before in exactly these words, where the request opts in.

An answer belongs to its scope: the project, and the model or the task's release with the environment that it met. Within
that, a request is the same where every field of its body is, byte for byte, but for those that change no answer. Kept
are complete answers alone: no error, no refusal, nothing that was cut off.
"""

import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Clock
from lasttenth.serve.calls import Call, GatewayReply, Outcome
from lasttenth.serve.replay import Tree, is_answer, stream_of, whole_of
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.settle import MAX_RECORDED, Settlement, settled

CONTROL = "cache"
EXACT, OFF = "exact", "off"
HIT, MISS = "hit", "miss"
_CHANGE_NOTHING = frozenset({"metadata", "model", "safety_identifier", "stream", "stream_options", "user"})
"""The model is part of the scope."""
_SHARE = 8
"""No answer takes more than this part of a cache."""

Ask = Callable[[], Awaitable[GatewayReply]]


class CachedReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is kept: its body, whole, and what was said of it. The cost, in nano-dollars, is what it saves."""

    body: bytes
    model: str
    cost: int | None
    attributes: dict[str, Any]


class ReplyCache(Protocol):
    """Keep answers for a while, by a key that says all that they depend on."""

    async def get(self, key: bytes) -> CachedReply | None:
        """Return an answer, None where there is none or it is too old."""
        ...

    async def put(self, key: bytes, reply: CachedReply) -> None:
        """Keep an answer; another one may have to go for it."""
        ...


class MemoryCache:
    """Answers in the memory of this process: those that were not asked for longest go first.

    Args:
        size: bytes that the bodies may take together.
        seconds: how long an answer is kept.
    """

    def __init__(self, *, size: int, seconds: float, clock: Clock) -> None:
        self._size = size
        self._lifetime = int(seconds * 1e9)
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[int, CachedReply]] = OrderedDict()
        self._taken = 0

    async def get(self, key: bytes) -> CachedReply | None:
        """Return an answer, None where there is none or it is too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, reply = found
        if self._clock.monotonic() >= until:
            self._remove(key)
            return None
        self._kept.move_to_end(key)
        return reply

    async def put(self, key: bytes, reply: CachedReply) -> None:
        """Keep an answer, unless it alone would take too much of the room."""
        if len(reply.body) > self._size // _SHARE:
            return
        if key in self._kept:
            self._remove(key)
        self._kept[key] = self._clock.monotonic() + self._lifetime, reply
        self._taken += len(reply.body)
        while self._taken > self._size:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: bytes) -> None:
        _, reply = self._kept.pop(key)
        self._taken -= len(reply.body)


class ExactCaching:
    """Answer from a cache, or ask and keep the answer."""

    def __init__(self, cache: ReplyCache) -> None:
        self._cache = cache

    async def answer(self, call: Call, settlement: Settlement, *, scope: tuple[str, ...], ask: Ask) -> GatewayReply:
        """Return the kept answer to a call that opts in, else the one that is asked for. Raises InvalidRequestError.

        Args:
            call: what is asked.
            settlement: of the call.
            scope: what the answer depends on beside the body: a model, or a task's release and environment.
            ask: asks for the answer.
        """
        if not is_wanted(call):
            return await ask()
        key = _key(call, scope)
        found = await self._cache.get(key)
        settlement.watch.lap("cache")
        if found is not None:
            return await _replayed(found, call, settlement)
        settlement.outcome.attributes[CONTROL] = MISS
        reply = await ask()
        if not isinstance(reply.body, bytes):
            passing = self._passing(reply.body, key, settlement)
            await anext(passing)
            return msgspec.structs.replace(reply, body=passing)
        if reply.status == 200:
            await self._keep(key, reply.body, settlement.outcome)
        return reply

    async def _passing(
        self, pieces: AsyncGenerator[bytes], key: bytes, settlement: Settlement
    ) -> AsyncGenerator[bytes]:
        async with aclosing(pieces):
            yield b""  # begun: whoever closes it now closes the pieces too
            async for piece in pieces:
                yield piece
        outcome = settlement.outcome
        if outcome.error or len(outcome.output) > MAX_RECORDED:
            return
        whole = whole_of(outcome.output)
        if whole is not None:
            whole.setdefault("usage", openai.usage_body(outcome.usage))
            await self._keep(key, msgspec.json.encode(whole), outcome)

    async def _keep(self, key: bytes, body: bytes, outcome: Outcome) -> None:
        if not _may_be_kept(body):
            return
        attributes = {name: value for name, value in outcome.attributes.items() if name != CONTROL}
        reply = CachedReply(body=body, model=outcome.model, cost=outcome.cost, attributes=attributes)
        await self._cache.put(key, reply)


def is_wanted(call: Call) -> bool:
    """Tell whether a call opts in. Raises InvalidRequestError where what is asked cannot be done."""
    wanted = call.controls.get(CONTROL, OFF)
    if wanted not in {EXACT, OFF}:
        raise InvalidRequestError(f"There is no cache {wanted}.", hint=f"Say {EXACT} or {OFF}.", parameter=CONTROL)
    if wanted == EXACT and call.operation not in call.protocol.kept:
        raise InvalidRequestError(
            f"The exact cache keeps no {call.operation} answers in {call.protocol.owner} protocol.",
            hint=f"Say {OFF}.",
            parameter=CONTROL,
        )
    return wanted == EXACT


def _key(call: Call, scope: tuple[str, ...]) -> bytes:
    fields = [(name, call.fields[name]) for name in sorted(call.fields.keys() - _CHANGE_NOTHING)]
    return hashlib.sha256(msgspec.json.encode((call.scope.project, call.operation, scope, fields))).digest()


def _may_be_kept(body: bytes) -> bool:
    """Tell whether a body can be replayed: what was answered must not fail because somebody wanted it kept."""
    try:
        reply = msgspec.json.decode(body, type=Tree)
    except bodies.UNREADABLE:
        return False
    return "data" in reply if "choices" not in reply else is_answer(reply)


async def _replayed(found: CachedReply, call: Call, settlement: Settlement) -> GatewayReply:
    outcome = settlement.outcome
    outcome.model, outcome.cost = found.model, 0
    outcome.attributes = {**found.attributes, CONTROL: HIT}
    if found.cost is not None:
        outcome.attributes["saved"] = found.cost
    headers = reply_headers(settlement)
    if call.stream:
        wants_usage = openai.wants_usage(openai.stream_options_of(call.fields))
        events = stream_of(msgspec.json.decode(found.body, type=Tree), include_usage=wants_usage)
        stream = await settled(settlement, _at_once(b"".join(events)), close=_nothing_to_close)
        summary = partial(reply_headers, settlement)
        return GatewayReply(status=200, media_type=bodies.EVENT_STREAM, headers=headers, body=stream, summary=summary)
    outcome.output = found.body
    settlement.finish()
    return GatewayReply(status=200, media_type=bodies.JSON, headers=headers, body=found.body)


async def _at_once(events: bytes) -> AsyncGenerator[bytes]:
    yield events


async def _nothing_to_close() -> None:
    """A kept answer holds nothing open."""
