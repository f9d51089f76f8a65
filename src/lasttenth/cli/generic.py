"""Commands made from the operation table: required fields become arguments, the others options."""

import asyncio
import getpass
import inspect
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import typer

from lasttenth.app.app import App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.operation import Operation
from lasttenth.app.operations import OPERATIONS
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.rendering import render
from lasttenth.records.errors import InvalidRequestError

T = TypeVar("T")

ACTOR = "LASTTENTH_ACTOR"


def add_operation(app: typer.Typer, name: str) -> None:
    """Add the command of an operation, as the table describes it."""
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    command = _command(operation)
    app.command(operation.command[-1], help=operation.summary)(command)


def run(folder: str, project: str, work: Callable[[App], Coroutine[Any, Any, T]]) -> T:
    """Run work against an App that is open for its time."""

    async def opened() -> T:
        async with App(Path(folder) if folder else None, project=project, actor=actor()) as app:
            return await work(app)

    return asyncio.run(opened())


def actor(user: Callable[[], str] = getpass.getuser) -> str:
    """Return who is at the command line: whom the environment names, else the user of the system."""
    try:
        return os.environ.get(ACTOR) or user()
    except (KeyError, OSError):  # in containers a user need not have a name
        return f"user {os.getuid()}"


def description_of(hint: Any) -> str:
    """Return what a field's annotation says about it."""
    metas = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    return next((meta.description for meta in metas if meta.description), "")


def _command(operation: Operation) -> Callable[..., None]:
    fields = msgspec.structs.fields(operation.input)

    def command(**given: Any) -> None:
        folder, project, as_json = given.pop("folder"), given.pop("project"), given.pop("as_json")
        request = _checked(operation.input, given)
        result = run(folder, project, lambda app: operation.run(app, request))
        show(result, as_json=as_json, render=lambda value: render(operation.name, value))

    hints = get_type_hints(operation.input, include_extras=True)
    parameters = [_parameter(field, hints[field.name]) for field in fields]
    parameters += [
        inspect.Parameter("folder", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Folder),
        inspect.Parameter("project", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT_PROJECT, annotation=Project),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    ]
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _checked(kind: type[msgspec.Struct], given: dict[str, Any]) -> msgspec.Struct:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"An option is wrong: {error}.") from error


def _parameter(field: msgspec.structs.FieldInfo, hint: Any) -> inspect.Parameter:
    kind, said = get_args(hint)[0] if get_origin(hint) is Annotated else hint, description_of(hint)
    if field.required:
        argument: Any = Annotated[kind, typer.Argument(help=said, show_default=False)]
        return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=argument)
    option: Any = Annotated[kind, typer.Option(f"--{field.name.replace('_', '-')}", help=said)]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=option)
