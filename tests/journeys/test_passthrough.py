"""Paths that a provider alone knows: the official OpenAI client asks for audio, images and moderations."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI
from tests.journeys.conversations import spans_of

from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, eventually, failure, running_server

SETTINGS = """
providers:
  only:
    base_url: {base_url}
    api_key: upstream-secret
  claude:
    protocol: anthropic
    base_url: {base_url}
    api_key: upstream-secret
limits:
  body: 65536
"""
SOUND = bytes(range(256)) * 20
AUDIO = UpstreamAnswer(media_type="audio/mpeg", body=(SOUND[:3000], SOUND[3000:]), headers={"set-cookie": "a=b"})
TRACE = "0af7651916cd43dd8448eb211c80319d"
PROVIDER = {"x-lasttenth-provider": "only"}


def said(content: Any) -> UpstreamAnswer:
    return UpstreamAnswer(body=(msgspec.json.encode(content),))


@pytest.fixture(scope="module", params=["aiohttp", "pyreqwest"])
def only(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[RunningServer]:
    settings = f"transport: {request.param}\n{SETTINGS.format(base_url=upstream.base_url)}"
    with running_server(tmp_path_factory.mktemp("passing"), settings=settings) as started:
        yield started
        log = started.log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def caller(only: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{only.base_url}/v1", api_key="local", max_retries=0, timeout=20) as opened:
        yield opened


def span_of(server: RunningServer, trace_id: str) -> Any:
    """Return what is set of the one span of a trace."""
    (span,) = eventually(lambda: spans_of(server, trace_id))
    found = {name: value for name, value in span.items() if value}
    if "usage" in found:
        found["usage"] = {name: count for name, count in found["usage"].items() if count}
    return found


def test_moderation_is_answered_and_traced(caller: OpenAI, only: RunningServer, upstream: Upstream) -> None:
    result = {"flagged": True, "categories": {"violence": True}, "category_scores": {"violence": 0.9}}
    upstream.script("omni", said({"id": "modr-1", "model": "omni", "results": [result]}))

    raw = caller.moderations.with_raw_response.create(model="only/omni", input="I will hit it.")

    assert raw.parse().results[0].flagged
    assert msgspec.json.decode(upstream.requests("omni")[-1].body) == {"model": "omni", "input": "I will hit it."}
    span = span_of(only, raw.headers["x-request-id"])
    assert (span["operation"], span["model"]) == ("moderations", "only/omni")
    assert "cost" not in span


def test_moderation_without_a_model_is_told_to_name_one(caller: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"names no model. Send model as provider/model"):
        caller.moderations.create(input="I will hit it.")


def test_recording_is_transcribed(caller: OpenAI, only: RunningServer, upstream: Upstream) -> None:
    usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19}
    upstream.script("", said({"text": "Hello.", "usage": usage}))
    file = ("a.wav", SOUND, "audio/wav")

    raw = caller.audio.transcriptions.with_raw_response.create(model="only/scribe", file=file, language="en")

    assert raw.parse().text == "Hello."
    sent = upstream.requests("")[-1]
    assert sent.path == "/v1/audio/transcriptions"
    assert SOUND in sent.body
    assert b"\r\n\r\nscribe\r\n" in sent.body
    assert b"only/scribe" not in sent.body
    span = span_of(only, raw.headers["x-request-id"])
    assert (span["name"], span["operation"]) == ("passthrough only/scribe", "passthrough")
    assert (span["usage"]["input_tokens"], span["usage"]["output_tokens"]) == (14, 5)
    assert span["attributes"] == {
        "method": "POST",
        "path": "/audio/transcriptions",
        "provider": "only",
        "request_bytes": len(sent.body) + len("only/"),
        "response_bytes": int(raw.headers["content-length"]),
        "status": 200,
    }
    assert "input" not in span


def test_speech_comes_as_the_bytes_it_is(caller: OpenAI, only: RunningServer, upstream: Upstream) -> None:
    upstream.script("voice", AUDIO)

    with caller.audio.speech.with_streaming_response.create(model="only/voice", voice="alloy", input="Hello.") as reply:
        content = reply.read()

    assert content == SOUND
    assert reply.headers["content-type"] == "audio/mpeg"
    assert "set-cookie" not in reply.headers
    span = span_of(only, reply.headers["x-request-id"])
    assert span["attributes"]["response_bytes"] == len(SOUND)
    assert "output" not in span


def test_broken_speech_breaks_for_the_client_as_well(only: RunningServer, upstream: Upstream) -> None:
    upstream.script("hoarse", UpstreamAnswer(media_type="audio/mpeg", body=(SOUND,), ending="cut"))
    headers = {"content-type": "application/json", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}

    with pytest.raises(http.client.IncompleteRead):
        only.request("POST", "/v1/audio/speech", body=b'{"model": "only/hoarse"}', headers=headers)

    assert span_of(only, TRACE)["error"] == "upstream_error"


def test_image_is_made(caller: OpenAI, upstream: Upstream) -> None:
    upstream.script("painter", said({"created": 1, "data": [{"b64_json": "aGk="}]}))

    images = caller.images.generate(model="only/painter", prompt="a lamp", extra_body={"new_field": 1e0})

    assert (images.data or [])[0].b64_json == "aGk="
    sent = msgspec.json.decode(upstream.requests("painter")[-1].body)
    assert sent == {"prompt": "a lamp", "model": "painter", "new_field": 1.0}


def test_stream_of_events_passes_and_is_costed_by_its_usage(only: RunningServer, upstream: Upstream) -> None:
    usage = b'"usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}'
    events = (b'data: {"type": "a"}\n\n', b'data: {"type": "b", ' + usage + b"}\n\n")
    upstream.script("live", UpstreamAnswer(media_type="text/event-stream", body=events))

    reply = only.request(
        "POST",
        "/v1/some/stream",
        body=b'{"model": "only/live", "stream": true}',
        headers={"content-type": "application/json"},
    )

    assert reply.body == b"".join(events)
    assert span_of(only, reply.headers["x-request-id"])["usage"] == {"input_tokens": 3, "output_tokens": 4}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_goes_to_the_only_provider_with_its_key_and_not_ours(
    only: RunningServer, upstream: Upstream, method: str
) -> None:
    upstream.script("", said({"id": "ftjob-1", "usage": {"input_tokens": 9, "output_tokens": 9}}))
    headers = {
        "x-api-key": "mine",
        "cookie": "c=d",
        "openai-beta": "assistants=v2",
        "openai-organization": "theirs",
        "x-lasttenth-unit": "ada",
    }

    reply = only.request(method, "/v1/fine_tuning/jobs/a%2Fb?limit=2&k%65y=mine&after=x", headers=headers)

    assert reply.json()["id"] == "ftjob-1"
    sent = upstream.requests("")[-1]
    assert (sent.method, sent.path) == (method, "/v1/fine_tuning/jobs/a%2Fb?limit=2&after=x")
    assert sent.headers["authorization"] == "Bearer upstream-secret"
    assert sent.headers["openai-beta"] == "assistants=v2"
    assert "mine" not in str(sent.headers) + sent.path
    assert not {"cookie", "openai-organization", "x-api-key", "x-lasttenth-unit"} & set(sent.headers)
    span = span_of(only, reply.headers["x-request-id"])
    assert (span["unit"], span["attributes"]["path"]) == ("ada", "/fine_tuning/jobs/a%2Fb")
    assert "usage" not in span


def test_any_path_of_any_provider_is_reached_as_its_documentation_writes_it(
    only: RunningServer, upstream: Upstream
) -> None:
    upstream.script(
        "claude-x", said({"id": "msg", "type": "message", "usage": {"input_tokens": 2, "output_tokens": 1}})
    )
    body = b'{"model": "claude-x"}'

    reply = only.request(
        "POST",
        "/passthrough/claude/v1/messages/special?beta=true",
        body=body,
        headers={"content-type": "application/json", "anthropic-beta": "special"},
    )

    sent = upstream.requests("claude-x")[-1]
    assert (sent.path, sent.body) == ("/v1/messages/special?beta=true", b'{"model":"claude-x"}')
    assert (sent.headers["x-api-key"], sent.headers["anthropic-beta"]) == ("upstream-secret", "special")
    span = span_of(only, reply.headers["x-request-id"])
    assert (span["model"], span["attributes"]["path"]) == ("claude/claude-x", "/v1/messages/special")
    assert span["usage"] == {"input_tokens": 2, "output_tokens": 1}


def test_path_of_a_protocol_goes_to_the_only_provider_that_speaks_it(only: RunningServer, upstream: Upstream) -> None:
    upstream.script("", said({"data": []}))

    assert only.request("GET", "/v1/messages/batches").status == 200

    assert upstream.requests("")[-1].headers["x-api-key"] == "upstream-secret"


def test_error_of_a_provider_comes_as_it_is(caller: OpenAI, only: RunningServer, upstream: Upstream) -> None:
    upstream.script("", failure(429, "Slow down.", headers={"retry-after": "7"}))

    with pytest.raises(openai.RateLimitError, match=r"Slow down\.") as raised:
        caller.fine_tuning.jobs.list()

    assert raised.value.response.headers["retry-after"] == "7"
    span = span_of(only, raised.value.response.headers["x-request-id"])
    assert (span["error"], span["attributes"]["status"]) == ("upstream_error", 429)


JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=b"}
WRONG = {
    "unknown model": ("/v1/rerank", b'{"model": "rerank-2"}', JSON, 404, "There is no model rerank-2"),
    "own model": ("/v1/rerank", b'{"model": "scripted/echo"}', JSON, 400, "Nothing can be passed on to scripted"),
    "unknown provider": ("/v1/x", b"", {"x-lasttenth-provider": "nobody"}, 400, "Providers here: claude, only"),
    "unknown place": ("/passthrough/nobody/v1/x", b"", {}, 400, "Nothing can be passed on to nobody"),
    "no name": ("/v1/x", b'{"model": " "}', JSON, 400, "model is empty"),
    "climbing": ("/passthrough/only/v1/../admin", b"", {}, 400, "cannot be passed on"),
    "climbing in code": ("/v1/files/%2e%2e/%2e%2e/admin", b"", PROVIDER, 400, "cannot be passed on"),
    "climbing in code of code": ("/v1/a/%25%32e%252e/x", b"", {}, 400, "cannot be passed on"),
    "climbing backwards": ("/v1/a%5c..%5cx", b"", {}, 400, "cannot be passed on"),
    "too large": ("/v1/x", b"x" * 65_537, {}, 413, "65,536 are allowed"),
    "form without an end": ("/v1/audio/translations", b"--b\r\n\r\nx", FORM, 400, "The form cannot be read"),
    "form without a boundary": ("/v1/x", b"--b", {"content-type": "multipart/form-data"}, 400, "names no boundary"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_passed_on_is_refused_and_traced(only: RunningServer, upstream: Upstream, case: str) -> None:
    path, body, headers, status, message = WRONG[case]
    before = len(upstream.requests(""))

    reply = only.request("POST", path, body=body, headers=headers)

    assert reply.status == status
    assert message in reply.json()["error"]["message"]
    assert span_of(only, reply.headers["x-request-id"])["operation"] == "passthrough"
    assert len(upstream.requests("")) == before


def test_where_several_could_be_meant_one_must_be_named(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("", said({"data": []}))

    unnamed = server.request("GET", "/v1/vector_stores")
    named = server.request("GET", "/v1/vector_stores", headers={"x-lasttenth-provider": "up"})

    assert unnamed.status == 400
    assert "name the provider in x-lasttenth-provider" in unnamed.json()["error"]["message"]
    assert (named.status, upstream.requests("")[-1].path) == (200, "/v1/vector_stores")


def test_own_paths_are_never_passed_on(server: RunningServer) -> None:
    reply = server.request("GET", "/v1/chat/completions", headers={"x-lasttenth-provider": "up"})

    assert reply.status == 405


def test_where_keys_are_needed_nothing_passes_without_one(upstream: Upstream, tmp_path: Path) -> None:
    settings = f"listen:\n  host: 127.0.0.1\n{SETTINGS.format(base_url=upstream.base_url)}"
    with running_server(tmp_path, settings=settings) as started:
        reply = started.request("GET", "/v1/vector_stores", headers={"authorization": "Bearer lt-unknown"})

    assert reply.status == 401


def test_client_that_leaves_in_the_middle_gives_the_request_up(caller: OpenAI, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("slow", UpstreamAnswer(media_type="audio/mpeg", body=(SOUND, gate, SOUND)))

    with caller.audio.speech.with_streaming_response.create(model="only/slow", voice="a", input="Hi.") as reply:
        next(reply.iter_bytes(10))

    eventually(lambda: upstream.requests("slow")[-1].abandoned)
    gate.open()


def test_client_that_leaves_before_the_answer_gives_the_request_up(
    caller: OpenAI, only: RunningServer, upstream: Upstream
) -> None:
    gate = upstream.gate()
    upstream.script("never", UpstreamAnswer(head=gate, body=(b"{}",)))
    trace = f"{len(upstream.requests('never')) + 1:032x}"

    with pytest.raises(openai.APITimeoutError):
        caller.with_options(timeout=0.5).images.generate(
            model="only/never", prompt="x", extra_headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        )

    assert span_of(only, trace)["error"] == "client_disconnected"
    gate.open()
