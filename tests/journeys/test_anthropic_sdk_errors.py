"""The official Anthropic client, unchanged: whatever fails is raised as the client's own error, whoever failed."""

import json
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from tests.journeys.commands import made_key
from tests.journeys.conversations import HELLO, spans_of
from tests.journeys.refusals import INTERNALS, assert_traced, errors_of

from lasttenth.testing import (
    HttpAnswer,
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    eventually,
    message,
    message_failure,
    message_stream,
    running_server,
)

MESSAGES = "/v1/messages"
REFUSALS = [
    (400, "invalid_request_error", anthropic.BadRequestError),
    (401, "authentication_error", anthropic.AuthenticationError),
    (403, "permission_error", anthropic.PermissionDeniedError),
    (404, "not_found_error", anthropic.NotFoundError),
    (413, "request_too_large", anthropic.APIStatusError),
    (429, "rate_limit_error", anthropic.RateLimitError),
    (500, "api_error", anthropic.InternalServerError),
    (529, "overloaded_error", anthropic.OverloadedError),
]


def asking(model: str, **fields: Any) -> bytes:
    return json.dumps({"model": model, "max_tokens": 9, "messages": HELLO, **fields}).encode()


def assert_error(answer: HttpAnswer, *, status: int, kind: str) -> None:
    content = answer.json()
    assert answer.status == status, content
    assert set(content) == {"type", "error", "request_id"}
    assert (content["type"], content["error"]["type"]) == ("error", kind)
    assert len(content["error"]["message"]) > 2
    assert not INTERNALS.search(content["error"]["message"])
    assert content["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]


def error_in_stream(answer: HttpAnswer) -> Any:
    name, data = answer.body.removesuffix(b"\n\n").rpartition(b"\n\n")[2].split(b"\n")
    assert name == b"event: error"
    return json.loads(data.removeprefix(b"data: "))


@pytest.mark.parametrize(("status", "kind", "raised"), REFUSALS)
def test_refusal_of_an_upstream_is_the_clients_own_error(
    claude: Anthropic, upstream: Upstream, status: int, kind: str, raised: type[anthropic.APIStatusError]
) -> None:
    upstream.script(f"refusing-{status}", message_failure(status, kind, "It says no.", headers={"retry-after": "3"}))

    with pytest.raises(raised) as caught:
        claude.messages.create(model=f"anthropic/refusing-{status}", max_tokens=9, messages=HELLO)

    body: Any = caught.value.body
    assert (caught.value.status_code, caught.value.type) == (status, kind)
    assert body == json.loads(message_failure(status, kind, "It says no.").body[0])  # type: ignore[arg-type]  # no gate
    assert caught.value.response.headers["retry-after"] == "3"
    assert caught.value.request_id == caught.value.response.headers["x-lasttenth-trace"]


def test_client_retries_an_upstream_that_is_overloaded(claude: Anthropic, upstream: Upstream) -> None:
    busy = message_failure(529, "overloaded_error", "Overloaded", headers={"retry-after": "0.01"})
    upstream.script("moment", busy, message("Now."))

    reply = claude.with_options(max_retries=1).messages.create(
        model="anthropic/moment", max_tokens=9, messages=HELLO
    )  # fmt: skip

    assert reply.stop_reason == "end_turn"


@pytest.mark.parametrize("model", ["anthropic", "nope/model", "claude-haiku-4-5"])
def test_unknown_model_is_not_found(claude: Anthropic, model: str) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(model=model, max_tokens=9, messages=HELLO)

    assert (caught.value.type, caught.value.error_code) == ("not_found_error", "model_not_found")
    assert model in caught.value.message


@pytest.mark.parametrize("model", ["up/plain", "scripted/echo", "task/answer"])
def test_tokens_of_a_model_of_another_protocol_are_not_counted(claude: Anthropic, model: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        claude.messages.count_tokens(model=model, messages=HELLO)

    assert f"{model} speaks OpenAI's protocol" in caught.value.message


def test_embeddings_of_an_anthropic_model_are_refused(server: RunningServer) -> None:
    found = server.request("POST", "/v1/embeddings", body=b'{"model":"anthropic/any","input":"Hello."}')

    assert found.status == 400
    assert "speaks Anthropic's protocol" in found.json()["error"]["message"]


BAD_BODIES = {
    "no JSON": b"{",
    "nothing": b"",
    "a list": b"[]",
    "no model": b'{"messages":[]}',
    "no messages": b'{"model":"anthropic/any"}',
    "messages that are a text": b'{"model":"anthropic/any","messages":"Hello."}',
    "metadata that is a text": b'{"model":"anthropic/any","messages":[],"metadata":"x"}',
    "a user that is a number": b'{"model":"anthropic/any","messages":[],"metadata":{"user_id":7}}',
    "deep nesting": b'{"model":"anthropic/any","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "bytes that are no text": b'{"model":"anthropic/\xff","messages":[]}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize("path", [MESSAGES, f"{MESSAGES}/count_tokens"])
def test_bad_body_is_refused_in_the_protocols_shape(server: RunningServer, body: bytes, path: str) -> None:
    found = server.request("POST", path, body=body)

    assert_error(found, status=400, kind="invalid_request_error")
    assert_traced(server, found.headers["request-id"], code="invalid_request")


def test_body_beyond_the_limit_is_too_large(claude: Anthropic) -> None:
    long: Any = [{"role": "user", "content": "x" * 5_000_000}]

    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(model="anthropic/any", max_tokens=9, messages=long)

    assert (caught.value.status_code, caught.value.error_code) == (413, "payload_too_large")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", MESSAGES, 405), ("POST", f"{MESSAGES}/batches", 400)])
def test_other_paths_of_the_protocol_are_refused_in_its_shape(
    server: RunningServer, method: str, path: str, status: int
) -> None:
    found = server.request(method, path)

    assert (found.status, found.json()["type"]) == (status, "error")
    assert f"POST {MESSAGES}" in found.json()["error"]["message"]


def test_exact_cache_is_refused(claude: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="keeps no chat answers in Anthropic's protocol"):
        claude.messages.create(
            model="anthropic/any", max_tokens=9, messages=HELLO, extra_headers={"x-lasttenth-cache": "exact"}
        )


def test_header_that_is_no_text_is_refused(server: RunningServer) -> None:
    found = server.request("POST", MESSAGES, body=asking("anthropic/any"), headers={"anthropic-beta": "caf\u00e9"})

    assert_error(found, status=400, kind="invalid_request_error")


def test_key_of_the_client_opens_the_door_and_that_of_the_environment_goes_up(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.script("keyed", message("Yes."))
    environment = {"ANTHROPIC_API_KEY": "theirs", "ANTHROPIC_BASE_URL": upstream.base_url.removesuffix("/v1")}
    key = made_key(tmp_path)

    with running_server(tmp_path, environment=environment, arguments=["--host", "0.0.0.0"]) as server:
        with Anthropic(base_url=f"http://127.0.0.1:{server.port}", api_key=key, max_retries=0) as client:
            client.messages.create(model="anthropic/keyed", max_tokens=9, messages=HELLO)
            with pytest.raises(anthropic.AuthenticationError) as caught:
                client.with_options(api_key="local").messages.create(
                    model="anthropic/keyed", max_tokens=9, messages=HELLO
                )
        keyless = server.request("POST", MESSAGES, body=asking("anthropic/keyed"))

    assert (caught.value.type, caught.value.error_code) == ("authentication_error", "invalid_api_key")
    assert_error(keyless, status=401, kind="authentication_error")
    assert [request.headers["x-api-key"] for request in upstream.requests("keyed")] == ["theirs"]


def test_upstream_that_is_gone_is_an_api_error(claude: Anthropic) -> None:
    with pytest.raises(anthropic.InternalServerError) as caught:
        claude.messages.create(model="gone-too/any", max_tokens=9, messages=HELLO)

    assert (caught.value.status_code, caught.value.type) == (502, "api_error")
    assert caught.value.error_code == "upstream_error"


def test_upstream_that_is_silent_is_a_timeout(claude: Anthropic, upstream: Upstream) -> None:
    upstream.script("silent", UpstreamAnswer(head=upstream.gate()))

    with pytest.raises(anthropic.InternalServerError) as caught:
        claude.messages.create(model="anthropic/silent", max_tokens=9, messages=HELLO)

    assert (caught.value.status_code, caught.value.type) == (504, "timeout_error")
    assert caught.value.error_code == "upstream_timeout"


def test_client_that_gives_up_cancels_the_upstream_and_is_recorded(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script("slow-head", UpstreamAnswer(head=upstream.gate()))

    with pytest.raises(anthropic.APITimeoutError):
        claude.with_options(timeout=0.3).messages.create(model="anthropic/slow-head", max_tokens=9, messages=HELLO)

    assert eventually(lambda: upstream.requests("slow-head")[0].abandoned)
    assert eventually(lambda: errors_of(server, "anthropic/slow-head")) == ["client_disconnected"]


PAGE = b"<html><head><title>502</title></head><body>Bad gateway</body></html>"
OPENAIS = b'{"error": {"message": "No.", "type": "x", "code": "y"}}'
BROKEN_UPSTREAMS = {
    "a page": (UpstreamAnswer(status=502, media_type="text/html", body=(PAGE,)), 502, "api_error"),
    "nothing, with an error": (UpstreamAnswer(status=529), 529, "overloaded_error"),
    "another protocol's error": (UpstreamAnswer(status=404, body=(OPENAIS,)), 404, "not_found_error"),
    "nothing, with success": (UpstreamAnswer(), 502, "api_error"),
    "a page, with success": (UpstreamAnswer(media_type="text/html", body=(PAGE,)), 502, "api_error"),
    "a list": (UpstreamAnswer(body=(b"[]",)), 502, "api_error"),
    "half a reply": (UpstreamAnswer(body=(b'{"content": [',)), 502, "api_error"),
    "a type that is a number": (UpstreamAnswer(body=(b'{"type": 7}',)), 502, "api_error"),
    "a redirect": (UpstreamAnswer(status=302, headers={"location": "http://127.0.0.1:9/"}), 502, "api_error"),
    "a reply cut short": (UpstreamAnswer(body=(b'{"id":',), ending="cut"), 502, "api_error"),
    "a stream of nothing, with an error": (
        UpstreamAnswer(status=500, media_type="text/event-stream"),
        500,
        "api_error",
    ),
}


@pytest.mark.parametrize(("answer", "status", "kind"), BROKEN_UPSTREAMS.values(), ids=BROKEN_UPSTREAMS.keys())
def test_broken_answer_of_an_upstream_is_an_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer, status: int, kind: str
) -> None:
    upstream.script("broken", answer)

    found = server.request("POST", MESSAGES, body=asking("anthropic/broken"))

    assert_error(found, status=status, kind=kind)
    assert_traced(server, found.headers["request-id"], code="upstream_error")


def test_error_with_success_is_an_error(server: RunningServer, upstream: Upstream) -> None:
    body = message_failure(200, "overloaded_error", "Overloaded").body
    upstream.script("polite", UpstreamAnswer(body=body))

    found = server.request("POST", MESSAGES, body=asking("anthropic/polite"))

    assert (found.status, found.body) == (502, body[0])
    assert_traced(server, found.headers["request-id"], code="upstream_error")


BROKEN_STREAMS = {
    "cut": (message_stream("first", ending="cut", finished=False), "upstream_error"),
    "ended too early": (message_stream("first", finished=False), "upstream_error"),
    "stalled": (message_stream("first", ending="stall", finished=False), "upstream_timeout"),
    "malformed event": (message_stream("first", b'data: {"type": "content_bl\n\n'), "upstream_error"),
    "not JSON": (message_stream("first", b"data: <html>oops</html>\n\n"), "upstream_error"),
}


@pytest.mark.parametrize(("answer", "code"), BROKEN_STREAMS.values(), ids=BROKEN_STREAMS.keys())
def test_broken_stream_of_an_upstream_ends_with_the_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer, code: str
) -> None:
    upstream.script("broken-stream", answer)

    found = server.request("POST", MESSAGES, body=asking("anthropic/broken-stream", stream=True))

    said = error_in_stream(found)
    assert found.status == 200
    assert said["type"] == "error"
    assert said["error"]["details"]["error_code"] == code
    assert said["request_id"] == found.headers["request-id"]
    assert_traced(server, found.headers["request-id"], code=code)


def test_error_event_of_an_upstream_passes_and_is_recorded(
    claude: Anthropic, upstream: Upstream, server: RunningServer
) -> None:
    overloaded = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    upstream.script("failing", message_stream("first", overloaded, finished=False))

    with (
        claude.messages.create(model="anthropic/failing", max_tokens=9, messages=HELLO, stream=True) as stream,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        list(stream)

    trace = stream.response.headers["request-id"]
    assert caught.value.type == "overloaded_error"
    (span,) = eventually(lambda: spans_of(server, trace))
    assert (span["error"], span["usage"]["input_tokens"]) == ("upstream_error", 11)


def test_whole_answer_where_a_stream_was_asked_for_is_an_error(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("whole", message("All at once."))

    found = server.request("POST", MESSAGES, body=asking("anthropic/whole", stream=True))

    assert_error(found, status=502, kind="api_error")


def test_answer_in_another_protocol_has_no_usage(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("foreign", completion("Hello."))

    found = server.request("POST", MESSAGES, body=asking("anthropic/foreign"))

    (span,) = eventually(lambda: spans_of(server, found.headers["request-id"]))
    assert (found.status, span.get("cost")) == (200, None)
