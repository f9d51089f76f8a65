"""The wall of faults: whatever an upstream, the network or the caller does, the outcome is the documented one."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.chaos.fault_wall.caller import Heard, until
from tests.chaos.fault_wall.cells import Cell, Wall, asked, cells_of, slug, standing
from tests.chaos.fault_wall.dialects import FIRST, INPUT, OUTPUT, has_content
from tests.chaos.fault_wall.faults import DATE, LONG, WALL
from tests.chaos.fault_wall.ours import question, settings
from tests.chaos.fault_wall.outcomes import GONE

from lasttenth.models.protocols import PROTOCOLS
from lasttenth.testing import RunningServer, eventually, running_server

CELLS = cells_of(WALL)
BY_FAULT = {slug(fault): [cell for cell in CELLS if cell.fault is fault] for fault in WALL}
SETTLED_SECONDS = 10.0
"""Within which upstreams are let go of, once all callers have their answers."""


class Found(NamedTuple):
    """What was found of the whole wall."""

    heard: dict[str, list[Heard]]
    traces: dict[str, Any]
    busy: dict[str, int]
    """Connections that upstreams still hold, by fault, after all is over."""
    held: dict[str, int]
    waiting: float
    """Calls that the deployments of routes are said to wait for."""
    log: str


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return asyncio.run(_found(tmp_path_factory.mktemp("wall")))


async def _found(folder: Path) -> Found:
    async with standing(WALL, folder) as wall:
        starting = running_server(
            folder / "server", settings=settings(CELLS, wall), environment={"SSL_CERT_FILE": str(wall.root)}
        )
        server = await asyncio.to_thread(starting.__enter__)
        try:
            heard = await asked(CELLS, wall, lambda cell: question(cell, server.port))
            busy = await _left(wall)
            traces = await asyncio.to_thread(_traces, server)
            waiting = await asyncio.to_thread(_waiting, server)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)
    held = {slug: max(stage.held.values()) for slug, stage in wall.stages.items() if stage.held}
    return Found(heard, traces, busy, held, waiting, server.log)


async def _left(wall: Wall) -> dict[str, int]:
    """Return the connections that are not let go of in time."""
    try:
        async with asyncio.timeout(SETTLED_SECONDS):
            await until(lambda: not any(stage.busy for stage in wall.stages.values()))
    except TimeoutError:
        pass
    return {slug: stage.busy for slug, stage in wall.stages.items() if stage.busy}


def _traces(server: RunningServer) -> dict[str, Any]:
    return {cell.name: eventually(lambda cell=cell: _root(server, cell)) for cell in CELLS}  # type: ignore[misc]


def _root(server: RunningServer, cell: Cell) -> Any:
    answer = server.request("GET", f"/api/traces/{cell.trace}")
    return msgspec.json.decode(answer.body)[0] if answer.status == 200 else None


def _waiting(server: RunningServer) -> float:
    text = server.request("GET", "/metrics").body.decode()
    name = "lasttenth_deployment_waiting_calls"
    return sum(s.value for family in text_string_to_metric_families(text) for s in family.samples if s.name == name)


def reported_of(cell: Cell, heard: bytes) -> tuple[int, int] | None:
    """Return the usage that was reported, in an answer or in as much of it as came."""
    if not cell.outcome.is_counted:
        return None
    if not cell.outcome.code or cell.outcome.is_spent or has_content(heard):
        return INPUT, OUTPUT
    return cell.dialect.begun if FIRST.encode() in heard else None


def error_of(cell: Cell, heard: Heard) -> bytes:
    """Return the error that a reply is, or ends with, which has the shape of the caller's protocol."""
    last = heard.body
    if heard.status == 200:
        *_, event, end = heard.body.split(b"\n\n")
        assert end == b""
        last = event.removeprefix(b"event: error\n").removeprefix(b"data: ")
    assert PROTOCOLS[cell.caller.name].is_error(last), last
    return last


@pytest.mark.parametrize("fault", BY_FAULT)
def test_caller_gets_what_is_documented(found: Found, fault: str) -> None:
    for cell in BY_FAULT[fault]:
        for heard in found.heard[cell.name]:
            _check_heard(cell, heard)


def _check_heard(cell: Cell, heard: Heard) -> None:
    outcome = cell.outcome
    if outcome == GONE:
        assert heard.ending == "left", cell.name
        return
    assert (heard.status, heard.ending) == (outcome.status, "whole"), (cell.name, heard)
    if outcome.code:
        error = error_of(cell, heard)
        assert f'"{outcome.code}"'.encode() in error or b"The wall." in error, cell.name
    else:
        assert has_content(heard.body) == outcome.has_content, (cell.name, heard)


@pytest.mark.parametrize("fault", [name for name in BY_FAULT if "retry-after" in name])
def test_caller_hears_when_to_come_back(found: Found, fault: str) -> None:
    when = DATE if "date" in fault else "7"

    for cell in BY_FAULT[fault]:
        (heard,) = found.heard[cell.name]
        assert heard.headers.get("retry-after") == (None if cell.way == "route" else when), cell.name


@pytest.mark.parametrize("fault", BY_FAULT)
def test_trace_says_what_is_documented(found: Found, fault: str) -> None:
    for cell in BY_FAULT[fault]:
        outcome, trace = cell.outcome, found.traces[cell.name]
        in_vain = [each["failure"] for each in trace["attributes"].get("in_vain", [])]
        assert (trace["error"] or "") == outcome.code, cell.name
        assert in_vain == ([outcome.elsewhere] if cell.way == "route" and outcome.elsewhere else []), cell.name


@pytest.mark.parametrize("fault", BY_FAULT)
def test_trace_counts_what_was_reported_until_then(found: Found, fault: str) -> None:
    for cell in BY_FAULT[fault]:
        heard, trace = found.heard[cell.name][-1].body, found.traces[cell.name]
        usage = trace["usage"] and (trace["usage"].get("input_tokens", 0), trace["usage"].get("output_tokens", 0))
        assert usage == reported_of(cell, heard), cell.name
        assert (trace["cost"] is None) == (usage is None), cell.name


def test_stream_that_nobody_reads_waits_upstream(found: Found) -> None:
    (held,) = found.held.values()

    assert 0 < held < LONG / 2


def test_nothing_is_left_open(found: Found) -> None:
    assert found.busy == {}
    assert found.waiting == 0


def test_no_defect_is_logged(found: Found) -> None:
    assert "Traceback" not in found.log
