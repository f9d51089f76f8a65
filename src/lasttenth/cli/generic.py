"""Commands made from the operation table: required fields become arguments, the others options."""

import asyncio
import inspect
import types
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import typer

from lasttenth.app.app import DEFAULT_PROJECT, App
from lasttenth.app.operations import OPERATIONS, Operation
from lasttenth.cli.output import AsJson, Folder, Project, show
from lasttenth.cli.rendering import render

T = TypeVar("T")


def add_operation(app: typer.Typer, name: str) -> None:
    """Add the command of an operation, as the table describes it."""
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    command = _command(operation)
    app.command(operation.command[-1], help=operation.summary)(command)


def run(folder: str, project: str, work: Callable[[App], Coroutine[Any, Any, T]]) -> T:
    """Run work against an App that is open for its time."""

    async def opened() -> T:
        async with App(Path(folder) if folder else None, project=project) as app:
            return await work(app)

    return asyncio.run(opened())


def _command(operation: Operation) -> Callable[..., None]:
    fields = msgspec.structs.fields(operation.input)

    def command(**given: Any) -> None:
        folder, project, as_json = given.pop("folder"), given.pop("project"), given.pop("as_json")
        request = operation.input(**given)
        result = run(folder, project, lambda app: operation.run(app, request))
        show(result, as_json=as_json, render=lambda value: render(operation.name, value))

    hints = get_type_hints(operation.input)
    parameters = [_parameter(field, hints[field.name]) for field in fields]
    parameters += [
        inspect.Parameter("folder", inspect.Parameter.KEYWORD_ONLY, default="", annotation=Folder),
        inspect.Parameter("project", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT_PROJECT, annotation=Project),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
    ]
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _parameter(field: msgspec.structs.FieldInfo, hint: Any) -> inspect.Parameter:
    kind = _plain(hint)
    if field.required:
        annotation: Any = Annotated[kind, typer.Argument(show_default=False)]
        return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    annotation = Annotated[hint, typer.Option(f"--{field.name.replace('_', '-')}")]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def _plain(hint: Any) -> Any:
    if get_origin(hint) in {Union, types.UnionType}:
        return next(each for each in get_args(hint) if each is not type(None))
    return hint
