"""Which models there are, as OpenAI's clients ask, and as Gemini's do."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lasttenth.app.app import App
from lasttenth.app.installation import Installation
from lasttenth.app.views import ModelView
from lasttenth.models.bodies import JSON
from lasttenth.models.protocols import GEMINI
from lasttenth.models.protocols.gemini import KEY_HEADER, METHODS
from lasttenth.records.errors import ModelNotFoundError
from lasttenth.server.endpoints import protocol_of
from lasttenth.server.requests import Door, headers_of


class Listing:
    """Serve the lists of models, with the tasks of the project."""

    def __init__(self, installation: Installation, door: Door) -> None:
        self._installation = installation
        self._door = door

    def routes(self) -> list[Route]:
        """Return the routes: one path has two shapes, by how its caller sends a key."""
        paths = [f"{version}/models" for version in ("/v1", GEMINI.version)]
        return [
            *(Route(path, self._list, methods=["GET"]) for path in paths),
            *(Route(f"{path}/{{model:path}}", self._show, methods=["GET"]) for path in paths),
        ]

    async def _list(self, request: Request) -> Response:
        headers = _headers(request)
        models = await self._models(headers)
        if protocol_of(request.url.path, headers) is GEMINI:
            return _json({"models": [self._gemini(model) for model in models]})
        return _json({"object": "list", "data": [_openai(model) for model in models]})

    async def _show(self, request: Request) -> Response:
        headers, name = _headers(request), request.path_params["model"]
        shape = self._gemini if protocol_of(request.url.path, headers) is GEMINI else _openai
        for model in await self._models(headers):
            if model.name == name:
                return _json(shape(model))
        raise ModelNotFoundError(f"There is no model {name}.", hint="List them with: GET /v1/models", parameter="model")

    async def _models(self, headers: dict[str, str]) -> list[ModelView]:
        identity = await self._door.let_in(headers)
        app = App(project=identity.project, installation=self._installation)
        tasks = await (await self._installation.registry(identity.project)).tasks()
        owned = [ModelView(name=f"task/{task.name}", provider="lasttenth", operations=()) for task in tasks]
        return owned + (await app.models()).models

    def _gemini(self, model: ModelView) -> dict[str, Any]:
        shown = {"name": f"models/{model.name}", "displayName": model.name}
        provider = self._installation.router.providers.get(model.provider)
        if provider is None or GEMINI.name not in provider.protocols or not model.operations:
            return shown
        methods = [method for operation, method in METHODS.items() if operation in model.operations]
        return {**shown, "supportedGenerationMethods": methods}


def _headers(request: Request) -> dict[str, str]:
    """Return the headers, among them a key that stands in the URL."""
    headers, key = headers_of(request.scope), request.query_params.get("key")
    return headers if key is None else {KEY_HEADER: key, **headers}


def _openai(model: ModelView) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": 0, "owned_by": model.provider}


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type=JSON)
