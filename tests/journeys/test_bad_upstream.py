"""Whatever a provider does, or the client leaves undone: an error in the protocol's own shape, recorded, never silence."""

import json

import pytest
from tests.journeys.refusals import (
    CHAT,
    assert_refused,
    assert_serving,
    assert_traced,
    chat,
    connected,
    error_in_stream,
    errors_of,
    head,
)

from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, completion, eventually, streamed

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture(scope="module", autouse=True)
def _policy(server: RunningServer) -> None:
    documents = [{"name": "policy.md", "text": "Lamps can be returned within 30 days of delivery."}]
    body = json.dumps({"documents": documents}).encode()
    assert server.request("POST", "/api/indexes/default/documents", body=body).status == 200


def test_client_that_leaves_a_stream_cancels_the_upstream(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("left", streamed("first", ending="stall", finished=False))
    body = chat("up/left", stream=True)

    with connected(server) as client:
        client.sendall(head("POST", CHAT, length=len(body)) + body)
        received = b""
        while b"first" not in received:
            received += client.recv(65536)

    assert eventually(lambda: upstream.requests("left")[0].abandoned)
    assert eventually(lambda: errors_of(server, "up/left")) == ["client_disconnected"]
    assert_serving(server)


def test_client_that_leaves_before_the_answer_begins_cancels_the_upstream(
    server: RunningServer, upstream: Upstream
) -> None:
    upstream.script("left-early", UpstreamAnswer(head=upstream.gate()))
    body = chat("up/left-early")

    with connected(server) as client:
        client.sendall(head("POST", CHAT, length=len(body)) + body)
        eventually(lambda: upstream.requests("left-early"))

    assert eventually(lambda: upstream.requests("left-early")[0].abandoned)
    assert eventually(lambda: errors_of(server, "up/left-early")) == ["client_disconnected"]


PAGE = b"<html><head><title>502</title></head><body>Bad gateway</body></html>"
BROKEN_UPSTREAMS = {
    "a page": (UpstreamAnswer(status=502, media_type="text/html", body=(PAGE,)), 502),
    "nothing, with an error": (UpstreamAnswer(status=503), 503),
    "nothing, with success": (UpstreamAnswer(), 502),
    "a page, with success": (UpstreamAnswer(media_type="text/html", body=(PAGE,)), 502),
    "a list": (UpstreamAnswer(body=(b"[]",)), 502),
    "half a reply": (UpstreamAnswer(body=(b'{"choices": [',)), 502),
    "an error, with success": (UpstreamAnswer(body=(b'{"error": {"message": "No.", "code": "upstream_error"}}',)), 502),
    "a redirect": (UpstreamAnswer(status=302, headers={"location": "http://127.0.0.1:9/"}), 502),
    "a reply cut short": (UpstreamAnswer(body=(b'{"id":',), ending="cut"), 502),
    "compressed garbage": (UpstreamAnswer(headers={"content-encoding": "gzip"}, body=(b"no gzip",)), 502),
    "deep nesting": (UpstreamAnswer(body=(b'{"choices":', DEEP, b"}")), 502),
}


@pytest.mark.parametrize(("answer", "status"), BROKEN_UPSTREAMS.values(), ids=BROKEN_UPSTREAMS.keys())
@pytest.mark.parametrize("caller", ["model", "task"])
def test_broken_answer_of_an_upstream_is_an_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer, status: int, caller: str
) -> None:
    upstream.script("broken", answer)
    controls = {"metadata": {"lasttenth_model": "up/broken"}} if caller == "task" else {}

    found = server.request("POST", CHAT, body=chat("task/answer" if caller == "task" else "up/broken", **controls))

    assert_refused(server, found, status=502 if caller == "task" else status, code="upstream_error")


BROKEN_STREAMS = {
    "cut": streamed("first", ending="cut", finished=False),
    "ended too early": streamed("first", finished=False),
    "malformed event": streamed("first", b'data: {"choices": [{"delta": {"con\n\n'),
    "not JSON": streamed("first", b"data: <html>oops</html>\n\n"),
    "an error of its own": streamed(
        "first", b'data: {"error": {"message": "No.", "code": "upstream_error"}}\n\n', finished=False
    ),
}


@pytest.mark.parametrize("answer", BROKEN_STREAMS.values(), ids=BROKEN_STREAMS.keys())
def test_broken_stream_of_an_upstream_ends_with_the_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer
) -> None:
    upstream.script("broken-stream", answer)

    found = server.request("POST", CHAT, body=chat("up/broken-stream", stream=True))

    assert found.status == 200
    assert error_in_stream(found)["code"] == "upstream_error"
    assert_traced(server, found.headers["x-request-id"], code="upstream_error")
    assert_serving(server)


def test_stream_that_fails_before_its_first_event_is_answered_with_the_status_of_the_error(
    server: RunningServer, upstream: Upstream
) -> None:
    upstream.script("empty-stream", UpstreamAnswer(media_type="text/event-stream"))

    found = server.request("POST", CHAT, body=chat("up/empty-stream", stream=True))

    assert_refused(server, found, status=502, code="upstream_error")


def test_stalled_stream_ends_with_the_error(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("stalled", streamed("first", ending="stall", finished=False))

    found = server.request("POST", CHAT, body=chat("up/stalled", stream=True))

    assert b"first" in found.body
    assert error_in_stream(found)["code"] == "upstream_timeout"
    assert_traced(server, found.headers["x-request-id"], code="upstream_timeout")
    assert eventually(lambda: upstream.requests("stalled")[0].abandoned)


def test_whole_answer_where_a_stream_was_asked_for_is_an_error(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("whole", completion("All at once."))

    found = server.request("POST", CHAT, body=chat("up/whole", stream=True))

    assert_refused(server, found, status=502, code="upstream_error")


def test_upstream_that_refuses_connections_is_an_error(server: RunningServer) -> None:
    found = server.request("POST", CHAT, body=chat("gone/model", stream=True))

    assert_refused(server, found, status=502, code="upstream_error")


def test_upstream_that_compresses_nothing_is_asked_for_nothing_compressed(
    server: RunningServer, upstream: Upstream
) -> None:
    upstream.script("identity", UpstreamAnswer(identity_only=True, body=completion("Plain.").body))

    found = server.request("POST", CHAT, body=chat("up/identity"), headers={"accept-encoding": "gzip, br"})

    assert found.json()["choices"][0]["message"]["content"] == "Plain."


def test_usage_beyond_all_numbers_is_not_believed(server: RunningServer, upstream: Upstream) -> None:
    usage = b'{"prompt_tokens": 99999999999999999999999999, "completion_tokens": -1}'
    upstream.script("boastful", UpstreamAnswer(body=(b'{"choices": [], "usage": ' + usage + b"}",)))

    found = server.request("POST", CHAT, body=chat("up/boastful"))
    later = server.request("POST", CHAT, body=chat())

    assert found.status == 200
    assert_traced(server, later.headers["x-request-id"], code="")
