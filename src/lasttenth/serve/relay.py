"""Call and stream: pass a request to a provider and its answer back, reading only what says how much it consumed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from lasttenth.models import openai
from lasttenth.models.port import ModelReply, ModelRequest
from lasttenth.records.errors import UpstreamError
from lasttenth.serve.admit import with_model
from lasttenth.serve.calls import Call, GatewayReply
from lasttenth.serve.events import data_of, events_of
from lasttenth.serve.replies import reply_headers
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settlement, settled

MAX_REPLY_BYTES = 256 * 2**20


class _StreamOptions(msgspec.Struct):
    stream_options: dict[str, Any] | None = None


class _Choices(msgspec.Struct):
    choices: msgspec.Raw = msgspec.Raw(b"[]")


class Relay:
    """Answer calls of models."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def answer(self, call: Call, settlement: Settlement) -> GatewayReply:
        """Return the provider's answer. Raises ModelNotFoundError, UpstreamError, InvalidRequestError."""
        target = self._router.model_of(call.model)
        asked = call.stream and _asks_for_usage(call.body)
        body = with_model(call.body, target.model)
        if call.stream and not asked:
            body = _asking_for_usage(body)
        settlement.watch.lap("route")
        request = ModelRequest(operation=call.operation, model=target.model, body=body, stream=call.stream)
        reply = await target.provider.call(request)
        settlement.watch.lap("call")
        if reply.media_type.startswith(openai.EVENT_STREAM) and reply.status < 400:
            events = _relayed(reply, settlement, keep_usage=asked)
            headers = reply_headers(settlement)
            stream = await settled(settlement, events, close=reply.close)
            return GatewayReply(status=reply.status, media_type=openai.EVENT_STREAM, headers=headers, body=stream)
        return await _whole(reply, settlement)


async def _whole(reply: ModelReply, settlement: Settlement) -> GatewayReply:
    content = bytearray()
    try:
        async for chunk in reply.chunks():
            content += chunk
            if len(content) > MAX_REPLY_BYTES:
                raise UpstreamError(f"The provider's answer is larger than {MAX_REPLY_BYTES} bytes.")
    finally:
        await reply.close()
    settlement.watch.lap("stream")
    outcome = settlement.outcome
    outcome.output = body = bytes(content)
    if reply.status >= 400:
        outcome.error = UpstreamError.code
        outcome.attributes = {**outcome.attributes, "upstream_status": reply.status}
        body = _as_error(body, reply.status)
        outcome.output = body
    elif not body.lstrip().startswith(b"{"):
        raise UpstreamError(
            f"The provider answers {reply.status}, but not with JSON.", hint="Check its base_url in lasttenth.yaml."
        )
    else:
        settlement.price(openai.usage_in(body))
    headers = reply_headers(settlement)
    if reply.retry_after:
        headers["retry-after"] = reply.retry_after
    settlement.finish()
    return GatewayReply(status=reply.status, media_type=openai.JSON, headers=headers, body=body)


async def _relayed(reply: ModelReply, settlement: Settlement, *, keep_usage: bool) -> AsyncGenerator[bytes]:
    """Pass events on; the one that only reports usage goes to those who asked for it."""
    async with aclosing(events_of(reply.chunks())) as events:
        async for event in events:
            if b'"usage"' not in event or not _reports_usage_alone(event, settlement) or keep_usage:
                yield event


def _asks_for_usage(body: bytes) -> bool:
    options = openai.decode(body, _StreamOptions).stream_options or {}
    return bool(options.get("include_usage"))


def _asking_for_usage(body: bytes) -> bytes:
    fields = openai.decode(body, dict[str, msgspec.Raw])
    options = msgspec.json.decode(fields.get("stream_options", msgspec.Raw(b"null"))) or {}
    fields["stream_options"] = msgspec.Raw(msgspec.json.encode({**options, "include_usage": True}))
    return msgspec.json.encode(fields)


def _reports_usage_alone(event: bytes, settlement: Settlement) -> bool:
    """Price the usage that an event reports, and tell whether it says nothing else."""
    data = data_of(event)
    usage = openai.usage_in(data)
    settlement.price(usage)
    return usage is not None and bytes(msgspec.json.decode(data, type=_Choices).choices) in {b"[]", b"null"}


def _as_error(body: bytes, status: int) -> bytes:
    """Return a provider's error in OpenAI's shape: as it came, or wrapped where it is a page or an empty body."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("error"), dict):
        return body
    said = body[:200].decode(errors="replace").strip() or "nothing more"
    error = UpstreamError(f"The provider answers {status} and says: {said}", upstream_status=status)
    return msgspec.json.encode(openai.error_body(error))
