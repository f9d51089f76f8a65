"""Everything that is served over HTTP: the gateway, and as an ASGI application, on Starlette, all the rest."""

import logging
from collections.abc import Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from lasttenth.app.installation import DEFAULT_PROJECT, Installation
from lasttenth.models import bodies
from lasttenth.records.errors import (
    LasttenthError,
    MethodNotAllowedError,
    NotFoundError,
    StorageError,
)
from lasttenth.serve.replies import UNEXPECTED
from lasttenth.server.api import Api
from lasttenth.server.batches import BatchEndpoints
from lasttenth.server.endpoints import PATHS, endpoint_of, protocol_of
from lasttenth.server.files import FileEndpoints, ProjectRoutes
from lasttenth.server.gateway import Gateway
from lasttenth.server.langfuse import Langfuse
from lasttenth.server.listing import Listing
from lasttenth.server.metrics import metrics_endpoint
from lasttenth.server.passing import Passing
from lasttenth.server.requests import ClientDisconnected, Door, headers_of

logger = logging.getLogger("lasttenth.server")

GATEWAY_PATHS = f"Served are: {', '.join(f'POST {path}' for path in PATHS)}, GET /v1/models."


class Application:
    """Everything that is served over HTTP.

    Args:
        keys_required: True unless the server listens on loopback alone.
        pages: routes of the console.
    """

    def __init__(self, installation: Installation, *, keys_required: bool, pages: Sequence[BaseRoute] = ()) -> None:
        self._installation = installation
        self._door = Door(installation.keyring, keys_required=keys_required, project=DEFAULT_PROJECT)
        limit = installation.place.settings.limits.body
        self.gateway = Gateway(installation.pipeline, self._door, installation.recorder, body_limit=limit)
        passing = Passing(installation.passthrough, self._door, body_limit=limit)
        project_routes = ProjectRoutes(installation, self._door, passing)
        self._rest = Starlette(
            routes=[
                *self._routes(),
                *Langfuse(installation, self._door, body_limit=limit).routes(),
                *Api(installation, self._door, body_limit=limit).routes(),
                *pages,
                *FileEndpoints(installation, body_limit=limit).routes(project_routes),
                *BatchEndpoints(installation, body_limit=limit).routes(project_routes),
                *passing.routes(),
            ],
            exception_handlers={
                LasttenthError: _failed,
                HTTPException: _refused,
                ClientDisconnected: _left,
                Exception: _unexpected,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is none of the gateway's."""
        await self._rest(scope, receive, send)

    def _routes(self) -> list[BaseRoute]:
        return [
            *Listing(self._installation, self._door).routes(),
            Route("/healthz", _health, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", metrics_endpoint(self._installation, self._door), methods=["GET"]),
        ]

    async def _ready(self, _request: Request) -> Response:
        health = msgspec.structs.asdict(self._installation.health())
        try:
            await self._installation.store.projects()
        except StorageError as error:
            return _json({"ready": False, "reason": str(error)}, status=503)
        return _json({"ready": True, **health})


async def _health(_request: Request) -> Response:
    return _json({"alive": True})


async def _failed(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, LasttenthError) else UNEXPECTED
    headers = {} if known.retry_after is None else {"retry-after": f"{known.retry_after:g}"}
    body = protocol_of(request.url.path, headers_of(request.scope)).error_body(known, trace_id="")
    return Response(body, status_code=known.status, headers=headers, media_type=bodies.JSON)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    where = f"{request.method} {request.url.path}"
    hint = GATEWAY_PATHS if request.url.path.startswith("/v1") else "See /api/openapi.json."
    if status == 405 or endpoint_of(request.url.path.encode()) is not None:
        return await _failed(request, MethodNotAllowedError(f"{where} is not possible.", hint=hint))
    return await _failed(request, NotFoundError(f"There is nothing at {where}.", hint=hint))


async def _left(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the client went away."""
    return Response()


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed.", request.method, request.url.path, exc_info=error)
    return await _failed(request, UNEXPECTED)


def _json(content: object, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status_code=status, media_type=bodies.JSON)
