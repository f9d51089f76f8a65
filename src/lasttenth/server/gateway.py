"""The hot paths: from raw ASGI to the pipeline and back, with nothing in between."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from lasttenth.models import openai
from lasttenth.records.errors import LasttenthError
from lasttenth.records.ids import Ids
from lasttenth.serve.admit import scope_of
from lasttenth.serve.calls import GatewayOperation, GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.replies import refusal
from lasttenth.server.requests import ClientDisconnected, Door, Receive, Scope, Send, headers_of, read_body

logger = logging.getLogger("lasttenth.server")

UNEXPECTED = LasttenthError(
    "Something went wrong inside Lasttenth.", hint="The server's log says what; the trace has the request."
)


class Gateway:
    """Serve one path of the gateway.

    Args:
        body_limit: bytes that a request body may have.
    """

    def __init__(self, pipeline: Pipeline, door: Door, *, ids: Ids, body_limit: int) -> None:
        self._pipeline = pipeline
        self._door = door
        self._ids = ids
        self._body_limit = body_limit

    async def __call__(self, operation: GatewayOperation, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            reply = await self._reply(operation, scope, receive)
        except ClientDisconnected:
            return
        if isinstance(reply.body, bytes):
            await _send_whole(send, reply)
        else:
            await _send_stream(receive, send, reply, reply.body)

    async def _reply(self, operation: GatewayOperation, scope: Scope, receive: Receive) -> GatewayReply:
        headers = headers_of(scope)
        unread = GatewayRequest(operation=operation, project="", headers=headers, body=b"")
        try:
            body = await read_body(receive, headers, limit=self._body_limit)
            caller = await self._door.let_in(headers)
            request = GatewayRequest(
                operation=operation, project=caller.project, headers=headers, body=body, key=caller.key
            )
            return await self._pipeline.serve(request)
        except LasttenthError as error:
            return refusal(error, scope_of(unread, self._ids))
        except ClientDisconnected:
            raise
        except Exception:
            logger.exception("A request failed.")
            return refusal(UNEXPECTED, scope_of(unread, self._ids))


async def _send_whole(send: Send, reply: GatewayReply) -> None:
    body = reply.body if isinstance(reply.body, bytes) else b""
    headers = [*_head(reply), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(receive: Receive, send: Send, reply: GatewayReply, events: AsyncGenerator[bytes]) -> None:
    """Send a stream, and give it up as soon as the client goes away."""
    sending = asyncio.ensure_future(_send_events(send, reply, events))
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        sending.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send_events(send: Send, reply: GatewayReply, events: AsyncGenerator[bytes]) -> None:
    async with aclosing(events):
        await send({"type": "http.response.start", "status": reply.status, "headers": _head(reply)})
        try:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        except Exception:
            logger.exception("A stream failed.")
            failure = openai.event(openai.error_body(UNEXPECTED))
            await send({"type": "http.response.body", "body": failure, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(reply: GatewayReply) -> list[tuple[bytes, bytes]]:
    head = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers.items()]
    return [(b"content-type", reply.media_type.encode("latin-1")), *head]
