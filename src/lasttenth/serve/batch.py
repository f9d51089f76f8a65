"""The lines of a batch: each is a request of its own, and has an answer of its own. It knows no file and no job."""

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from lasttenth.jobs.retries import LONGEST_PAUSE, pause_after
from lasttenth.jobs.times import SECOND
from lasttenth.models import bodies
from lasttenth.models.port import ModelOperation
from lasttenth.models.protocols import PROTOCOLS, WireProtocol
from lasttenth.records.errors import InvalidRequestError, LasttenthError
from lasttenth.records.ids import Randomness
from lasttenth.serve.calls import GatewayReply, GatewayRequest
from lasttenth.serve.pipeline import Pipeline

ENDPOINTS: Mapping[str, tuple[WireProtocol, ModelOperation]] = {
    f"{protocol.version}{path}": (protocol, operation)
    for protocol in PROTOCOLS.values()
    for operation, path in protocol.paths.items()
    if "{model}" not in path
}
"""What the lines of a batch may ask for: the paths that say all in the body."""
ATTEMPTS = 4
"""How often a line is asked whose failures may pass."""
_MAY_PASS = frozenset({408, 429, 500, 502, 503, 504, 529})


class _Body(msgspec.Struct):
    stream: bool | None = None


class _Line(msgspec.Struct):
    custom_id: str
    url: str
    body: msgspec.Raw
    method: str = "POST"


class BatchLine(NamedTuple):
    """A line of a batch."""

    number: int
    """In its file, counted from 1."""
    custom_id: str | None
    url: str = ""
    body: bytes | msgspec.Raw = b""
    problem: InvalidRequestError | None = None
    """Why it cannot be asked."""


def lines_of(content: bytes) -> list[BatchLine]:
    """Return the lines of a file that are not empty, also those that cannot be asked."""
    found: list[BatchLine] = []
    known: set[str | None] = set()
    for number, text in enumerate(content.split(b"\n"), start=1):
        if not text.strip():
            continue
        line = _line(number, text)
        if line.problem is None and line.custom_id in known:
            problem = InvalidRequestError(
                f"Line {number} has a custom_id that another line has.", parameter="custom_id"
            )
            line = line._replace(problem=problem)
        known.add(line.custom_id)
        found.append(line)
    return found


def _line(number: int, text: bytes) -> BatchLine:
    custom_id = None
    try:
        read = bodies.decode(text, _Line)
        custom_id = read.custom_id
        _check(read)
    except InvalidRequestError as error:
        return BatchLine(number, custom_id, problem=error)
    return BatchLine(number, custom_id, read.url, read.body)


def _check(line: _Line) -> None:
    """Raise InvalidRequestError for a line that cannot be asked."""
    if line.method != "POST" or line.url not in ENDPOINTS:
        raise InvalidRequestError(
            f"A batch cannot ask for {line.method} {line.url}.",
            hint=f"Served are {', '.join(ENDPOINTS)}.",
            parameter="url",
        )
    if bodies.decode(bytes(line.body), _Body).stream:
        raise InvalidRequestError("A line of a batch cannot stream.", hint="Leave stream out.", parameter="stream")


class BatchAnswer(NamedTuple):
    """What became of a line: a line of the output file, or of the error file."""

    is_good: bool
    text: bytes


class BatchAsker:
    """Ask the lines of one batch.

    Args:
        pipeline: answers them.
        randomness: spreads the attempts of those that failed.
        common: what all its requests have in common: project, key, controls.
        batch: its id, which stands in the span of each line.
    """

    def __init__(self, pipeline: Pipeline, randomness: Randomness, *, common: GatewayRequest, batch: str) -> None:
        self._pipeline = pipeline
        self._randomness = randomness
        self._common = common
        self._batch = batch

    async def answer(self, line: BatchLine) -> BatchAnswer:
        """Return what a line is answered; errors are answers too."""
        if line.problem is not None:
            return self.refused(line, line.problem.code, str(line.problem))
        protocol, operation = ENDPOINTS[line.url]
        request = msgspec.structs.replace(
            self._common,
            operation=operation,
            protocol=protocol,
            body=bytes(line.body),
            attributes={"batch": self._batch, "custom_id": line.custom_id},
        )
        reply = await self._asked(request)
        if not isinstance(reply.body, bytes):
            raise TypeError("A line was answered with a stream, which none asks for.")
        body, trace_id = msgspec.Raw(reply.body), reply.headers["x-request-id"]
        response = {"status_code": reply.status, "request_id": trace_id, "body": body}
        return BatchAnswer(reply.status < 400, self._text(line, response, None))

    def refused(self, line: BatchLine, code: str, message: str) -> BatchAnswer:
        """Return the answer to a line that nobody is asked."""
        return BatchAnswer(is_good=False, text=self._text(line, None, {"code": code, "message": message}))

    async def _asked(self, request: GatewayRequest) -> GatewayReply:
        """Return the reply to a request, or the last one where each fails in a way that may pass."""
        reply = await self._pipeline.serve(request)
        for attempt in range(1, ATTEMPTS):
            if reply.status not in _MAY_PASS:
                break
            failure = LasttenthError("", retry_after=_seconds(reply.headers.get("retry-after", "")))
            await asyncio.sleep(min(pause_after(attempt, failure, self._randomness), LONGEST_PAUSE) / SECOND)
            reply = await self._pipeline.serve(request)
        return reply

    def _text(self, line: BatchLine, response: object, error: object) -> bytes:
        said = {"id": f"{self._batch}_{line.number}", "custom_id": line.custom_id, "response": response, "error": error}
        return msgspec.json.encode(said) + b"\n"


def _seconds(retry_after: str) -> float | None:
    """Return how many seconds somebody wants to be left alone, None where it says nothing, or a date."""
    return float(retry_after) if re.fullmatch(r"\d{1,9}(\.\d+)?", retry_after, re.ASCII) else None
