"""Every fault in every protocol, whole and as a stream, straight and on a route, asked of a gateway at one time."""

import asyncio
import itertools
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from tests.chaos.fault_wall.caller import Heard, Patience, Question, ask
from tests.chaos.fault_wall.dialects import ANTHROPIC, DIALECTS, FIRST, OPENAI, Dialect
from tests.chaos.fault_wall.double import CELL, STREAM, Say, Stage, dialect_of
from tests.chaos.fault_wall.outcomes import PASSES, Fault, Outcome
from tests.upstreams import Peer, RawServer, make_authority

from lasttenth.models.port import ProtocolName

AT_ONE_TIME = 64
"""Questions that are asked at one time."""
HEALTHY = Fault("is well", None, None)
"""The second deployment of every route."""
Way = Literal["model", "route", "translated"]
"""What is asked: a model of the upstream with the fault, a route whose first deployment it is, or the model in another
protocol."""
CALLERS: Mapping[ProtocolName, Dialect] = {"openai": ANTHROPIC, "anthropic": OPENAI, "gemini": OPENAI}
"""In which protocol a caller asks an upstream of another."""


class Cell(NamedTuple):
    """One question of the wall."""

    number: int
    fault: Fault
    dialect: Dialect
    stream: bool
    way: Way

    @property
    def caller(self) -> Dialect:
        """Return what the caller speaks."""
        return CALLERS[self.dialect.name] if self.way == "translated" else self.dialect

    @property
    def outcome(self) -> Outcome:
        """Return what becomes of it: a route has another deployment answer, or passes its fault on."""
        outcome = self.fault.expected(self.dialect.name, stream=self.stream)
        if self.way == "translated":
            outcome = self.fault.translated or outcome
        if outcome is None:
            raise ValueError(f"There is no such cell of {self.fault.name}.")
        return PASSES._replace(elsewhere=outcome.elsewhere) if self.way == "route" and outcome.elsewhere else outcome

    @property
    def name(self) -> str:
        """Return what it is called in a report."""
        return f"{slug(self.fault)}-{self.dialect.name}-{'stream' if self.stream else 'whole'}-{self.way}"

    @property
    def mark(self) -> bytes:
        """Return what its request says, so that the upstream knows it."""
        return f"cell-{self.number}".encode()

    @property
    def trace(self) -> str:
        """Return the trace id under which it is asked."""
        return f"{self.number + 1:032x}"

    @property
    def route(self) -> str:
        """Return the route that it asks: no two cells have one, since a route remembers."""
        return f"route-{self.number}"

    @property
    def provider(self) -> str:
        """Return the provider that has the fault. The protocol stands in it, which gives its models their price."""
        return provider(slug(self.fault), self.dialect)


class Wall(NamedTuple):
    """The upstreams, one for each fault."""

    urls: Mapping[str, str]
    """Where each is, without a path, by its slug."""
    stages: Mapping[str, Stage]
    root: Path
    """The certificate of the authority that a caller of them is to know."""


def slug(fault: Fault) -> str:
    """Return the name of a fault as it may stand in names."""
    return re.sub(r"\W+", "-", fault.name.lower())


def provider(fault: str, dialect: Dialect) -> str:
    """Return the name of the provider with a fault, given by its slug, that speaks a protocol."""
    return f"{dialect.name}-{fault}"


def cells_of(faults: Sequence[Fault]) -> list[Cell]:
    """Return every cell of some faults."""
    numbers = itertools.count()
    return [
        Cell(next(numbers), fault, dialect, stream, way)
        for fault in faults
        for way in get_args(Way)
        for dialect in DIALECTS
        for stream in (False, True)
        if fault.expected(dialect.name, stream=stream) is not None
        # What this fault sends is long, the same in each protocol, and left out by a translation.
        and (fault.client != "reads late" or (dialect is OPENAI and way != "translated"))
    ]


@asynccontextmanager
async def standing(faults: Sequence[Fault], folder: Path) -> AsyncIterator[Wall]:
    """Open an upstream for each fault, and one that is well.

    Args:
        faults: what they do.
        folder: for their certificates.
    """
    known, unknown = (make_authority(Path(tempfile.mkdtemp(dir=folder))) for _ in range(2))
    shown = {"tls": known.tls, "tls of another": known.elsewhere, "tls of nobody": unknown.tls}
    urls, stages = {}, {}
    async with AsyncExitStack() as stack:
        for fault in (HEALTHY, *faults):
            stage = stages[slug(fault)] = Stage()
            server = RawServer(partial(_serve, fault, stage), shown.get(fault.place))
            await stack.enter_async_context(server)
            scheme = "http" if fault.place in {"plain", "closed", "nowhere"} else "https"
            host = "no-such-host.invalid" if fault.place == "nowhere" else "127.0.0.1"
            port = 9 if fault.place == "closed" else server.port
            urls[slug(fault)] = f"{scheme}://{host}:{port}"
        yield Wall(urls, stages, known.root)


async def asked(
    cells: Sequence[Cell], wall: Wall, question: Callable[[Cell], Question], *, at_one_time: int = AT_ONE_TIME
) -> dict[str, list[Heard]]:
    """Ask every cell, and return what came back of each, by name."""
    room = asyncio.Semaphore(at_one_time)

    async def one(cell: Cell) -> list[Heard]:
        async with room:
            patience = _patience(cell, wall.stages[slug(cell.fault)])
            return [await ask(question(cell), patience) for _ in range(cell.fault.times)]

    heard = await asyncio.gather(*map(one, cells))
    return {cell.name: each for cell, each in zip(cells, heard, strict=True)}


def _patience(cell: Cell, stage: Stage) -> Patience:
    match cell.fault.client:
        case "leaves early":
            return Patience(leave_when=lambda: cell.mark in stage.asked)
        case "leaves midway":
            return Patience(leave_at=FIRST.encode())
        case "reads late":
            return Patience(read_when=_Standstill(stage, cell.mark).has_come)
    return Patience()


class _Standstill:
    """Whether an upstream can send no more, since nobody reads: what has left is the same for a while."""

    def __init__(self, stage: Stage, mark: bytes) -> None:
        self._stage = stage
        self._mark = mark
        self._seen: list[int] = []

    def has_come(self) -> bool:
        """Take note of what was sent so far, and tell whether it stands still."""
        self._seen.append(self._stage.sent.get(self._mark, 0))
        stands = self._seen[-1] > 0 and len(self._seen) > 25 and len(set(self._seen[-25:])) == 1
        if stands:
            self._stage.held[self._mark] = self._seen[-1]
        return stands


async def _serve(fault: Fault, stage: Stage, peer: Peer) -> None:
    if fault.greets and not await stage.perform(peer, fault.greets):
        return
    for number in itertools.count():
        first, body = await _request(peer, whole=fault.reads)
        found = CELL.search(body)
        mark = found[0] if found else b""
        stage.asked.add(mark)
        is_stream = STREAM.search(first.encode() + body) is not None
        say = Say(dialect_of(first), stream=is_stream, is_kept=number > 0)
        if not await stage.perform(peer, fault.says(say), mark):
            return


async def _request(peer: Peer, *, whole: bool) -> tuple[str, bytes]:
    """Return the first line of the next request, and its body where it is read."""
    if not whole:
        return (await peer.reader.readuntil(b"\r\n\r\n")).decode("latin-1").partition("\r\n")[0], b""
    first, _, body = await peer.request()
    return first, body
