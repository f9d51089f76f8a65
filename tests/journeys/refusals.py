"""What every refusal has in common, whoever is refused and why."""

import json
import re
import socket
from typing import Any

from lasttenth.testing import HttpAnswer, RunningServer, eventually

CHAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Hello."}]
INTERNALS = re.compile(r"Traceback|File \"|site-packages|/src/lasttenth|\.py\b|0x[0-9a-f]{6}")


def chat(model: str = "scripted/echo", **fields: Any) -> bytes:
    return json.dumps({"model": model, "messages": HELLO, **fields}).encode()


def assert_refused(server: RunningServer, answer: HttpAnswer, *, status: int, code: str) -> None:
    assert_error(answer, status=status, code=code)
    assert_traced(server, answer.headers["x-request-id"], code=code)
    assert_serving(server)


def assert_error(answer: HttpAnswer, *, status: int, code: str) -> None:
    error = answer.json()["error"]
    assert answer.status == status, error
    assert error["code"] in {code, None}
    assert len(error["message"]) > 2
    assert not INTERNALS.search(error["message"]), error["message"]
    assert set(error) <= {"message", "type", "param", "code"}


def assert_traced(server: RunningServer, trace_id: str, *, code: str) -> None:
    def listed() -> list[Any]:
        return [trace for trace in server.get("/api/traces?limit=1000") if trace["trace_id"] == trace_id]

    (trace,) = eventually(listed)
    assert trace["error"] == code


def assert_serving(server: RunningServer) -> None:
    assert server.request("POST", CHAT, body=chat()).status == 200


def error_in_stream(answer: HttpAnswer) -> Any:
    events = [line.removeprefix(b"data: ") for line in answer.body.split(b"\n\n") if line]
    return json.loads(events[-1])["error"]


def errors_of(server: RunningServer, model: str) -> list[str]:
    return [trace["error"] for trace in server.get("/api/traces?limit=1000") if trace["model"] == model]


def head(method: str, path: str, *, length: int = 0, chunked: bool = False) -> bytes:
    framing = "transfer-encoding: chunked" if chunked else f"content-length: {length}"
    return f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n".encode()


def connected(server: RunningServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=20)


def sent_raw(server: RunningServer, start: bytes, body: bytes) -> tuple[int, bytes, dict[str, str]]:
    with connected(server) as client:
        client.sendall(start + body)
        with client.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            lines = iter(lambda: answer.readline().decode("latin-1").strip(), "")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            return status, answer.read(int(headers.get("content-length", "0"))), headers
