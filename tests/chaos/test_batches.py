"""A server is killed with -9 in the middle of a batch: what was answered is not asked again, and the rest is."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.servers import PostgresServer

from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, completion, eventually, running_server

SETTINGS = "storage: '{storage}'\nproviders:\n  up:\n    base_url: {base_url}\n"
LINES = 60
ANSWERED = 30
LEASE_AND_MORE = 60.0


def form(content: bytes) -> bytes:
    parts = {'name="purpose"': b"batch", 'name="file"; filename="a.jsonl"': content}
    body = [
        f"--b\r\ncontent-disposition: form-data; {said}\r\n\r\n".encode() + part + b"\r\n"
        for said, part in parts.items()
    ]
    return b"".join([*body, b"--b--\r\n"])


def line(number: int) -> str:
    body = {"model": f"up/m{number}", "messages": [{"role": "user", "content": "Hello."}]}
    return json.dumps({"custom_id": f"{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})


def begin(server: RunningServer) -> str:
    content = "\n".join(map(line, range(LINES))).encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    file = server.request("POST", "/v1/files", body=form(content), headers=headers).json()["id"]
    wanted = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch: str = server.request("POST", "/v1/batches", body=msgspec.json.encode(wanted)).json()["id"]
    return batch


def answered(server: RunningServer, batch: str) -> Any:
    return server.get(f"/v1/batches/{batch}")["request_counts"]["completed"]


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return where the store is: nowhere for the file in the folder, or a new database."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


def test_batch_goes_on_after_its_server_was_killed(tmp_path: Path, storage: str) -> None:
    with Upstream() as upstream:
        settings = SETTINGS.format(base_url=upstream.base_url, storage=storage)
        gate = upstream.gate()
        for number in range(LINES):
            held = UpstreamAnswer(head=gate, body=completion("Held.").body)
            upstream.script(f"m{number}", completion("Early.") if number < ANSWERED else held)
        with running_server(tmp_path, settings=settings) as server:
            batch = begin(server)
            eventually(lambda: answered(server, batch) == ANSWERED, within=30.0)
            server.stop(signal.SIGKILL)
        gate.open()

        with running_server(tmp_path, settings=settings) as server:
            done = eventually(
                lambda: (found := server.get(f"/v1/batches/{batch}"))["status"] == "completed" and found,
                within=LEASE_AND_MORE,
            )
            content = server.request("GET", f"/v1/files/{done['output_file_id']}/content").body

        asked = [len(upstream.requests(f"m{number}")) for number in range(LINES)]

    assert done["request_counts"] == {"total": LINES, "completed": LINES, "failed": 0}
    assert [msgspec.json.decode(each)["custom_id"] for each in content.splitlines()] == [f"{n}" for n in range(LINES)]
    assert asked[:ANSWERED] == [1] * ANSWERED
    assert set(asked[ANSWERED:]) <= {1, 2}
    assert 2 in asked
