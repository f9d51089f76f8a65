"""Paths that Lasttenth does not know itself: they are passed on to a provider."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any
from urllib.parse import unquote_plus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from lasttenth.models.protocols.gemini import KEY_HEADER
from lasttenth.records.errors import LasttenthError, UpstreamError
from lasttenth.serve.calls import GatewayReply
from lasttenth.serve.passthrough import PROVIDER_HEADER, PassedRequest, Passthrough
from lasttenth.server.endpoints import endpoint_of, protocol_of
from lasttenth.server.requests import ClientDisconnected, Door, Identity, headers_of, read_body

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VERSION = "/v1"
ANYWHERE = "/passthrough"


class Passing:
    """Serve every path under `/v1` that is nobody else's, and `/passthrough/{provider}/…`.

    Args:
        body_limit: bytes that a request body may have.
    """

    def __init__(self, passthrough: Passthrough, door: Door, *, body_limit: int) -> None:
        self._passthrough = passthrough
        self._door = door
        self._body_limit = body_limit

    def routes(self) -> list[BaseRoute]:
        """Return the routes, which come after all others."""
        return [
            Route(f"{ANYWHERE}/{{provider}}/{{path:path}}", self._anywhere, methods=METHODS),
            Route(f"{VERSION}/{{path:path}}", self.answer, methods=METHODS),
        ]

    async def answer(self, request: Request) -> Response:
        """Pass on what stands behind the version."""
        path = request.scope["raw_path"].decode("latin-1")
        if request.method not in METHODS or endpoint_of(path.encode("latin-1")) is not None:
            raise HTTPException(405)
        provider = headers_of(request.scope).get(PROVIDER_HEADER, "")
        return await self._passed(request, path.removeprefix(VERSION), provider=provider)

    async def _anywhere(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise HTTPException(405)
        provider = request.path_params["provider"]
        path = request.scope["raw_path"].decode("latin-1").removeprefix(f"{ANYWHERE}/")
        return await self._passed(request, path[path.find("/") :], provider=provider, has_version=True)

    async def _passed(self, request: Request, path: str, *, provider: str, has_version: bool = False) -> Response:
        headers = headers_of(request.scope)
        pairs = request.scope["query_string"].decode("latin-1").split("&")
        key = request.query_params.get("key")
        if key is not None:
            headers.setdefault(KEY_HEADER, key)

        def passed(identity: Identity, body: bytes = b"") -> PassedRequest:
            return PassedRequest(
                protocol=protocol_of(request.url.path, {}),
                project=identity.project,
                headers=headers,
                body=body,
                key=identity.key,
                method=request.method,
                path=path,
                query="&".join(pair for pair in pairs if unquote_plus(pair).partition("=")[0] != "key"),
                provider=provider,
                has_version=has_version,
            )

        identity = Identity(self._door.project, "")
        try:
            identity = await self._door.let_in(headers)
            body = await read_body(request.receive, headers, limit=self._body_limit)
        except LasttenthError as error:
            return _response(self._passthrough.refuse(passed(identity), error))
        serving = self._passthrough.serve(passed(identity, body))
        return _response(await _unless_left(request, serving))


async def _unless_left(request: Request, serving: Coroutine[Any, Any, GatewayReply]) -> GatewayReply:
    """Return a reply, which is given up where the client goes away before. Raises ClientDisconnected."""
    reply, leaving = asyncio.ensure_future(serving), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({reply, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if reply.done():
            return reply.result()
        raise ClientDisconnected
    finally:
        for task in (reply, leaving):
            task.cancel()
        await asyncio.gather(reply, leaving, return_exceptions=True)


class _Streamed(StreamingResponse):
    """A stream that ends with its client."""

    def __init__(self, reply: GatewayReply, pieces: AsyncGenerator[bytes]) -> None:
        super().__init__(pieces, status_code=reply.status, headers=reply.headers)
        self._pieces = pieces
        if reply.media_type:
            self.headers["content-type"] = reply.media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._pieces):
            with contextlib.suppress(UpstreamError):  # left without its end, the connection breaks for the client too
                await super().__call__(scope, receive, send)


def _response(reply: GatewayReply) -> Response:
    if not isinstance(reply.body, bytes):
        return _Streamed(reply, reply.body)
    response = Response(reply.body, status_code=reply.status, headers=reply.headers)
    response.headers["content-type"] = reply.media_type
    return response
