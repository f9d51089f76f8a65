"""The pipeline: every call is settled once and lets go of its provider, however it ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest
from tests.conftest import with_sqlite

from lasttenth.models.bodies import JSON
from lasttenth.models.port import ModelInfo, ModelReply, ModelRequest, ProtocolName, Translation
from lasttenth.models.prices import Prices
from lasttenth.records.definitions import Environment, Message, Release, Task
from lasttenth.records.errors import InvalidRequestError, UpstreamError
from lasttenth.records.ids import Ids, SystemClock
from lasttenth.records.ports import Caller, ChatRequest, ReplyPart, TaskCall
from lasttenth.records.traces import Span
from lasttenth.records.usage import Usage
from lasttenth.releases.pointers import NewMove
from lasttenth.releases.registry import Registry
from lasttenth.releases.taskfile import TaskFile
from lasttenth.serve.cache import MemoryCache
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settling
from lasttenth.storage.ports import Store

T = TypeVar("T")
STREAM = "text/event-stream"
TEXT = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": null}]}\n\n'
END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = b'{"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}'


class Upstream:
    """A provider that answers what it is told to, and counts what it has open."""

    protocols: tuple[ProtocolName, ...] = ("openai",)

    def __init__(self, *chunks: bytes, media_type: str = STREAM, status: int = 200, fails: bool = False) -> None:
        self.chunks = chunks
        self.media_type = media_type
        self.status = status
        self.fails = fails
        self.open = 0
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.bodies: list[bytes] = []

    async def call(self, request: ModelRequest) -> ModelReply:
        """Answer once it may."""
        self.bodies.append(request.body)
        self.asked.set()
        await self.may_answer.wait()
        self.open += 1
        return UpstreamReply(self)

    async def models(self) -> list[ModelInfo]:
        """Name no models."""
        return []

    async def close(self) -> None:
        """There is nothing to release."""


class UpstreamReply:
    """What the provider answers."""

    translation: Translation | None = None

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.status = upstream.status
        self.media_type = upstream.media_type
        self.retry_after = ""

    async def read(self, _limit: int) -> bytes:
        """Return the body."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        for chunk in self.upstream.chunks:
            await asyncio.sleep(0)
            yield chunk
        if self.upstream.fails:
            raise UpstreamError("The provider broke off.")

    async def close(self) -> None:
        """Count."""
        self.upstream.open -= 1


class Passing:
    """A program that passes the conversation on, and the answer back."""

    async def environment(self, _call: TaskCall) -> Environment:
        """Return what is met: nothing worth a name."""
        return Environment(package="test")

    async def answer(self, call: TaskCall, caller: Caller) -> AsyncGenerator[ReplyPart]:
        """Yield what the model says."""
        request = ChatRequest(model=call.release.model, messages=call.messages, stream=call.stream)
        async with aclosing(caller.chat(request, scope=call.scope)) as reply:
            async for part in reply:
                yield part


class Desk(NamedTuple):
    """A pipeline and the spans that it has recorded."""

    pipeline: Pipeline
    spans: list[Span]

    async def ask(
        self, model: str = "up/m", *, project: str = "one", stream: bool = False, **fields: Any
    ) -> GatewayReply:
        """Send a chat request."""
        content = {"model": model, "messages": [{"role": "user", "content": "Hello?"}], "stream": stream, **fields}
        return await self.send(msgspec.json.encode(content), project=project)

    async def send(self, body: bytes, *, project: str = "one") -> GatewayReply:
        """Send a chat request as bytes."""
        return await self.pipeline.serve(GatewayRequest(operation="chat", project=project, headers={}, body=body))


def served(folder: Path, work: Callable[[Desk], Awaitable[T]], upstream: Callable[[], Upstream]) -> T:
    """Do some work with a pipeline over one provider, `up`, and one task that calls it."""

    async def main(store: Store) -> T:
        clock = SystemClock()
        registry = Registry(await store.project("one"), ids=Ids(clock), clock=clock)
        release = Release(task="pass", messages=(Message(role="user", text="x"),), model="up/m")
        name = await registry.declare(TaskFile(Task(name="pass"), release), actor="test")
        await registry.pointers.move(NewMove(task="pass", releases={name: 1.0}, actor="test"))
        spans: list[Span] = []

        async def registry_of(_project: str) -> Registry:
            return registry

        provider = upstream()
        pipeline = Pipeline(
            router=Router({"up": provider}, clock=clock),
            registry_of=registry_of,
            programs={"": Passing()},
            settling=Settling(clock, Prices.load(), lambda _project, span: spans.append(span)),
            cache=MemoryCache(size=2**20, seconds=60, clock=clock),
        )
        result = await asyncio.wait_for(work(Desk(pipeline, spans)), 20)
        assert provider.open == 0
        return result

    return asyncio.run(with_sqlite(folder, main))


async def read(reply: GatewayReply) -> bytes:
    """Return a whole body."""
    return reply.body if isinstance(reply.body, bytes) else b"".join([event async for event in reply.body])


def stream_of(reply: GatewayReply) -> AsyncGenerator[bytes]:
    """Return the body of a stream."""
    assert not isinstance(reply.body, bytes)
    return reply.body


@pytest.mark.parametrize("model", ["up/m", "task/pass"])
@pytest.mark.parametrize("events", [0, 1])
def test_stream_that_nobody_reads_to_its_end_is_settled_once_and_lets_go_of_the_provider(
    tmp_path: Path, model: str, events: int
) -> None:
    async def work(desk: Desk) -> list[str]:
        stream = stream_of(await desk.ask(model, stream=True))
        for _ in range(events):
            await anext(stream)
        await stream.aclose()
        return [span.error for span in desk.spans]

    errors = served(tmp_path, work, lambda: Upstream(TEXT, END, DONE))

    assert set(errors) == {"client_disconnected"}
    assert len(errors) == (1 if model == "up/m" else 2)


@pytest.mark.parametrize(("model", "spans"), [("up/m", 1), ("task/pass", 2)])
@pytest.mark.parametrize("stream", [False, True])
def test_call_that_is_given_up_while_the_provider_thinks_is_settled_at_every_level(
    tmp_path: Path, model: str, spans: int, stream: bool
) -> None:
    upstreams: list[Upstream] = []

    def upstream() -> Upstream:
        upstreams.append(Upstream(WHOLE))
        upstreams[0].may_answer.clear()
        return upstreams[0]

    async def work(desk: Desk) -> list[str]:
        asking = asyncio.ensure_future(desk.ask(model, stream=stream))
        await upstreams[0].asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return [span.error for span in desk.spans]

    assert served(tmp_path, work, upstream) == ["client_disconnected"] * spans


def test_stream_that_breaks_says_so_and_is_settled_once(tmp_path: Path) -> None:
    async def work(desk: Desk) -> tuple[bytes, list[str]]:
        reply = await desk.ask(stream=True)
        return await read(reply), [span.error for span in desk.spans]

    body, errors = served(tmp_path, work, lambda: Upstream(TEXT, fails=True))

    assert body.startswith(TEXT)
    assert b"broke off" in body
    assert errors == ["upstream_error"]


def test_task_that_fails_before_its_first_word_answers_with_a_status_on_streams_too(tmp_path: Path) -> None:
    async def work(desk: Desk) -> tuple[int, list[str]]:
        reply = await desk.ask("task/pass", stream=True)
        return reply.status, [span.error for span in desk.spans]

    failure = b'{"error": {"message": "Too many requests."}}'
    status, errors = served(tmp_path, work, lambda: Upstream(failure, media_type=JSON, status=429))

    assert status == 502
    assert errors == ["upstream_error", "upstream_error"]


@pytest.mark.parametrize("model", ["up/m", "task/pass"])
def test_usage_is_read_however_the_provider_frames_its_events(tmp_path: Path, model: str) -> None:
    framed = b": ping\r\n\r\n" + b"".join(
        b"event: message\r\nid: 7\r\n" + event.replace(b"\n\n", b"\r\n\r\n") for event in (TEXT, END)
    )
    split_data = b'data: {"choices": [],\ndata: "usage": {"prompt_tokens": 3, "completion_tokens": 1}}'
    content = framed.replace(b"Hi.", "Grüß €".encode()) + split_data
    chunks = [content[at : at + 1] for at in range(len(content))]

    async def work(desk: Desk) -> tuple[bytes, Usage | None]:
        body = await read(await desk.ask(model, stream=True, stream_options={"include_usage": True}))
        return body, desk.spans[-1].usage

    body, usage = served(tmp_path, work, lambda: Upstream(*chunks))

    assert "Grüß €".encode() in body
    assert usage == Usage(input_tokens=3, output_tokens=1)


def test_usage_is_priced_and_kept_from_those_who_did_not_ask_for_it(tmp_path: Path) -> None:
    filters = b'data: {"choices": [], "usage": null, "prompt_filter_results": [{}]}\n\n'

    async def work(desk: Desk) -> tuple[bytes, Usage | None]:
        return await read(await desk.ask(stream=True)), desk.spans[0].usage

    body, usage = served(tmp_path, work, lambda: Upstream(filters, TEXT, END, USAGE, DONE))

    assert body == filters + TEXT + END + DONE
    assert usage == Usage(input_tokens=3, output_tokens=1)


def test_usage_of_a_stream_is_read_under_the_name_that_groq_gives_it(tmp_path: Path) -> None:
    usage = b'"x_groq": {"id": "req_1", "usage": {"prompt_tokens": 23, "completion_tokens": 19}}'
    end = END.replace(b'{"choices"', b"{" + usage + b', "choices"')

    async def work(desk: Desk) -> tuple[bytes, Usage | None]:
        return await read(await desk.ask(stream=True)), desk.spans[0].usage

    body, found = served(tmp_path, work, lambda: Upstream(TEXT, end, DONE))

    assert body == TEXT + end + DONE
    assert found == Usage(input_tokens=23, output_tokens=19)


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        (b'{"prompt_tokens": 9223372036854775808}', None),
        (b'{"prompt_tokens": -1}', None),
        (b'{"prompt_tokens": 3, "completion_tokens": null}', Usage(input_tokens=3)),
        (b"null", None),
    ],
)
def test_usage_that_cannot_be_is_no_usage(tmp_path: Path, said: bytes, read_as: Usage | None) -> None:
    body = b'{"model": null, "x": "\xff", "choices": [], "usage": %s}' % said

    async def work(desk: Desk) -> tuple[bytes, Usage | None]:
        return await read(await desk.ask()), desk.spans[0].usage

    assert served(tmp_path, work, lambda: Upstream(body, media_type=JSON)) == (body, read_as)


@pytest.mark.parametrize("body", [b"<html>Welcome to nginx!</html>", b"", b"[]"])
def test_answer_that_is_no_json_object_is_an_error_that_names_the_setting(tmp_path: Path, body: bytes) -> None:
    async def work(desk: Desk) -> tuple[int, bytes, list[str]]:
        reply = await desk.ask()
        return reply.status, await read(reply), [span.error for span in desk.spans]

    status, said, errors = served(tmp_path, work, lambda: Upstream(body, media_type="text/html"))

    assert (status, errors) == (502, ["upstream_error"])
    assert b"base_url" in said


def test_provider_with_reasons_of_its_own_is_understood(tmp_path: Path) -> None:
    end = END.replace(b'"stop"', b'"model_length"')

    async def work(desk: Desk) -> tuple[int, bytes]:
        reply = await desk.ask("task/pass", stream=True)
        return reply.status, await read(reply)

    status, body = served(tmp_path, work, lambda: Upstream(b'data: {"choices": null}\n\n', TEXT, end, DONE))

    assert status == 200
    assert b'"finish_reason":"stop"' in body


@pytest.mark.parametrize("name", ["up/m\r\nset-cookie: a=b", "up/\x00", "up/" + "m" * 200, "up/\u2028"])
def test_name_that_cannot_stand_in_a_header_is_refused(tmp_path: Path, name: str) -> None:
    async def work(desk: Desk) -> list[GatewayReply]:
        return [await desk.ask(name), await desk.ask("task/pass", stream=True, metadata={"lasttenth_model": name})]

    replies = served(tmp_path, work, lambda: Upstream(TEXT))

    assert [reply.status for reply in replies] == [400, 400]
    assert not any(set(value) & set("\r\n\x00") for reply in replies for value in reply.headers.values())


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "up/m", "messages": [], "\xff": 1}',
        b'{"model": "up/m", "messages": [], "metadata": {"lasttenth_unit": "u"}, "\xff": 1}',
        b'{"model": "up/m", "messages": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model": "task/pass", "messages": [{"role": "user", "content": "\xff"}]}',
    ],
)
def test_body_that_cannot_be_read_is_the_callers_error(tmp_path: Path, body: bytes) -> None:
    async def work(desk: Desk) -> tuple[int, list[str]]:
        return (await desk.send(body)).status, [span.error for span in desk.spans]

    assert served(tmp_path, work, lambda: Upstream(WHOLE, media_type=JSON)) == (400, [InvalidRequestError.code])


def test_own_controls_stay_here_and_everything_else_passes_as_it_was(tmp_path: Path) -> None:
    upstreams: list[Upstream] = []

    def upstream() -> Upstream:
        upstreams.append(Upstream(WHOLE, media_type=JSON))
        return upstreams[0]

    async def work(desk: Desk) -> list[str]:
        await desk.send(
            b'{"model":"x","model":"up/m","messages":[],"n":2,"big":1e400,"metadata":{"lasttenth_unit":"u"}}'
        )
        await desk.ask(metadata={"lasttenth_unit": None, "theirs": "stays"}, user="a person")
        return [span.unit for span in desk.spans]

    units = served(tmp_path, work, upstream)

    assert units == ["u", "a person"]
    assert upstreams[0].bodies[0] == b'{"model":"m","messages":[],"n":2,"big":1e400}'
    assert msgspec.json.decode(upstreams[0].bodies[1])["metadata"] == {"theirs": "stays"}


def test_comment_is_no_first_token(tmp_path: Path) -> None:
    async def work(desk: Desk) -> int | None:
        await read(await desk.ask(stream=True))
        return desk.spans[0].first_token

    assert served(tmp_path, work, lambda: Upstream(b": processing\n\n")) is None


def test_program_that_says_nothing_answers_nothing(tmp_path: Path) -> None:
    async def work(desk: Desk) -> bytes:
        return await read(await desk.ask("task/pass", stream=True))

    assert b'"finish_reason":"stop"' in served(tmp_path, work, lambda: Upstream(DONE))
