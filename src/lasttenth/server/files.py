"""`/v1/files`: what programs keep here, as OpenAI's clients ask for it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from lasttenth.app.files import content_of, in_parts
from lasttenth.app.installation import Installation
from lasttenth.jobs.times import SECOND
from lasttenth.models.bodies import JSON
from lasttenth.models.multipart import Part, parts_of
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ids import Ids
from lasttenth.serve.passthrough import PROVIDER_HEADER
from lasttenth.server.passing import Passing
from lasttenth.server.requests import Door, Identity, headers_of, read_body
from lasttenth.storage.file_ports import NewFile, StoredFile
from lasttenth.storage.ports import ProjectStore

PATH = "/v1/files"
MOST_LISTED = 10_000
LISTED = 100
ANCHOR, SECONDS = "expires_after[anchor]", "expires_after[seconds]"
LONGEST_KEPT = 30 * 86_400
"""Seconds."""

Answer = Callable[[Request, ProjectStore, Identity], Awaitable[Response]]


class ProjectRoutes:
    """Make routes for what belongs to a project: who asks is let in, and who names a provider is passed on to it."""

    def __init__(self, installation: Installation, door: Door, passing: Passing) -> None:
        self._installation = installation
        self._door = door
        self._passing = passing

    def route(self, path: str, method: str, answer: Answer) -> BaseRoute:
        """Return a route."""

        async def endpoint(request: Request) -> Response:
            headers = headers_of(request.scope)
            if PROVIDER_HEADER in headers:
                return await self._passing.answer(request)
            identity = await self._door.let_in(headers)
            return await answer(request, await self._installation.store.project(identity.project), identity)

        return Route(path, endpoint, methods=[method])


class FileEndpoints:
    """Serve the files of a project.

    Args:
        body_limit: bytes that an upload may have.
    """

    def __init__(self, installation: Installation, *, body_limit: int) -> None:
        self._clock = installation.clock
        self._ids = Ids(installation.clock)
        self._body_limit = body_limit

    def routes(self, project_routes: ProjectRoutes) -> list[BaseRoute]:
        """Return the routes."""
        return [
            project_routes.route(PATH, "POST", self._upload),
            project_routes.route(PATH, "GET", self._list),
            project_routes.route(f"{PATH}/{{file}}", "GET", self._show),
            project_routes.route(f"{PATH}/{{file}}", "DELETE", self._remove),
            project_routes.route(f"{PATH}/{{file}}/content", "GET", self._content),
        ]

    async def _upload(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        headers = headers_of(request.scope)
        body = await read_body(request.receive, headers, limit=self._body_limit)
        fields = {part.name: part for part in parts_of(headers.get("content-type", ""), body)}
        for name in ("file", "purpose"):
            if name not in fields:
                raise InvalidRequestError(f"The form has no field {name}.", parameter=name)
        texts = {name: _text(part, body) for name, part in fields.items() if name != "file"}
        now = self._clock.now()
        given = fields["file"]
        keep = expiry(texts.get(ANCHOR), texts.get(SECONDS))
        file = NewFile(
            id=f"file-{self._ids.trace()}",
            name=given.filename or "file",
            purpose=texts["purpose"],
            created=now,
            expires=None if keep is None else now + keep * SECOND,
        )
        await store.files.put(file, in_parts(body[given.start : given.end]))
        return as_json(_shown(await store.files.get(file.id)))

    async def _list(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        limit, after = page_of(request, most=MOST_LISTED)
        purpose = request.query_params.get("purpose", "")
        found = await store.files.latest(limit=limit + 1, purpose=purpose, before=after)
        return as_json(listed([_shown(file) for file in found], limit))

    async def _show(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        return as_json(_shown(await store.files.get(request.path_params["file"])))

    async def _remove(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        file = request.path_params["file"]
        await store.files.remove(file)
        return as_json({"id": file, "object": "file", "deleted": True})

    async def _content(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        file = await store.files.get(request.path_params["file"])
        content: AsyncGenerator[bytes] = content_of(store.files, file.id)
        return StreamingResponse(content, media_type="application/octet-stream")


def page_of(request: Request, *, most: int) -> tuple[int, str]:
    """Return how many are wanted, and behind which one. Raises InvalidRequestError."""
    limit = request.query_params.get("limit", str(LISTED))
    if not limit.isdecimal() or not 0 < int(limit) <= most:
        raise InvalidRequestError(f"limit must be a number from 1 to {most:,}.", parameter="limit")
    if request.query_params.get("order", "desc") != "desc":
        raise InvalidRequestError("Lists are newest first.", hint="Leave order out.", parameter="order")
    return int(limit), request.query_params.get("after", "")


def listed(found: Sequence[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    """Return a page of a list: one more may have been found than it takes."""
    page = found[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(found) > limit,
    }


def expiry(anchor: object, seconds: object) -> int | None:
    """Return for how many seconds a file is kept, None where nobody says. Raises InvalidRequestError."""
    if anchor is None and seconds is None:
        return None
    text = str(seconds)
    if anchor != "created_at" or not text.isdecimal() or not 0 < int(text) <= LONGEST_KEPT:
        raise InvalidRequestError(
            f"A file expires 1 to {LONGEST_KEPT:,} seconds after created_at.", parameter="expires_after"
        )
    return int(text)


def as_json(content: object) -> Response:
    """Return content as JSON."""
    return Response(msgspec.json.encode(content), media_type=JSON)


def _text(part: Part, body: bytes) -> str:
    return body[part.start : part.end].decode(errors="replace")


def _shown(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size,
        "created_at": file.created // SECOND,
        "expires_at": None if file.expires is None else file.expires // SECOND,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }
