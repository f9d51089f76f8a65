"""Whatever comes in is answered in the protocol's own shape, says what to do, is traced, and leaves the server serving.

What reaches no operation, an unknown path or a wrong method, is answered and not traced.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.commands import made_key
from tests.journeys.refusals import (
    CHAT,
    assert_error,
    assert_refused,
    assert_serving,
    assert_traced,
    chat,
    head,
    sent_raw,
)

from lasttenth.testing import (
    RunningServer,
    Upstream,
    completion,
    running_server,
)

MEGABYTE = 2**20
DEEP = b"[" * 100_000 + b"]" * 100_000


def raw(model: bytes = b'"scripted/echo"', messages: bytes = b'[{"role":"user","content":"x"}]') -> bytes:
    return b'{"model":' + model + b',"messages":' + messages + b"}"


UNREADABLE = {
    "broken JSON": b'{"model": "scripted/echo", "messages": [',
    "nothing at all": b"",
    "no UTF-8": raw(model=b'"\xff\xfe"'),
    "UTF-16": chat().decode().encode("utf-16"),
    "a list": b"[1, 2, 3]",
    "null": b"null",
    "a number": b"42",
    "no model": b'{"messages": []}',
    "no messages": b'{"model": "scripted/echo"}',
    "model is a number": raw(model=b"42"),
    "model is null": raw(model=b"null"),
    "model is empty": raw(model=b'" "'),
    "model is half a surrogate pair": raw(model=b'"\\ud800"'),
    "messages are a text": raw(messages=b'"Hello."'),
    "messages are null": raw(messages=b"null"),
    "messages are an object": raw(messages=b"{}"),
    "messages are numbers": raw(messages=b"[1]"),
    "messages are empty": chat("builtin/extractive", messages=[]),
    "messages of a task are empty": chat("task/answer", messages=[]),
    "messages of a task end with an answer": chat("task/answer", messages=[{"role": "assistant", "content": "x"}]),
    "content is a number": chat(messages=[{"role": "user", "content": 5}]),
    "content is an object": chat(messages=[{"role": "user", "content": {"text": "x"}}]),
    "content is parts of the wrong type": chat(messages=[{"role": "user", "content": ["x"]}]),
    "content is an image, for a model of texts": chat(
        messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    ),
    "content is an image, for a task": chat(
        "task/answer", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    ),
    "stream is a text": chat(stream="yes"),
    "stream is a number": chat(stream=1),
    "stream_options are a text": chat(stream=True, stream_options="usage"),
    "metadata are a list": chat(metadata=[1]),
    "metadata are a text": chat(metadata="x"),
    "user is a number": chat(user=7),
    "safety_identifier is a list": chat(safety_identifier=["x"]),
    "nested 100,000 deep in a known field": raw(messages=DEEP),
    "nested 100,000 deep in an unknown field": raw()[:-1] + b',"x":' + DEEP + b"}",
    "a number beyond all numbers, for a task": chat("task/answer")[:-1] + b',"temperature":1e999}',
    "a number of 5,000 digits, for a task": chat("task/answer")[:-1] + b',"seed":' + b"9" * 5000 + b"}",
}


@pytest.fixture(scope="module", autouse=True)
def _policy(server: RunningServer) -> None:
    documents = [{"name": "policy.md", "text": "Lamps can be returned within 30 days of delivery."}]
    body = json.dumps({"documents": documents}).encode()
    assert server.request("POST", "/api/indexes/default/documents", body=body).status == 200


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_body_that_cannot_be_understood_is_a_bad_request(server: RunningServer, body: bytes) -> None:
    answer = server.request("POST", CHAT, body=body)

    assert_refused(server, answer, status=400, code="invalid_request")


UNKNOWN = {
    "nope/model": "model_not_found",
    "gpt-5-mini": "model_not_found",
    "/": "model_not_found",
    "scripted/": "model_not_found",
    "scripted/nope": "model_not_found",
    "builtin/nope": "model_not_found",
    "task/": "task_not_found",
    "task/nope": "task_not_found",
    "task/answer@nope": "task_not_found",
}


@pytest.mark.parametrize(("model", "code"), UNKNOWN.items(), ids=[name[:20] for name in UNKNOWN])
def test_unknown_name_is_not_found(server: RunningServer, model: str, code: str) -> None:
    answer = server.request("POST", CHAT, body=chat(model))

    assert_refused(server, answer, status=404, code=code)


@pytest.mark.parametrize("model", ["\u0000/\u202e", "x" * 5000, "a/b\nc"], ids=["control", "long", "line break"])
def test_name_that_cannot_be_one_is_a_bad_request(server: RunningServer, model: str) -> None:
    answer = server.request("POST", CHAT, body=chat(model))

    assert_refused(server, answer, status=400, code="invalid_request")


def test_task_without_its_index_is_not_found(server: RunningServer) -> None:
    body = chat("task/answer", metadata={"lasttenth_index": "nowhere"})

    answer = server.request("POST", CHAT, body=body)

    assert_refused(server, answer, status=404, code="index_not_found")


EMBEDDINGS = {
    "no input": (b'{"model":"builtin/minilm"}', 400, "invalid_request"),
    "unknown embedder": (b'{"model":"builtin/nope","input":"x"}', 404, "model_not_found"),
    "a task": (b'{"model":"task/answer","input":"x"}', 404, "model_not_found"),
    "a model that only chats": (b'{"model":"scripted/echo","input":"x"}', 400, "invalid_request"),
    "input nested too deep": (b'{"model":"scripted/echo","input":' + DEEP + b"}", 400, "invalid_request"),
}


@pytest.mark.parametrize(("body", "status", "code"), EMBEDDINGS.values(), ids=EMBEDDINGS.keys())
def test_bad_embeddings_request_is_refused(server: RunningServer, body: bytes, status: int, code: str) -> None:
    answer = server.request("POST", "/v1/embeddings", body=body)

    assert_refused(server, answer, status=status, code=code)


def test_huge_numbers_pass_to_a_provider_untouched(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("huge", completion("Yes."))
    body = chat("up/huge")[:-1] + b',"seed":1e999,"n":' + b"9" * 5000 + b"}"

    answer = server.request("POST", CHAT, body=body)

    assert answer.status == 200
    assert b"9" * 5000 in upstream.requests("huge")[0].body


def test_body_of_50_megabytes_is_too_large(server: RunningServer) -> None:
    body = chat(padding="x" * 50 * MEGABYTE)

    status, content, headers = sent_raw(server, head("POST", CHAT, length=len(body)), body)

    assert status == 413
    assert json.loads(content)["error"]["code"] == "payload_too_large"
    assert_traced(server, headers["x-request-id"], code="payload_too_large")
    assert_serving(server)


def test_chunked_body_of_50_megabytes_is_too_large(server: RunningServer) -> None:
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, b" " * MEGABYTE)

    status, content, headers = sent_raw(server, head("POST", CHAT, chunked=True), chunk * 50 + b"0\r\n\r\n")

    assert status == 413
    assert json.loads(content)["error"]["code"] == "payload_too_large"
    assert_traced(server, headers["x-request-id"], code="payload_too_large")
    assert_serving(server)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
def test_wrong_method_is_not_allowed(server: RunningServer, method: str, path: str) -> None:
    answer = server.request(method, path)

    assert_error(answer, status=405, code="method_not_allowed")


@pytest.mark.parametrize("path", ["/nothing", "/v2/chat/completions", "/%00", "/..%2f..%2fetc/passwd", "/console/../x"])
def test_unknown_path_is_not_found(server: RunningServer, path: str) -> None:
    answer = server.request("POST", path, body=chat())

    assert_error(answer, status=404, code="not_found")


API = {
    "unknown field": ("GET", "/api/traces?nope=1", b"", 400, "invalid_request"),
    "limit is no number": ("GET", "/api/traces?limit=x", b"", 400, "invalid_request"),
    "body is broken": ("POST", "/api/ask", b"{", 400, "invalid_request"),
    "body is a list": ("POST", "/api/ask", b"[]", 400, "invalid_request"),
    "question is a number": ("POST", "/api/ask", b'{"question": 5}', 400, "invalid_request"),
    "body is nested too deep": ("POST", "/api/ask", b'{"question": ' + DEEP + b"}", 400, "invalid_request"),
    "unknown trace": ("GET", "/api/traces/nope", b"", 404, "not_found"),
    "unknown index": ("GET", "/api/indexes/nope/search?question=x", b"", 404, "index_not_found"),
    "unknown kind of document": (
        "POST",
        "/api/indexes/x/documents",
        b'{"documents":[{"name":"a.exe","text":"x"}]}',
        422,
        "unreadable_document",
    ),
    "body is too large": ("POST", "/api/ask", b" " * 5 * MEGABYTE, 413, "payload_too_large"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), API.values(), ids=API.keys())
def test_bad_operation_is_refused(
    server: RunningServer, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = server.request(method, path, body=body or None)

    assert_error(answer, status=status, code=code)
    assert_serving(server)


@pytest.mark.parametrize("bound", ["99999999999999999999999", "-99999999999999999999999"])
def test_time_beyond_all_times_bounds_nothing(server: RunningServer, bound: str) -> None:
    answer = server.request("GET", f"/api/traces?before={bound}&after={bound}")

    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "", "[::2]"]
)
def test_page_that_points_its_own_host_name_here_is_refused(server: RunningServer, host: str) -> None:
    answer = server.request("POST", CHAT, body=chat(), headers={"host": host})

    assert_refused(server, answer, status=403, code="permission_denied")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example:8077"])
def test_page_of_another_host_that_sends_its_form_here_is_refused(server: RunningServer, origin: str) -> None:
    answer = server.request("POST", CHAT, body=chat(), headers={"origin": origin, "content-type": "text/plain"})

    assert_refused(server, answer, status=403, code="permission_denied")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8077", "http://[::1]:80"])
def test_page_of_this_machine_is_answered(server: RunningServer, origin: str) -> None:
    answer = server.request("POST", CHAT, body=chat(), headers={"origin": origin})

    assert answer.status == 200


BAD_KEYS = ["lt-", "lt-short", f"lt-{'a' * 16}-{'b' * 52}", f"lt-{'a' * 16}-{'b' * 52}x", "lt-\xe9", "lt-" + "x" * 5000]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_key_is_refused(server: RunningServer, key: str) -> None:
    answer = server.request("POST", CHAT, body=chat(), headers={"authorization": f"Bearer {key}"})

    assert_refused(server, answer, status=401, code="invalid_api_key")


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "garbage"},
        {"traceparent": "00-" + "0" * 32 + "-b7ad6b7169203331-01"},
        {"content-type": "text/html; charset=nope"},
        {"accept": "nothing/known", "accept-encoding": "br;q=nope"},
        {"x-lasttenth-unit": "\xe9" * 3000},
        {"authorization": ""},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {f"x-odd-{number}": "y" * 100 for number in range(50)},
    ],
    ids=lambda headers: str(headers)[:40],
)
def test_odd_headers_do_no_harm(server: RunningServer, headers: dict[str, str]) -> None:
    answer = server.request("POST", CHAT, body=chat(), headers=headers)

    assert answer.status == 200
    assert_traced(server, answer.headers["x-request-id"], code="")


def test_garbage_instead_of_http_ends_the_connection_alone(server: RunningServer) -> None:
    status, _, _ = sent_raw(server, b"\x16\x03\x01\x02\x00 garbage\r\n\r\n", b"")

    assert status == 400
    assert_serving(server)


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, str]]:
    folder: Path = tmp_path_factory.mktemp("open")
    with running_server(folder) as first:
        key = made_key(folder)
        first.stop()
    with running_server(folder, arguments=["--host", "0.0.0.0"]) as server:
        yield server, key


def test_beyond_loopback_a_key_is_needed(open_server: tuple[RunningServer, str]) -> None:
    server, key = open_server

    without = server.request("POST", CHAT, body=chat())
    with_key = server.request("POST", CHAT, body=chat(), headers={"authorization": f"Bearer {key}", "host": "any"})

    assert_error(without, status=401, code="invalid_api_key")
    assert with_key.status == 200


@pytest.mark.parametrize("path", ["/v1/models", "/api/traces", "/api/status"])
def test_beyond_loopback_everything_that_tells_something_needs_a_key(
    open_server: tuple[RunningServer, str], path: str
) -> None:
    server, key = open_server

    without = server.request("GET", path)
    with_key = server.request("GET", path, headers={"authorization": f"Bearer {key}"})

    assert_error(without, status=401, code="invalid_api_key")
    assert with_key.status == 200
