"""The official client of Gemini, unchanged: whatever fails is raised as the client's own error, whoever failed."""

import json
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from tests.journeys.commands import made_key
from tests.journeys.conversations import spans_of
from tests.journeys.refusals import INTERNALS, assert_traced, errors_of

from lasttenth.testing import (
    HttpAnswer,
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    content,
    content_event,
    content_failure,
    content_stream,
    eventually,
    running_server,
)

REFUSALS = [
    (400, "INVALID_ARGUMENT", errors.ClientError),
    (401, "UNAUTHENTICATED", errors.ClientError),
    (403, "PERMISSION_DENIED", errors.ClientError),
    (404, "NOT_FOUND", errors.ClientError),
    (429, "RESOURCE_EXHAUSTED", errors.ClientError),
    (500, "INTERNAL", errors.ServerError),
    (503, "UNAVAILABLE", errors.ServerError),
]


def posted(
    server: RunningServer, model: str, body: bytes = b'{"contents":[]}', *, method: str = "generateContent"
) -> HttpAnswer:
    return server.request("POST", f"/v1beta/models/{model}:{method}", body=body)


def streamed(server: RunningServer, model: str) -> HttpAnswer:
    return posted(server, model, method="streamGenerateContent?alt=sse")


def code_of(error: Any) -> str:
    return str(error["details"][0]["metadata"]["error_code"])


def assert_error(answer: HttpAnswer, *, status: int, name: str) -> None:
    found = answer.json()
    error = found["error"]
    assert (answer.status, set(found)) == (status, {"error"})
    assert (error["code"], error["status"]) == (status, name)
    assert len(error["message"]) > 2
    assert not INTERNALS.search(error["message"])
    assert error["details"][1]["requestId"] == answer.headers["x-request-id"]


def error_in_stream(answer: HttpAnswer) -> Any:
    return json.loads(answer.body.removesuffix(b"\n\n").rpartition(b"\n\n")[2].removeprefix(b"data: "))["error"]


@pytest.mark.parametrize(("status", "name", "raised"), REFUSALS)
def test_refusal_of_an_upstream_is_the_clients_own_error(
    gemini: genai.Client, upstream: Upstream, status: int, name: str, raised: type[errors.APIError]
) -> None:
    refusal = content_failure(status, name, "It says no.", headers={"retry-after": "3"})
    upstream.script(f"refusing-{status}", refusal)

    with pytest.raises(raised) as caught:
        gemini.models.generate_content(model=f"google/refusing-{status}", contents="Hello.")

    assert (caught.value.code, caught.value.status, caught.value.message) == (status, name, "It says no.")
    response: Any = caught.value.response
    assert response.content == refusal.body[0]
    assert response.headers["retry-after"] == "3"
    assert response.headers["x-lasttenth-trace"]


def test_client_retries_an_upstream_that_is_overloaded(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("moment", content_failure(503, "UNAVAILABLE", "Overloaded."), content("Now."))
    retries = types.HttpRetryOptions(attempts=2, initial_delay=0.01, max_delay=0.01)
    options = types.HttpOptions(base_url=server.base_url, timeout=20_000, retry_options=retries)

    with genai.Client(api_key="local", http_options=options) as client:
        reply = client.models.generate_content(model="google/moment", contents="Hello.")

    assert reply.text == "Now."


@pytest.mark.parametrize("model", ["google", "nope/model", "gemini-2.5-flash"])
def test_unknown_model_is_not_found(gemini: genai.Client, model: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        gemini.models.generate_content(model=model, contents="Hello.")

    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
    assert code_of(caught.value.details["error"]) == "model_not_found"
    assert model in str(caught.value.message)


def test_model_that_is_not_listed_is_not_found(gemini: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        gemini.models.get(model="google/never-heard-of")

    assert caught.value.status == "NOT_FOUND"


@pytest.mark.parametrize("model", ["up/plain", "anthropic/plain", "scripted/echo", "task/answer"])
def test_tokens_of_a_model_of_another_protocol_are_not_counted(gemini: genai.Client, model: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        gemini.models.count_tokens(model=model, contents="Hello.")

    assert caught.value.status == "INVALID_ARGUMENT"
    assert f"{model} speaks" in str(caught.value.message)


def test_embeddings_of_a_gemini_model_are_refused_in_openais_protocol(server: RunningServer) -> None:
    found = server.request("POST", "/v1/embeddings", body=b'{"model":"google/any","input":"Hello."}')

    assert found.status == 400
    assert "google/any speaks Gemini's protocol" in found.json()["error"]["message"]
    assert "POST /v1beta/models/google/any:embedContent" in found.json()["error"]["message"]


BAD_BODIES = {
    "no JSON": b"{",
    "nothing": b"",
    "a list": b"[]",
    "no contents": b"{}",
    "metadata that is a text": b'{"contents":[],"metadata":"x"}',
    "deep nesting": b'{"contents":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a name that is no text": b'{"\xff":1,"contents":[]}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent", "countTokens", "embedContent"])
def test_bad_body_is_refused_in_the_protocols_shape(server: RunningServer, body: bytes, method: str) -> None:
    found = posted(server, "google/any", body, method=method)

    assert_error(found, status=400, name="INVALID_ARGUMENT")
    assert_traced(server, found.headers["x-request-id"], code="invalid_request")


BAD_REQUESTS = {
    "a batch of a text": ("batchEmbedContents", b'{"requests":"x"}'),
    "a batch of texts": ("batchEmbedContents", b'{"requests":["x"]}'),
    "a whole request that is a list": ("countTokens", b'{"generateContentRequest":[]}'),
}


@pytest.mark.parametrize(("method", "body"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_bad_request_within_a_request_is_refused(server: RunningServer, method: str, body: bytes) -> None:
    assert_error(posted(server, "google/any", body, method=method), status=400, name="INVALID_ARGUMENT")


@pytest.mark.parametrize("model", ["", "%20", "google%2F%0A", "x" * 300], ids=["none", "space", "line", "long"])
def test_name_that_is_none_is_refused(server: RunningServer, model: str) -> None:
    assert_error(posted(server, model), status=400, name="INVALID_ARGUMENT")


def test_body_beyond_the_limit_is_too_large(gemini: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        gemini.models.generate_content(model="google/any", contents="x" * 5_000_000)

    assert caught.value.code == 413
    assert code_of(caught.value.details["error"]) == "payload_too_large"


OTHER_PATHS = [
    ("POST", "models/google/any:predict", 405),
    ("GET", "models/google/any:generateContent", 404),
    ("POST", "cachedContents", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), OTHER_PATHS)
def test_other_paths_of_the_protocol_are_refused_in_its_shape(
    server: RunningServer, method: str, path: str, status: int
) -> None:
    found = server.request(method, f"/v1beta/{path}")

    assert (found.status, found.json()["error"]["code"]) == (status, status)
    assert found.json()["error"]["details"]


def test_exact_cache_is_refused(gemini: genai.Client) -> None:
    options = types.HttpOptions(headers={"x-lasttenth-cache": "exact"})

    with pytest.raises(errors.ClientError, match="keeps no chat answers in Gemini's protocol"):
        gemini.models.generate_content(
            model="google/any", contents="Hello.", config=types.GenerateContentConfig(http_options=options)
        )


def test_key_of_the_client_opens_the_door_and_that_of_the_environment_goes_up(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.script("keyed", content("Yes."))
    environment = {"GEMINI_API_KEY": "theirs", "GOOGLE_GEMINI_BASE_URL": upstream.base_url.removesuffix("/v1")}
    key = made_key(tmp_path)

    with running_server(tmp_path, environment=environment, arguments=["--host", "0.0.0.0"]) as server:
        base_url = f"http://127.0.0.1:{server.port}"
        with genai.Client(api_key=key, http_options=types.HttpOptions(base_url=base_url)) as client:
            client.models.generate_content(model="google/keyed", contents="Hello.")
            listed = [model.name for model in client.models.list()]
        with (
            genai.Client(api_key="local", http_options=types.HttpOptions(base_url=base_url)) as client,
            pytest.raises(errors.ClientError) as caught,
        ):
            client.models.generate_content(model="google/keyed", contents="Hello.")
        in_url = server.request(
            "POST", f"/v1beta/models/google/keyed:generateContent?key={key}", body=b'{"contents":[]}'
        )
        keyless = posted(server, "google/keyed")

    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    assert code_of(caught.value.details["error"]) == "invalid_api_key"
    assert "models/google/keyed" in listed
    assert in_url.status == 200
    assert_error(keyless, status=401, name="UNAUTHENTICATED")
    assert {(request.path, request.headers["x-goog-api-key"]) for request in upstream.requests("keyed")} == {
        ("/v1beta/models/keyed:generateContent", "theirs")
    }


def test_upstream_that_is_gone_is_unavailable(gemini: genai.Client) -> None:
    with pytest.raises(errors.ServerError) as caught:
        gemini.models.generate_content(model="gone-three/any", contents="Hello.")

    assert (caught.value.code, caught.value.status) == (502, "UNAVAILABLE")
    assert code_of(caught.value.details["error"]) == "upstream_error"


def test_upstream_that_is_silent_is_a_timeout(gemini: genai.Client, upstream: Upstream) -> None:
    upstream.script("silent", UpstreamAnswer(head=upstream.gate()))

    with pytest.raises(errors.ServerError) as caught:
        gemini.models.generate_content(model="google/silent", contents="Hello.")

    assert (caught.value.code, caught.value.status) == (504, "DEADLINE_EXCEEDED")


def test_client_that_gives_up_cancels_the_upstream_and_is_recorded(upstream: Upstream, server: RunningServer) -> None:
    upstream.script("slow-head", UpstreamAnswer(head=upstream.gate()))
    options = types.HttpOptions(base_url=server.base_url, timeout=300)

    with (
        genai.Client(api_key="local", http_options=options) as client,
        pytest.raises(Exception, match="timed out"),
    ):
        client.models.generate_content(model="google/slow-head", contents="Hello.")

    assert eventually(lambda: upstream.requests("slow-head")[0].abandoned)
    assert eventually(lambda: errors_of(server, "google/slow-head")) == ["client_disconnected"]


PAGE = b"<html><head><title>502</title></head><body>Bad gateway</body></html>"
OPENAIS = b'{"error": {"message": "No.", "type": "x", "code": "y"}}'
BROKEN_UPSTREAMS = {
    "a page": (UpstreamAnswer(status=502, media_type="text/html", body=(PAGE,)), 502, "UNAVAILABLE"),
    "nothing, with an error": (UpstreamAnswer(status=503), 503, "UNAVAILABLE"),
    "another protocol's error": (UpstreamAnswer(status=404, body=(OPENAIS,)), 404, "NOT_FOUND"),
    "nothing, with success": (UpstreamAnswer(), 502, "UNAVAILABLE"),
    "a page, with success": (UpstreamAnswer(media_type="text/html", body=(PAGE,)), 502, "UNAVAILABLE"),
    "a list": (UpstreamAnswer(body=(b"[]",)), 502, "UNAVAILABLE"),
    "half a reply": (UpstreamAnswer(body=(b'{"candidates": [',)), 502, "UNAVAILABLE"),
    "candidates that are a number": (UpstreamAnswer(body=(b'{"candidates": 7}',)), 502, "UNAVAILABLE"),
    "a redirect": (UpstreamAnswer(status=302, headers={"location": "http://127.0.0.1:9/"}), 502, "UNAVAILABLE"),
    "a reply cut short": (UpstreamAnswer(body=(b'{"candidates":',), ending="cut"), 502, "UNAVAILABLE"),
}


@pytest.mark.parametrize(("answer", "status", "name"), BROKEN_UPSTREAMS.values(), ids=BROKEN_UPSTREAMS.keys())
def test_broken_answer_of_an_upstream_is_an_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer, status: int, name: str
) -> None:
    upstream.script("broken", answer)

    found = posted(server, "google/broken")

    assert_error(found, status=status, name=name)
    assert_traced(server, found.headers["x-request-id"], code="upstream_error")


def test_error_with_success_is_an_error(server: RunningServer, upstream: Upstream) -> None:
    body = content_failure(503, "UNAVAILABLE", "Overloaded.").body
    upstream.script("polite", UpstreamAnswer(body=body))

    found = posted(server, "google/polite")

    assert (found.status, found.body) == (502, body[0])
    assert_traced(server, found.headers["x-request-id"], code="upstream_error")


BROKEN_STREAMS = {
    "cut": (content_stream("first", ending="cut", finished=False), "upstream_error"),
    "ended too early": (content_stream("first", finished=False), "upstream_error"),
    "stalled": (content_stream("first", ending="stall", finished=False), "upstream_timeout"),
    "malformed event": (content_stream("first", b'data: {"candidates": [\n\n'), "upstream_error"),
    "not JSON": (content_stream("first", b"data: <html>oops</html>\n\n"), "upstream_error"),
}


@pytest.mark.parametrize(("answer", "code"), BROKEN_STREAMS.values(), ids=BROKEN_STREAMS.keys())
def test_broken_stream_of_an_upstream_ends_with_the_error(
    server: RunningServer, upstream: Upstream, answer: UpstreamAnswer, code: str
) -> None:
    upstream.script("broken-stream", answer)

    found = streamed(server, "google/broken-stream")

    said = error_in_stream(found)
    assert found.status == 200
    assert code_of(said) == code
    assert said["details"][1]["requestId"] == found.headers["x-request-id"]
    assert_traced(server, found.headers["x-request-id"], code=code)


def test_broken_stream_raises_the_clients_error_behind_its_first_words(
    gemini: genai.Client, upstream: Upstream
) -> None:
    upstream.script("breaking", content_stream("first", ending="cut", finished=False))

    stream = gemini.models.generate_content_stream(model="google/breaking", contents="Hello.")

    assert next(iter(stream)).text == "first"
    with pytest.raises(errors.ServerError) as caught:
        next(iter(stream))
    assert (caught.value.code, caught.value.status) == (502, "UNAVAILABLE")


def test_broken_array_ends_with_the_error(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("broken-array", content_stream("first", finished=False))

    found = posted(server, "google/broken-array", method="streamGenerateContent").json()

    assert [set(item) for item in found] == [{"candidates", "usageMetadata", "modelVersion", "responseId"}, {"error"}]
    assert code_of(found[1]["error"]) == "upstream_error"


def test_error_event_of_an_upstream_passes_and_is_recorded(
    gemini: genai.Client, upstream: Upstream, server: RunningServer
) -> None:
    overloaded = content_event(error={"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"})
    upstream.script("failing", content_stream("first", overloaded, finished=False))

    stream = gemini.models.generate_content_stream(model="google/failing", contents="Hello.")
    first: Any = next(iter(stream))
    with pytest.raises(errors.ServerError) as caught:
        next(iter(stream))

    assert caught.value.message == "Overloaded."
    (span,) = eventually(lambda: spans_of(server, first.sdk_http_response.headers["x-request-id"]))
    assert (span["error"], span["usage"]) == ("upstream_error", {"input_tokens": 11})


def test_whole_answer_where_a_stream_was_asked_for_is_an_error(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("whole", content("All at once."))

    assert_error(streamed(server, "google/whole"), status=502, name="UNAVAILABLE")


def test_answer_in_another_protocol_has_no_usage(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("foreign", completion("Hello."))

    found = posted(server, "google/foreign")

    (span,) = eventually(lambda: spans_of(server, found.headers["x-request-id"]))
    assert (found.status, span.get("cost")) == (200, None)
