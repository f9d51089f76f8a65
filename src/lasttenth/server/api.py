"""`/api`: the operation table as REST, and its OpenAPI 3.1 description."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from lasttenth import __version__
from lasttenth.app.app import App
from lasttenth.app.installation import Installation
from lasttenth.app.operation import Operation
from lasttenth.app.operations import OPERATIONS
from lasttenth.models import bodies, openai
from lasttenth.records.errors import InvalidRequestError
from lasttenth.server.requests import Door, headers_of, read_body

Endpoint = Callable[[Request], Awaitable[Response]]
_FIELD = re.compile(r"\{(\w+)\}")


class Api:
    """Serve the operations for whoever the door lets in."""

    def __init__(self, installation: Installation, door: Door, *, body_limit: int) -> None:
        self._installation = installation
        self._door = door
        self._body_limit = body_limit

    def routes(self) -> list[BaseRoute]:
        """Return a route for every operation, and one for their description."""
        routes: list[BaseRoute] = [
            Route(operation.path, self._endpoint(operation), methods=[operation.method]) for operation in OPERATIONS
        ]
        return [*routes, Route("/api/openapi.json", _describe, methods=["GET"])]

    def _endpoint(self, operation: Operation) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers = headers_of(request.scope)
            identity = await self._door.let_in(headers)
            body = await read_body(request.receive, headers, limit=self._body_limit)
            app = App(project=identity.project, actor=identity.actor, installation=self._installation)
            result = await operation.run(app, _input(operation, request, body))
            if operation.streams:
                return await _streamed(result)
            return Response(msgspec.json.encode(result), media_type=bodies.JSON)

        return endpoint


def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the operation table."""
    kinds = [kind for operation in OPERATIONS for kind in (operation.input, operation.output)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for number, operation in enumerate(OPERATIONS):
        description = _described(operation, schemas[2 * number], schemas[2 * number + 1], components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = description
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lasttenth", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }


async def _streamed(items: AsyncGenerator[Any]) -> Response:
    """Return items as server-sent events; what fails before the first one is an error with a status of its own."""
    first = await anext(items)

    async def events() -> AsyncGenerator[bytes]:
        async with aclosing(items):
            yield openai.event(first)
            async for item in items:
                yield openai.event(item)
        yield openai.DONE

    return StreamingResponse(events(), media_type=bodies.EVENT_STREAM)


async def _describe(_request: Request) -> Response:
    return Response(msgspec.json.encode(openapi()), media_type=bodies.JSON)


def _input(operation: Operation, request: Request, body: bytes) -> msgspec.Struct:
    if operation.method == "POST":
        fields = bodies.decode(body or b"{}", dict[str, Any])
        strict = True
    else:
        fields = dict(request.query_params)
        strict = False
    unknown = set(fields) - set(operation.input.__struct_fields__)
    if unknown:
        known = ", ".join(operation.input.__struct_fields__) or "none"
        raise InvalidRequestError(f"Unknown field {min(unknown)}.", hint=f"Fields: {known}.", parameter=min(unknown))
    try:
        return msgspec.convert({**fields, **request.path_params}, operation.input, strict=strict)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"The request is wrong: {error}.") from error


def _described(
    operation: Operation, given: dict[str, Any], returned: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    in_path = _FIELD.findall(operation.path)
    media_type = bodies.EVENT_STREAM if operation.streams else bodies.JSON
    description: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
        ],
        "responses": {
            "200": {"description": "Done.", "content": {media_type: {"schema": returned}}},
            "default": {"description": "An error: {error: {message, type, param, code}}."},
        },
    }
    if operation.method == "POST":
        description["requestBody"] = {"content": {bodies.JSON: {"schema": given}}}
        return description
    properties = components[given["$ref"].rsplit("/", 1)[1]].get("properties", {})
    description["parameters"] += [
        {"name": name, "in": "query", "required": "default" not in schema, "schema": schema}
        for name, schema in properties.items()
        if name not in in_path
    ]
    return description
