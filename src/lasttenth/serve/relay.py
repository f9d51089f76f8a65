"""Call and stream: pass a request to a provider and its answer back, reading only what says how much it consumed."""

import re
from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.port import MOST_REPLY_BYTES, ModelReply, ModelRequest
from lasttenth.models.routes.call import RoutedReply
from lasttenth.records.errors import UpstreamError
from lasttenth.serve.calls import Call, GatewayReply
from lasttenth.serve.events import EventCutter, data_of
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settlement, settled

_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


class Relay:
    """Answer calls of models."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def answer(self, call: Call, settlement: Settlement) -> GatewayReply:
        """Return the provider's answer. Raises ModelNotFoundError, UpstreamError, InvalidRequestError."""
        target = self._router.model_of(call.model)
        options = openai.stream_options_of(call.fields) if call.stream else {}
        wants_usage = openai.wants_usage(options)
        body = _addressed(call, target.model, options)
        settlement.watch.lap("route")
        request = ModelRequest(operation=call.operation, model=target.model, body=body, stream=call.stream)
        reply = await target.provider.call(request)
        if isinstance(reply, RoutedReply):
            settlement.routed(reply.answered)
        settlement.watch.lap("call")
        if reply.media_type.startswith(openai.EVENT_STREAM) and reply.status < 400:
            events = _relayed(reply, settlement, keep_usage=wants_usage)
            headers = reply_headers(settlement)
            stream = await settled(settlement, events, close=reply.close)
            return GatewayReply(
                status=reply.status,
                media_type=openai.EVENT_STREAM,
                headers=headers,
                body=stream,
                summary=partial(reply_headers, settlement),
            )
        return await _whole(reply, settlement)


def _addressed(call: Call, model: str, options: dict[str, Any]) -> bytes:
    """Return a body under the provider's own name for the model; of a stream the usage is asked for, to cost it."""
    fields = {**call.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
    if call.stream and not openai.wants_usage(options):
        fields["stream_options"] = msgspec.Raw(msgspec.json.encode({**options, "include_usage": True}))
    return msgspec.json.encode(fields)


async def _whole(reply: ModelReply, settlement: Settlement) -> GatewayReply:
    try:
        body = await reply.read(MOST_REPLY_BYTES)
    finally:
        await reply.close()
    settlement.watch.lap("stream")
    outcome = settlement.outcome
    outcome.output = body
    said = openai.said_in(body)
    status = reply.status if reply.status >= 400 else _checked(reply.status, body, said, settlement)
    if status >= 400:
        outcome.error = UpstreamError.code
        outcome.attributes["upstream_status"] = reply.status
        outcome.output = body = _as_error(body, reply.status)
    else:
        settlement.price(openai.usage_in(said))
    headers = reply_headers(settlement)
    if reply.retry_after:
        headers["retry-after"] = reply.retry_after
    settlement.finish()
    return GatewayReply(status=status, media_type=openai.JSON, headers=headers, body=body)


def _checked(status: int, body: bytes, said: openai.Said | None, settlement: Settlement) -> int:
    """Return the status of an answer that claims to be good: 502 where its body is an error all the same.

    Raises:
        UpstreamError: it is a redirect, a page, or nothing at all, or it is whole where a stream was asked for.
    """
    if said is None or not 200 <= status < 300:
        settlement.outcome.attributes["upstream_status"] = status
        raise UpstreamError(
            f"The provider answers {status} with something that is no reply: {_shown(body)}.",
            hint="Check that its base_url speaks OpenAI's protocol, up to and including the version.",
            upstream_status=status,
        )
    if said.is_error:
        return UpstreamError.status
    if settlement.call.stream:
        raise UpstreamError("The provider answers with a whole reply, not with a stream.", hint="Ask without stream.")
    return status


async def _relayed(reply: ModelReply, settlement: Settlement, *, keep_usage: bool) -> AsyncGenerator[bytes]:
    """Pass events on, those that arrive together as one piece.

    Raises:
        UpstreamError: an event cannot be read, or the stream ends before the answer is complete.
    """
    passing = _Passing(settlement, keep_usage=keep_usage)
    cutter = EventCutter()
    async for chunk in reply.chunks():
        piece = passing.of(cutter.feed(chunk))
        if piece:
            yield piece
        passing.check()
    piece = passing.of([cutter.rest])
    if piece:
        yield piece
    passing.check(is_last=True)


class _Passing:
    """What passes of a stream: all events but the one that reports usage to somebody who did not ask for it."""

    def __init__(self, settlement: Settlement, *, keep_usage: bool) -> None:
        self._settlement = settlement
        self._keep_usage = keep_usage
        self._is_complete = False
        self._unreadable: bytes | None = None

    def of(self, events: Iterable[bytes]) -> bytes:
        """Return what passes of some events, up to one that cannot be read."""
        passed: list[bytes] = []
        for event in events:
            data = data_of(event)
            if data and data != openai.DONE_DATA:
                said = openai.said_in(data)
                if said is None:
                    self._unreadable = data
                    break
                if not self._passes(said, data):
                    continue
            self._is_complete = self._is_complete or data == openai.DONE_DATA
            passed.append(event)
        return b"".join(passed)

    def check(self, *, is_last: bool = False) -> None:
        """Raise UpstreamError where the stream cannot go on, or may not end yet."""
        if self._unreadable is not None:
            raise UpstreamError(
                f"The provider sends an event that cannot be read: {_shown(self._unreadable)}.",
                hint="Send the request again; if it stays so, check that the provider's base_url speaks OpenAI's protocol.",
            )
        if is_last and not self._is_complete:
            raise UpstreamError(
                "The provider ended its stream before the answer was complete.", hint="Send the request again."
            )

    def _passes(self, said: openai.Said, data: bytes) -> bool:
        """Take note of what an event says, and tell whether it passes."""
        if said.is_error:
            self._settlement.outcome.error = UpstreamError.code
        self._is_complete = self._is_complete or said.is_error or _FINISHED.search(data) is not None
        if said.reports_usage:
            self._settlement.price(openai.usage_in(said))
        return self._keep_usage or not said.is_usage_alone


def _shown(body: bytes) -> str:
    return " ".join(body[:200].decode(errors="replace").split()) or "nothing"


def _as_error(body: bytes, status: int) -> bytes:
    """Return a provider's error in OpenAI's shape: as it came, or wrapped where it is a page or an empty body."""
    try:
        content = msgspec.json.decode(body)
    except openai.UNREADABLE:
        content = None
    if isinstance(content, dict) and isinstance(content.get("error"), dict):
        return body
    error = UpstreamError(
        f"The provider answers {status} and says: {_shown(body)}.",
        hint="Try again later, or check the provider's base_url and api_key.",
        upstream_status=status,
    )
    return msgspec.json.encode(openai.error_body(error))
