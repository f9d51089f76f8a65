"""Several workers on a PostgreSQL database: each writes by itself, and all outlive a restart of the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.crews import ENOUGH, WITHIN, crew, end, restarted, workers
from tests.journeys.test_installation import ask, traces
from tests.servers import PostgresServer, start_postgres

from lasttenth.testing import RunningServer, eventually, running_server

TWO = ("--workers", "2")


@pytest.fixture(scope="module")
def own() -> Iterator[PostgresServer]:
    """Return a PostgreSQL server that a test may stop without disturbing the others."""
    with start_postgres() as server:
        yield server


def test_workers_on_one_database_write_by_themselves_and_one_that_is_killed_is_replaced(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.database() as address, running_server(tmp_path, settings=f"storage: {address}", arguments=TWO) as up:
        asked = {ask(up) for _ in range(ENOUGH)}
        listed = eventually(lambda: asked <= traces(up), within=WITHIN)
        end(workers(up)[0])
        restarted(up, 1)
        again = ask(up)
        listed_again = eventually(lambda: again in traces(up), within=WITHIN)
        status = up.get("/api/status")
        code = up.stop()

    assert listed
    assert listed_again
    assert status["writer"] is None
    assert code == 0
    assert not list(tmp_path.rglob("*.db"))
    assert not list(tmp_path.glob("writer.*"))


def test_database_that_is_restarted_delays_traces_and_loses_none(own: PostgresServer, tmp_path: Path) -> None:
    with own.database() as address, running_server(tmp_path, settings=f"storage: {address}", arguments=TWO) as up:
        before = {ask(up) for _ in range(ENOUGH)}
        eventually(lambda: before <= traces(up), within=WITHIN)
        with own.stopped():
            during = {ask(up) for _ in range(ENOUGH)}
            refused = up.request("GET", "/api/traces")
            reported = eventually(lambda: "spans wait" in up.log, within=WITHIN)
        after = {ask(up) for _ in range(ENOUGH)}
        listed = eventually(lambda: has(up, before | during | after), within=WITHIN)
        dropped = up.get("/api/status")["recording"]["dropped"]
        found = crew(up)

    assert refused.status == 503
    assert refused.json()["error"]["code"] == "storage_unavailable"
    assert reported
    assert listed
    assert dropped == 0
    assert found == {"wanted": 2, "running": 2, "restarts": 0}


def has(server: RunningServer, wanted: set[str]) -> bool:
    """Tell whether all traces are listed; a database that has just come back may still refuse."""
    answer = server.request("GET", "/api/traces?limit=1000")
    return answer.status == 200 and wanted <= {trace["trace_id"] for trace in answer.json()}
