"""The hot paths: from raw ASGI to the pipeline and back, with nothing in between."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from lasttenth.models import openai
from lasttenth.models.port import ModelOperation
from lasttenth.records.errors import LasttenthError
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.replies import UNEXPECTED
from lasttenth.server.requests import ClientDisconnected, Door, headers_of, read_body

logger = logging.getLogger("lasttenth.server")


class Gateway:
    """Serve one path of the gateway.

    Args:
        body_limit: bytes that a request body may have.
    """

    def __init__(self, pipeline: Pipeline, door: Door, *, body_limit: int) -> None:
        self._pipeline = pipeline
        self._door = door
        self._body_limit = body_limit

    async def __call__(self, operation: ModelOperation, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, and give it up as soon as the client goes away."""
        headers = headers_of(scope)
        request = GatewayRequest(operation=operation, project=self._door.project, headers=headers, body=b"")
        try:
            request = await self._let_in(request)
            body = await read_body(receive, headers, limit=self._body_limit)
        except ClientDisconnected:
            return
        except LasttenthError as error:
            await _send(send, self._pipeline.refuse(request, error))
            return
        await _unless_left(receive, self._answer(msgspec.structs.replace(request, body=body), send))

    async def _let_in(self, request: GatewayRequest) -> GatewayRequest:
        caller = await self._door.let_in(request.headers)
        return msgspec.structs.replace(request, project=caller.project, key=caller.key)

    async def _answer(self, request: GatewayRequest, send: Send) -> None:
        await _send(send, await self._pipeline.serve(request))


async def _unless_left(receive: Receive, answer: Coroutine[Any, Any, None]) -> None:
    answering = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        answering.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _send(send: Send, reply: GatewayReply) -> None:
    body = reply.body
    if not isinstance(body, bytes):
        await _send_events(send, reply, body)
        return
    headers = [*_head(reply), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


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
