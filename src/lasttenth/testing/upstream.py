"""A provider of models on loopback that answers as a test scripts it, and remembers what it was asked.

It is a real HTTP server, in a thread with an event loop of its own, so that it serves tests with and without one.
"""

import asyncio
import contextlib
import re
import threading
from collections import deque
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import msgspec

from lasttenth.testing.answers import Gate, UpstreamAnswer, failure

MAX_HEAD = 64 * 2**10
_IN_PATH = re.compile(r"/models/([^:?]+):\w+(?:\?|$)")
_LAST_CHUNK = b"0\r\n\r\n"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class ReceivedRequest(msgspec.Struct, kw_only=True):
    """A request as the upstream got it; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    model: str = ""
    abandoned: bool = False
    """True once the client left before the answer was complete."""


class _Body(msgspec.Struct):
    model: str = ""


class Upstream:
    """Serve scripted answers, by the model that a request names, until it is closed.

    Example:
        >>> from lasttenth.testing import completion
        >>> with Upstream() as upstream:
        ...     upstream.script("small", completion("Hello."))
        ...     upstream.base_url.endswith("/v1")
        True
    """

    def __init__(self) -> None:
        self.base_url = ""
        self._received: list[ReceivedRequest] = []
        self._scripts: dict[str, deque[UpstreamAnswer]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lasttenth-upstream", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def script(self, model: str, *answers: UpstreamAnswer) -> None:
        """Say what a model answers: one answer a request, the last one for all that follow."""
        self._scripts[model] = deque(answers)

    def gate(self) -> Gate:
        """Return a gate for an answer's body or head."""
        return Gate(self._loop)

    def requests(self, model: str) -> list[ReceivedRequest]:
        """Return what was asked of a model, in order."""
        return [request for request in self._received if request.model == model]

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=MAX_HEAD)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                self._received.append(request)
                if not await self._answered(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    async def _answered(
        self, request: ReceivedRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send an answer, unless the client leaves first, and tell whether the connection may serve another request."""
        answer = self._answer_to(request)
        sending = asyncio.ensure_future(_send(answer, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            request.abandoned = not sending.done() or sending.exception() is not None
            return not request.abandoned and answer.ending == "end" and not leaving.done()
        finally:
            for task in (sending, leaving):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(sending, leaving, return_exceptions=True)

    def _answer_to(self, request: ReceivedRequest) -> UpstreamAnswer:
        if request.path.partition("?")[0].endswith("/models"):
            listed = {
                "object": "list",
                "data": [{"id": name, "object": "model"} for name in self._scripts],
                "models": [{"name": f"models/{name}"} for name in self._scripts],
            }
            return UpstreamAnswer(body=(msgspec.json.encode(listed),))
        answers = self._scripts.get(request.model)
        if not answers:
            return failure(404, f"The upstream has no script for {request.model}.")
        answer = answers[0] if len(answers) == 1 else answers.popleft()
        if answer.identity_only and request.headers.get("accept-encoding", "*") != "identity":
            return failure(406, "The upstream compresses nothing.")
        return answer


async def _read(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ReceivedRequest(method=method, path=path, headers=headers, body=body, model=_model_in(path, body))


def _model_in(path: str, body: bytes) -> str:
    """Return the model that a request names: in its path, as in Gemini's protocol, or in its body."""
    named = _IN_PATH.search(path)
    if named is not None:
        return unquote(named[1])
    try:
        return msgspec.json.decode(body, type=_Body).model
    except msgspec.DecodeError:
        return ""


async def _send(answer: UpstreamAnswer, writer: asyncio.StreamWriter) -> None:
    if answer.head is not None:
        await answer.head.passed()
    headers = {"content-type": answer.media_type, "transfer-encoding": "chunked", **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in answer.body:
        if isinstance(piece, Gate):
            await piece.passed()
        elif piece:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
    if answer.ending == "stall":
        await asyncio.Event().wait()
    elif answer.ending == "end":
        writer.write(_LAST_CHUNK)
    else:
        await writer.drain()
        writer.close()
