"""Langfuse's public API of prompts, for its clients: each prompt is a task, each label a pointer."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lasttenth.app.app import App
from lasttenth.app.installation import Installation
from lasttenth.app.tasks import ProjectTasks
from lasttenth.app.versions import ProjectVersions
from lasttenth.models import bodies
from lasttenth.records.errors import (
    ConfigurationError,
    InvalidRequestError,
    LasttenthError,
    MethodNotAllowedError,
    NotFoundError,
    TaskNotFoundError,
)
from lasttenth.releases.exchange.langfuse.prompts import (
    LATEST,
    NewPrompt,
    Prompt,
    file_of,
    form_of,
    labels_of,
    prompt_of,
    read_prompt,
)
from lasttenth.releases.pointers import PRODUCTION, check_name
from lasttenth.releases.taskfile import TaskFile
from lasttenth.releases.versions import Version
from lasttenth.server.requests import Door, headers_of, read_body

PROMPTS = "/api/public/v2/prompts"
PROJECTS = "/api/public/projects"
Act = Callable[["_Project", Request, bytes], Awaitable[object]]
Asked = TypeVar("Asked", bound=msgspec.Struct)
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Project(NamedTuple):
    """What is done in it, and what was declared there."""

    name: str
    tasks: ProjectTasks
    versions: ProjectVersions


class _Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version; `resolve` changes nothing, since no prompt reads another one."""

    version: int | None = None
    label: str | None = None
    resolve: bool = True


class _Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Which versions, and which page of their prompts."""

    name: str | None = None
    label: str | None = None
    tag: str | None = None
    from_updated_at: _Time | None = None
    to_updated_at: _Time | None = None
    page: _Count = 1
    limit: _Count = 50


class _NewLabels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    new_labels: list[str]


class Langfuse:
    """Serve prompts to Langfuse's clients, for whoever the door lets in."""

    def __init__(self, installation: Installation, door: Door, *, body_limit: int) -> None:
        self._installation = installation
        self._door = door
        self._body_limit = body_limit

    def routes(self) -> list[BaseRoute]:
        """Return the routes. A prompt's name may have slashes in it, so that one that cannot be is told as such."""
        return [
            Route(PROJECTS, self._endpoint(_projects), methods=["GET"]),
            Route(PROMPTS, self._endpoint(_list), methods=["GET"]),
            Route(PROMPTS, self._endpoint(_create), methods=["POST"]),
            Route(PROMPTS + "/{name:path}/versions/{version}", self._endpoint(_label), methods=["PATCH"]),
            Route(PROMPTS + "/{name:path}", self._endpoint(_get), methods=["GET"]),
            Route(PROMPTS + "/{name:path}", self._endpoint(_delete), methods=["DELETE"]),
        ]

    def _endpoint(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            headers = headers_of(request.scope)
            try:
                identity = await self._door.let_in(headers)
                body = await read_body(request.receive, headers, limit=self._body_limit)
                app = App(project=identity.project, actor=identity.actor, installation=self._installation)
                versions = ProjectVersions(self._installation, identity.project)
                return _json(await act(_Project(identity.project, app.tasks, versions), request, body))
            except LasttenthError as error:
                return _json({"message": str(error), "error": error.code}, status=error.status)

        return endpoint


async def _projects(project: _Project, _request: Request, _body: bytes) -> dict[str, Any]:
    """Return the one project that the key opens: clients ask for it to see that the key is valid."""
    one = {"id": project.name, "name": project.name, "metadata": {}}
    return {"data": [{**one, "organization": {"id": "lasttenth", "name": "lasttenth"}}]}


async def _get(project: _Project, request: Request, _body: bytes) -> Prompt:
    name, which = request.path_params["name"], _asked(request.query_params, _Which)
    if which.version is not None and which.label is not None:
        raise InvalidRequestError("A version and a label are given.", hint="Give one of them.", parameter="label")
    versions = await project.versions.of_task(name)
    if which.version is not None:
        return await _shown(project, _numbered(versions, which.version), versions)
    return await _shown(project, _labelled(versions, which.label or PRODUCTION), versions)


async def _list(project: _Project, request: Request, _body: bytes) -> dict[str, Any]:
    wanted, all_versions = _asked(request.query_params, _Filter), await project.versions.of_each_task()
    found = {
        name: matching
        for name, versions in all_versions.items()
        if wanted.name in (None, name) and (matching := [each for each in versions if _fits(each, versions, wanted)])
    }
    first = (wanted.page - 1) * wanted.limit
    shown = list(found)[first : first + wanted.limit]
    return {
        "data": [await _summary(project, found[name], all_versions[name]) for name in shown],
        "meta": {
            "page": wanted.page,
            "limit": wanted.limit,
            "totalItems": len(found),
            "totalPages": -(-len(found) // wanted.limit),
        },
    }


async def _create(project: _Project, _request: Request, body: bytes) -> Prompt:
    prompt = read_prompt(bodies.decode(body, dict[str, Any]))
    labels = [label for label in dict.fromkeys(prompt.labels or ()) if label != LATEST]
    for label in labels:
        check_name(label)
    file, form = file_of(prompt, based_on=await _standing(project, prompt, labels)), form_of(prompt)
    try:
        for label in labels or [""]:
            comment, source = prompt.commit_message or "", f"Prompt {prompt.name}"
            await project.tasks.declare(file, pointer=label, comment=comment, form=form, source=source)
    except ConfigurationError as error:
        raise InvalidRequestError(error.message, hint="Change it, and create it again.", parameter="prompt") from error
    versions = await project.versions.of_task(prompt.name)
    made = next(version for version in versions if version.registration.release == file.release.hash)
    return await _shown(project, made, versions)


async def _label(project: _Project, request: Request, body: bytes) -> Prompt:
    name, number = request.path_params["name"], _asked({"version": request.path_params["version"]}, _Which).version
    wanted = _asked(bodies.decode(body, dict[str, Any]), _NewLabels).new_labels
    versions = await project.versions.of_task(name)
    version = _numbered(versions, number)
    if LATEST in wanted and version != versions[0]:
        raise InvalidRequestError(f"Of {name}, {LATEST} is always version {versions[0].number}.", parameter="newLabels")
    state, release = await project.tasks.get(name), version.registration.release
    standing = {move.pointer: move.releases for move in state.pointers}
    labels = [label for label in wanted if label != LATEST and standing.get(label) != {release: 1.0}]
    for label in labels:
        check_name(label)
    # Protected ones first: they are refused before anything is moved.
    for label in sorted(labels, key=lambda label: label not in state.protections):
        await project.tasks.move(name, {release: 1.0}, pointer=label)
    versions = await project.versions.of_task(name)
    return await _shown(project, _numbered(versions, version.number), versions)


async def _delete(_project: _Project, request: Request, _body: bytes) -> object:
    raise MethodNotAllowedError(
        f"Prompt {request.path_params['name']} is not deleted: releases are kept for good.",
        hint="Move its labels to another version.",
    )


async def _standing(project: _Project, prompt: NewPrompt, labels: Iterable[str]) -> TaskFile | None:
    """Return what a new version of a prompt takes over where it says nothing, None for a new prompt."""
    try:
        return await project.versions.standing(prompt.name, [*labels, PRODUCTION])
    except TaskNotFoundError:
        return None


async def _shown(project: _Project, version: Version, versions: list[Version]) -> Prompt:
    labels = labels_of(version, newest=versions[0].number)
    return prompt_of(await project.versions.file(version), version, labels=labels)


async def _summary(project: _Project, matching: list[Version], versions: list[Version]) -> dict[str, Any]:
    """Return what a list says of those versions of a prompt that match."""
    latest, newest = await _shown(project, matching[0], versions), versions[0].number
    return {
        "name": latest.name,
        "type": latest.type,
        "versions": [version.number for version in reversed(matching)],
        "labels": [label for version in matching for label in labels_of(version, newest=newest)],
        "tags": [],
        "lastUpdatedAt": _time(matching[0]),
        "lastConfig": latest.config,
    }


def _fits(version: Version, versions: list[Version], wanted: _Filter) -> bool:
    at = _time(version)
    return (
        wanted.tag is None
        and (wanted.label is None or wanted.label in labels_of(version, newest=versions[0].number))
        and (wanted.from_updated_at is None or wanted.from_updated_at <= at)
        and (wanted.to_updated_at is None or at < wanted.to_updated_at)
    )


def _numbered(versions: list[Version], number: int | None) -> Version:
    for version in versions:
        if version.number == number:
            return version
    name, newest = versions[0].registration.task, versions[0].number
    raise NotFoundError(
        f"Prompt {name} has no version {number}.", hint=f"Its versions are 1 to {newest}.", parameter="version"
    )


def _labelled(versions: list[Version], label: str) -> Version:
    newest = versions[0].number
    for version in versions:
        if label in labels_of(version, newest=newest):
            return version
    there = ", ".join(each for version in versions for each in labels_of(version, newest=newest))
    raise NotFoundError(
        f"Prompt {versions[0].registration.task} has no version with the label {label}.",
        hint=f"There is {there}.",
        parameter="label",
    )


def _time(version: Version) -> datetime:
    return datetime.fromtimestamp(version.registration.at / 1e9, UTC)


def _asked(fields: Mapping[str, Any], kind: type[Asked]) -> Asked:
    """Return the fields of a query or a body. Raises InvalidRequestError."""
    try:
        return msgspec.convert(dict(fields), kind, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(kind.__struct_encode_fields__)
        raise InvalidRequestError(f"The request is wrong: {error}.", hint=f"Fields: {known}.") from error


def _json(content: object, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status_code=status, media_type=bodies.JSON)
