"""`/v1/batches`: requests that are asked in the background, as OpenAI's clients give them."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lasttenth.app.batches import Batch, BatchOrder, ProjectBatches
from lasttenth.app.installation import Installation
from lasttenth.jobs.times import SECOND
from lasttenth.models import bodies
from lasttenth.records.jobs import Job
from lasttenth.serve.admit import CONTROL_HEADER
from lasttenth.server.files import ProjectRoutes, as_json, expiry, listed, page_of
from lasttenth.server.requests import Identity, headers_of, read_body
from lasttenth.storage.file_ports import StoredFile
from lasttenth.storage.ports import ProjectStore

PATH = "/v1/batches"
HOUR = 3600
MOST_LISTED = 100


class _Expiry(msgspec.Struct):
    anchor: str
    seconds: int


class _Wanted(msgspec.Struct):
    input_file_id: str
    endpoint: str
    completion_window: Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,3}h$")] = "24h"
    metadata: dict[str, str] | None = None
    output_expires_after: _Expiry | None = None


class BatchEndpoints:
    """Serve the batches of a project.

    Args:
        body_limit: bytes that a request body may have.
    """

    def __init__(self, installation: Installation, *, body_limit: int) -> None:
        self._wake = installation.runner.wake
        self._body_limit = body_limit

    def routes(self, project_routes: ProjectRoutes) -> list[BaseRoute]:
        """Return the routes."""
        return [
            project_routes.route(PATH, "POST", self._create),
            project_routes.route(PATH, "GET", self._list),
            project_routes.route(f"{PATH}/{{batch}}", "GET", self._show),
            project_routes.route(f"{PATH}/{{batch}}/cancel", "POST", self._cancel),
        ]

    async def _create(self, request: Request, store: ProjectStore, identity: Identity) -> Response:
        headers = headers_of(request.scope)
        body = await read_body(request.receive, headers, limit=self._body_limit)
        wanted = bodies.decode(body, _Wanted)
        kept = wanted.output_expires_after
        order = BatchOrder(
            input_file=wanted.input_file_id,
            endpoint=wanted.endpoint,
            window=int(wanted.completion_window.removesuffix("h")) * HOUR,
            metadata=wanted.metadata or {},
            controls={name: value for name, value in headers.items() if name.startswith(CONTROL_HEADER)},
            key=identity.key,
            keep=None if kept is None else expiry(kept.anchor, kept.seconds),
        )
        return as_json(_shown(await self._of(store).create(order)))

    async def _list(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        limit, after = page_of(request, most=MOST_LISTED)
        found = await self._of(store).latest(limit=limit + 1, before=after)
        return as_json(listed([_shown(batch) for batch in found], limit))

    async def _show(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        return as_json(_shown(await self._of(store).get(request.path_params["batch"])))

    async def _cancel(self, request: Request, store: ProjectStore, _identity: Identity) -> Response:
        return as_json(_shown(await self._of(store).cancel(request.path_params["batch"])))

    def _of(self, store: ProjectStore) -> ProjectBatches:
        return ProjectBatches(store, self._wake)


def _shown(batch: Batch) -> dict[str, Any]:
    job, order = batch.job, batch.order
    status = _status(batch)
    times = {f"{name}_at": _seconds(job.ended) if status == name else None for name in _ENDS}
    failure = {"code": job.error_code, "message": job.error, "param": None, "line": None}
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": order.endpoint,
        "errors": {"object": "list", "data": [failure]} if status == "failed" else None,
        "input_file_id": order.input_file,
        "completion_window": f"{order.window // HOUR}h",
        "status": status,
        "output_file_id": _id(batch.output, job),
        "error_file_id": _id(batch.errors, job),
        "created_at": _seconds(job.created),
        "in_progress_at": _seconds(job.started),
        "expires_at": _seconds(job.created + order.window * SECOND),
        "finalizing_at": None,
        "cancelling_at": None,
        **times,
        "request_counts": _counts(batch),
        "metadata": order.metadata or None,
    }


_ENDS = ("completed", "failed", "expired", "cancelled")


def _status(batch: Batch) -> str:
    job, result = batch.job, batch.result
    if result is not None:
        return "expired" if result.expired else "completed"
    if job.state == "running":
        return "cancelling" if job.cancelling else "in_progress"
    if job.state == "waiting":
        return "in_progress" if job.attempts else "validating"
    return job.state


def _counts(batch: Batch) -> dict[str, int]:
    """Return what became of the lines so far; how many there are is known a moment after the first was asked."""
    completed, failed = (0 if file is None else file.parts for file in (batch.output, batch.errors))
    total = batch.job.progress.total if batch.result is None else batch.result.lines
    return {"total": max(total or 0, completed + failed), "completed": completed, "failed": failed}


def _id(file: StoredFile | None, job: Job) -> str | None:
    """Return the id of a file of a batch that has ended: until then it grows."""
    return None if file is None or job.ended is None else file.id


def _seconds(time: int | None) -> int | None:
    return None if time is None else time // SECOND
