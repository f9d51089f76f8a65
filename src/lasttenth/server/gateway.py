"""The gateway's door: from a request on a connection to the pipeline and back, with nothing in between."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from lasttenth.models.bodies import JSON
from lasttenth.observe.recording import Recorder
from lasttenth.records.errors import LasttenthError
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.replies import UNEXPECTED
from lasttenth.server.arrays import array_of
from lasttenth.server.connection import Exchange
from lasttenth.server.requests import ClientDisconnected, Door, Identity

logger = logging.getLogger("lasttenth.server")


class Gateway:
    """Serve the gateway's paths.

    Args:
        recorder: takes the spans of what is answered.
        body_limit: bytes that a request body may have.
    """

    def __init__(self, pipeline: Pipeline, door: Door, recorder: Recorder, *, body_limit: int) -> None:
        self._pipeline = pipeline
        self._recorder = recorder
        self._door = door
        self._body_limit = body_limit

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request. It is given up, by cancellation, as soon as the client goes away."""
        identity = Identity(self._door.project, "")
        try:
            identity = await self._door.let_in(exchange.headers)
            body = await exchange.read(limit=self._body_limit)
        except ClientDisconnected:
            return
        except LasttenthError as error:
            reply = self._pipeline.refuse(_request(exchange, identity, b""), error)
        else:
            if self._recorder.is_crowded:
                await self._recorder.give_way()
            reply = await self._pipeline.serve(_request(exchange, identity, body))
        if isinstance(reply.body, bytes):
            exchange.send_whole(reply, reply.body)
        elif exchange.endpoint.is_array:
            await _send_stream(exchange, msgspec.structs.replace(reply, media_type=JSON), array_of(reply.body))
        else:
            await _send_stream(exchange, reply, reply.body)


def _request(exchange: Exchange, identity: Identity, body: bytes) -> GatewayRequest:
    return GatewayRequest(
        operation=exchange.endpoint.operation,
        protocol=exchange.endpoint.protocol,
        project=identity.project,
        headers=exchange.headers,
        body=body,
        beside=exchange.endpoint.beside or {},
        key=identity.key,
    )


async def _send_stream(exchange: Exchange, reply: GatewayReply, pieces: AsyncGenerator[bytes]) -> None:
    async with aclosing(pieces):
        head = exchange.head_of_stream(reply)
        try:
            async for piece in pieces:
                await exchange.send_piece(piece, head=head)
                head = b""
        except Exception:
            logger.exception("A stream failed.")
            event = exchange.endpoint.protocol.error_event(UNEXPECTED, trace_id=reply.headers["x-request-id"])
            await exchange.send_piece(event, head=head)
            head = b""
        exchange.end_stream(head=head)
