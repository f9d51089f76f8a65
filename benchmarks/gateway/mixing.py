"""A mixture of what a gateway meets: plain requests, streams, upstreams that fail or break off, clients that go away.

Requests come at a rate, whether those before them are done or not.
"""

import asyncio
import itertools
import re
from collections import Counter, deque
from typing import Literal, NamedTuple, get_args

from benchmarks.gateway.bodies import Body, corpus, plain
from benchmarks.gateway.gateways import Running
from benchmarks.gateway.upstream import MODEL, PATH

Kind = Literal["plain", "stream", "failing", "cut", "leaving"]

MODELS: dict[Kind, str] = {
    "plain": MODEL,
    "stream": "paced-20-10",
    "failing": "fail-500",
    "cut": "cut-5-10",
    "leaving": "paced-50-20",
}
SHARES: dict[Kind, int] = {"plain": 80, "stream": 12, "failing": 3, "cut": 2, "leaving": 3}
"""Of a hundred requests."""
MOST_AT_ONCE = 400
_TICK = 0.01
_PATIENCE = 60.0
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


class Answer(NamedTuple):
    """How one request ended: status 0 stands for none."""

    status: int
    body: bytes
    is_whole: bool


def is_as_expected(kind: Kind, answer: Answer) -> bool:
    """Tell whether a request ended as its kind must."""
    match kind:
        case "plain":
            return answer.status == 200 and answer.is_whole and b'"choices"' in answer.body
        case "stream":
            return answer.status == 200 and answer.is_whole and b"[DONE]" in answer.body
        case "failing":
            return answer.status >= 500 and answer.is_whole and b'"error"' in answer.body
        case "cut":
            return answer.status == 200 and b"[DONE]" not in answer.body and b'"error"' in answer.body
        case "leaving":
            return answer.status == 200 and not answer.is_whole


class Mixture:
    """Ask a gateway for all kinds at once, `rate` times a second; the rate may be changed at any time."""

    def __init__(self, running: Running, *, rate: float) -> None:
        self.rate = rate
        self.ended: Counter[str] = Counter()
        """How many requests of each kind ended as expected, and under `unexpected` how many did not."""
        self.held_back = 0
        """Requests that were not sent, because too many were under way."""
        self.strange: list[tuple[Kind, Answer]] = []
        self._running = running
        self._bodies: dict[Kind, Body] = {
            kind: plain(running.provider + model, stream=kind in ("stream", "cut", "leaving"))
            for kind, model in MODELS.items()
        }
        self._kinds = itertools.cycle(_spread(SHARES))
        self._numbers = itertools.count()
        self._idle: deque[_Exchange] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def total(self) -> int:
        """Return how many requests have ended."""
        return self.ended.total()

    async def run(self, until: asyncio.Event) -> None:
        """Ask until it is enough, then wait for what is under way."""
        loop = asyncio.get_running_loop()
        due, began = 0.0, loop.time()
        while not until.is_set():
            await asyncio.sleep(_TICK)
            now = loop.time()
            due += (now - began) * self.rate
            began = now
            for _ in range(int(due)):
                self._ask()
            due -= int(due)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_PATIENCE)
        for exchange in self._idle:
            exchange.close()

    def _ask(self) -> None:
        if len(self._under_way) >= MOST_AT_ONCE:
            self.held_back += 1
            return
        task = asyncio.get_running_loop().create_task(self._one(next(self._kinds), next(self._numbers)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _one(self, kind: Kind, number: int) -> None:
        exchange = await self._connection()
        answer = await exchange.ask(self._request(kind, number), leave=kind == "leaving")
        if is_as_expected(kind, answer):
            self.ended[kind] += 1
        else:
            self.ended["unexpected"] += 1
            self.strange = [*self.strange, (kind, answer)][-5:]
        if not exchange.is_closed:
            self._idle.append(exchange)

    async def _connection(self) -> "_Exchange":
        while self._idle:
            exchange = self._idle.pop()
            if not exchange.is_closed:
                return exchange
        loop = asyncio.get_running_loop()
        _, exchange = await loop.create_connection(_Exchange, "127.0.0.1", self._running.port)
        return exchange

    def _request(self, kind: Kind, number: int) -> bytes:
        body = self._bodies[kind].text(number, corpus()).encode()
        lines = [f"POST {PATH} HTTP/1.1", f"Host: 127.0.0.1:{self._running.port}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in self._running.headers.items()]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _spread(shares: dict[Kind, int]) -> list[Kind]:
    """Return a hundred kinds, each evenly among the others."""
    places = [((number + 0.5) / shares[kind], kind) for kind in get_args(Kind) for number in range(shares[kind])]
    return [kind for _, kind in sorted(places)]


class _Exchange(asyncio.Protocol):
    """A connection that asks and waits for the whole answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._leave = False
        self._ended: asyncio.Future[Answer] | None = None
        self.is_closed = False

    async def ask(self, data: bytes, *, leave: bool) -> Answer:
        """Send a request; go away in the middle of its answer where that is asked for."""
        assert self._transport is not None
        self._buffer.clear()
        self._leave = leave
        self._ended = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        return await self._ended

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports have no such base

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is complete."""
        self._buffer += data
        head, separator, body = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return
        if self._leave and b"@" in body and self._transport is not None:
            self._transport.abort()
            self._end(is_whole=False)
            return
        announced = _LENGTH.search(head)
        if len(body) >= int(announced[1]) if announced else body.endswith(b"0\r\n\r\n"):
            self._end(is_whole=True)

    def connection_lost(self, error: Exception | None) -> None:
        """End with what there is."""
        del error
        self.is_closed = True
        self._end(is_whole=False)

    def _end(self, *, is_whole: bool) -> None:
        if self._ended is not None and not self._ended.done():
            head, _, body = bytes(self._buffer).partition(b"\r\n\r\n")
            status = int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0
            self._ended.set_result(Answer(status, body, is_whole))
