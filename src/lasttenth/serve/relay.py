"""Call and stream: pass a request to a provider and its answer back, reading only what says how much it consumed."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from lasttenth.models import openai
from lasttenth.models.port import ModelReply, ModelRequest
from lasttenth.records.errors import UpstreamError
from lasttenth.serve.calls import Call, GatewayReply
from lasttenth.serve.events import data_of, events_of
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settlement, settled

MAX_REPLY_BYTES = 256 * 2**20
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')


class _Said(msgspec.Struct):
    """What is read of a reply or an event: whether it is an error."""

    error: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def is_error(self) -> bool:
        return bytes(self.error) != b"null"


class _Choices(msgspec.Struct):
    choices: msgspec.Raw = msgspec.Raw(b"[]")


class Relay:
    """Answer calls of models."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def answer(self, call: Call, settlement: Settlement) -> GatewayReply:
        """Return the provider's answer. Raises ModelNotFoundError, UpstreamError, InvalidRequestError."""
        target = self._router.model_of(call.model)
        options = openai.decode(call.body, openai.StreamOptions) if call.stream else None
        body = _addressed(call.body, target.model, options)
        settlement.watch.lap("route")
        request = ModelRequest(operation=call.operation, model=target.model, body=body, stream=call.stream)
        reply = await target.provider.call(request)
        settlement.watch.lap("call")
        if reply.media_type.startswith(openai.EVENT_STREAM) and reply.status < 400:
            events = _relayed(reply, settlement, keep_usage=options is not None and options.wants_usage)
            headers = reply_headers(settlement)
            stream = await settled(settlement, events, close=reply.close)
            return GatewayReply(status=reply.status, media_type=openai.EVENT_STREAM, headers=headers, body=stream)
        return await _whole(reply, settlement)


def _addressed(body: bytes, model: str, options: openai.StreamOptions | None) -> bytes:
    """Return a body under the provider's own name for the model; of a stream the usage is asked for, to cost it."""
    fields = openai.decode(body, dict[str, msgspec.Raw])
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    if options is not None and not options.wants_usage:
        asking = {**(options.stream_options or {}), "include_usage": True}
        fields["stream_options"] = msgspec.Raw(msgspec.json.encode(asking))
    return msgspec.json.encode(fields)


async def _whole(reply: ModelReply, settlement: Settlement) -> GatewayReply:
    try:
        body = await _read(reply)
    finally:
        await reply.close()
    settlement.watch.lap("stream")
    outcome = settlement.outcome
    outcome.output = body
    status = reply.status if reply.status >= 400 else _checked(reply.status, body, settlement)
    if status >= 400:
        outcome.error = UpstreamError.code
        outcome.attributes["upstream_status"] = reply.status
        outcome.output = body = _as_error(body, reply.status)
    else:
        settlement.price(openai.usage_in(body))
    headers = reply_headers(settlement)
    if reply.retry_after:
        headers["retry-after"] = reply.retry_after
    settlement.finish()
    return GatewayReply(status=status, media_type=openai.JSON, headers=headers, body=body)


async def _read(reply: ModelReply) -> bytes:
    content = bytearray()
    async for chunk in reply.chunks():
        content += chunk
        if len(content) > MAX_REPLY_BYTES:
            raise UpstreamError(f"The provider's answer is larger than {MAX_REPLY_BYTES} bytes.", hint="Ask for less.")
    return bytes(content)


def _checked(status: int, body: bytes, settlement: Settlement) -> int:
    """Return the status of an answer that claims to be good: 502 where its body is an error all the same.

    Raises:
        UpstreamError: it is a redirect, a page, or nothing at all, or it is whole where a stream was asked for.
    """
    said = _said(body) if 200 <= status < 300 else None
    if said is None:
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
    """Pass events on; the one that only reports usage goes to those who asked for it.

    Raises:
        UpstreamError: an event cannot be read, or the stream ends before the answer is complete.
    """
    complete = False
    async with aclosing(events_of(reply.chunks())) as events:
        async for event in events:
            data = data_of(event)
            complete = _completes(data, settlement) or complete
            if b'"usage"' not in data or not _reports_usage_alone(data, settlement) or keep_usage:
                yield event
    if not complete:
        raise UpstreamError(
            "The provider ended its stream before the answer was complete.", hint="Send the request again."
        )


def _completes(data: bytes, settlement: Settlement) -> bool:
    """Tell whether an answer may end with this event. Raises UpstreamError for one that cannot be read."""
    if not data or data == b"[DONE]":
        return bool(data)
    said = _said(data)
    if said is None:
        raise UpstreamError(
            f"The provider sends an event that cannot be read: {_shown(data)}.",
            hint="Send the request again; if it stays so, check that the provider's base_url speaks OpenAI's protocol.",
        )
    if said.is_error:
        settlement.outcome.error = UpstreamError.code
    return said.is_error or _FINISHED.search(data) is not None


def _said(body: bytes) -> _Said | None:
    try:
        return msgspec.json.decode(body, type=_Said)
    except openai.UNREADABLE:
        return None


def _shown(body: bytes) -> str:
    return " ".join(body[:200].decode(errors="replace").split()) or "nothing"


def _reports_usage_alone(data: bytes, settlement: Settlement) -> bool:
    """Price the usage that an event reports, and tell whether it says nothing else."""
    usage = openai.usage_in(data)
    settlement.price(usage)
    return usage is not None and bytes(msgspec.json.decode(data, type=_Choices).choices) in {b"[]", b"null"}


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
