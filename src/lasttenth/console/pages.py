"""Serve the console's files, with headers that let them load nothing from elsewhere."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lasttenth.records.errors import NotFoundError

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"  # noqa: E501
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


def console_routes() -> list[BaseRoute]:
    """Return the routes of the pages."""
    return [
        Route("/", _page, methods=["GET"]),
        Route("/traces/{trace}", _page, methods=["GET"]),
        Route("/console/{file}", _file, methods=["GET"]),
    ]


async def _page(_request: Request) -> Response:
    return _response("index.html")


async def _file(request: Request) -> Response:
    return _response(request.path_params["file"])


def _response(name: str) -> Response:
    folder = resources.files("lasttenth.console") / "static"
    known = {file.name: file for file in folder.iterdir()}
    if name not in known:
        raise NotFoundError(f"The console has no file {name}.")
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return Response(known[name].read_bytes(), media_type=_TYPES[name.rsplit(".", 1)[1]], headers=headers)
