"""One task as a program calls it: asked for an answer, whole or piece by piece, as text or as a value of a type."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Generic

import msgspec

from lasttenth.app.answers import Answer, message_of, read_answer
from lasttenth.app.installation import Installation
from lasttenth.app.outputs import GrowingValue, Output, T
from lasttenth.records.errors import LasttenthError, UpstreamError
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.choices import choices_of
from lasttenth.serve.replay import whole_of
from lasttenth.serve.route import TASK_PREFIX


class Piece(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A piece of an answer that is being given."""

    text: str = ""
    """What was said since the piece before."""
    value: Any = None
    """What stands by now of the JSON of a typed answer, at the end a value of its type; None until something does."""
    answer: Answer[T] | None = None
    """The whole answer, with the last piece."""


class CalledTask:
    """A task at one of its pointers.

    Args:
        name: of the task; `name@pointer` for another pointer than `production`.
    """

    def __init__(self, installation: Installation, project: str, name: str) -> None:
        self._installation = installation
        self._project = project
        self._name = name

    async def ask(
        self,
        question: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        output: type[T] | None = None,
        model: str = "",
        index: str = "",
    ) -> Answer[T]:
        """Return the task's answer.

        Args:
            question: what the user says; the prompt may go without.
            variables: what the prompt's templates read beside the question.
            output: the type of `Answer.value`; without one it is plain JSON where the task has an output schema.
            model: a model other than the release's own.
            index: an index other than the release's own.

        Raises:
            InvalidAnswerError: no answer fits.
            LasttenthError: anything else that keeps the task from answering.
        """
        wanted = None if output is None else Output(output)
        body = self._body(question, _controls(variables, model=model, index=index), wanted)
        return await whole_answer(self._installation, self._project, body, wanted)

    async def stream(
        self,
        question: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        output: type[T] | None = None,
        model: str = "",
        index: str = "",
    ) -> AsyncGenerator[Piece[T]]:
        """Yield the task's answer as it comes, the whole of it with the last piece. For all else see `ask`."""
        wanted = None if output is None else Output(output)
        body = self._body(question, _controls(variables, model=model, index=index), wanted)
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        began = time.perf_counter()
        reply = await _reply(self._installation, self._project, body)
        heard = bytearray()
        growing = GrowingValue() if await self._is_typed(reply) else None
        try:
            async with aclosing(choices_of(msgspec.structs.replace(reply, body=_kept(reply, heard)))) as choices:
                async for choice in choices:
                    if choice.said.content:
                        value = None if growing is None else growing.take(choice.said.content)
                        yield Piece(text=choice.said.content, value=value)
        except LasttenthError as error:
            error.trace_id = reply.headers["x-lasttenth-trace"]
            raise
        whole = msgspec.json.encode(whole_of(bytes(heard)))
        ended = msgspec.structs.replace(reply, body=whole, headers={**reply.headers, **reply.summary()})
        answer = read_answer(ended, latency=time.perf_counter() - began, output=wanted)
        yield Piece(value=answer.value, answer=answer)

    async def _is_typed(self, reply: GatewayReply) -> bool:
        registry = await self._installation.registry(self._project)
        task = self._name.partition("@")[0]
        resolved = await registry.resolve(task, reply.headers["x-lasttenth-release"], unit="")
        return resolved.release.output_schema is not None

    def _body(self, question: str, metadata: Mapping[str, Any], output: Output[Any] | None) -> dict[str, Any]:
        messages = [{"role": "user", "content": question}] if question else []
        body: dict[str, Any] = {"model": f"{TASK_PREFIX}{self._name}", "messages": messages}
        if metadata:
            body["metadata"] = metadata
        if output is not None:
            body["response_format"] = output.response_format
        return body


async def whole_answer(
    installation: Installation, project: str, body: Mapping[str, Any], output: Output[Any] | None = None
) -> Answer[Any]:
    """Return the answer to a chat request. Raises LasttenthError."""
    began = time.perf_counter()
    reply = await _reply(installation, project, body)
    return read_answer(reply, latency=time.perf_counter() - began, output=output)


async def _reply(installation: Installation, project: str, body: Mapping[str, Any]) -> GatewayReply:
    request = GatewayRequest(operation="chat", project=project, headers={}, body=msgspec.json.encode(body))
    reply = await installation.pipeline.answer(request)
    if reply.status >= 400:
        raise UpstreamError(f"The provider refused: {message_of(reply)}", upstream_status=reply.status)
    return reply


async def _kept(reply: GatewayReply, heard: bytearray) -> AsyncGenerator[bytes]:
    """Yield a stream, and keep what it says."""
    if isinstance(reply.body, bytes):
        raise UpstreamError("A stream was asked for, and a whole reply came.")
    async with aclosing(reply.body) as pieces:
        async for piece in pieces:
            heard += piece
            yield piece


def _controls(variables: Mapping[str, Any] | None, *, model: str, index: str) -> dict[str, Any]:
    given = {"lasttenth_index": index, "lasttenth_model": model, "lasttenth_variables": dict(variables or {})}
    return {name: value for name, value in given.items() if value}
