"""A route: one name for several deployments. Whatever one of them does before it has said anything, another answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI
from prometheus_client.parser import text_string_to_metric_families
from tests.journeys.commands import error_of
from tests.journeys.conversations import asked, spans_of

from lasttenth.models.bodies import EVENT_STREAM
from lasttenth.models.routes.hedging import ENOUGH
from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    eventually,
    failure,
    message_event,
    message_failure,
    message_stream,
    running_server,
    streamed,
)

SETTINGS = """
providers:
  openai: {{base_url: {base_url}}}
  other: {{base_url: {base_url}, structured_output: none}}
  gone: {{base_url: http://127.0.0.1:9/v1}}
  claude: {{base_url: {base_url}, protocol: anthropic}}
timeouts: {{read: 2}}
routes:
"""
ROUTE = """  {name}:
    deployments: [{{model: {first}, weight: {weight}}}, {{model: other/{name}-b}}]
    retries: 1
    {more}
"""
NAMES = {
    "unreachable": ("gone/x", ""),
    "crowded": ("openai/crowded-a", ""),
    "wrong": ("openai/wrong-a", ""),
    "long": ("openai/long-a", ""),
    "failing": ("openai/failing-a", ""),
    "breaking": ("openai/breaking-a", ""),
    "hedged-whole": ("openai/hedged-whole-a", "hedge: true"),
    "hedged-stream": ("openai/hedged-stream-a", "hedge: true"),
    "homely": ("openai/homely-a", "affinity: true"),
    "stormy": ("openai/stormy-a", ""),
    "stalling": ("openai/stalling-a", "first_content: 0.3"),
    "dead": ("openai/dead-a", "fallbacks: [openai/dead-c]"),
    "hopeless": ("openai/hopeless-a", "fallbacks: [openai/hopeless-c]"),
    "midway": ("openai/midway-a", ""),
    "tasked": ("openai/tasked-a", ""),
    "locked": ("openai/locked-a", ""),
}

MIXED = """  {name}:
    deployments: [{{model: claude/{name}-a, weight: 1000000}}, {{model: openai/{name}-b}}]
    retries: 1
"""
SPEAKERS = ["openai", "anthropic"]
FAILURES = {
    "refused": message_failure(529, "overloaded_error", "Too many."),
    "cut": message_stream(finished=False),
    "failed": message_stream(message_event("error", error={"type": "overloaded_error", "message": "Too many."})),
}
MIXES = [f"{speaks}-{how}-{end}" for speaks in SPEAKERS for how in FAILURES for end in ("whole", "stream")]


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("installation")
    routes = "".join(
        ROUTE.format(name=name, first=first, more=more, weight=1 if name == "homely" else 10**6)
        for name, (first, more) in NAMES.items()
    )
    routes += "".join(MIXED.format(name=name) for name in MIXES)
    with running_server(folder, settings=SETTINGS.format(base_url=upstream.base_url) + routes) as started:
        yield started


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0, timeout=20) as opened:
        yield opened


def answer(client: OpenAI, model: str, *, stream: bool) -> tuple[str, str, str]:
    """Return what a route answers, which model did, and the trace."""
    raw = client.chat.completions.with_raw_response.create(model=model, messages=asked("Hello?"), stream=stream)
    reply: Any = raw.parse()
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in reply if chunk.choices)
    else:
        text = reply.choices[0].message.content
    return text, raw.headers["x-lasttenth-model"], raw.headers["x-lasttenth-trace"]


def root_of(server: RunningServer, trace: str) -> dict[str, Any]:
    spans: list[dict[str, Any]] = msgspec.json.decode(server.request("GET", f"/api/traces/{trace}").body)
    return spans[0]


def good(stream: bool) -> UpstreamAnswer:
    return streamed("From ", "b.") if stream else completion("From b.")


def page(body: bytes, media_type: str = "application/json") -> UpstreamAnswer:
    return UpstreamAnswer(media_type=media_type, body=(body,))


FAULTS = {
    "500": failure(500, "Out of order."),
    "503": failure(503, "Busy."),
    "a page": page(b"<html>", "text/html"),
    "nothing": page(b""),
    "an error in a 200": page(b'{"error": {"message": "Oops."}}'),
    "a broken body": page(b'{"choices": ['),
    "a cut": UpstreamAnswer(body=(b'{"choices": [',), ending="cut"),
}
STREAM_FAULTS = {
    "500": failure(500, "Out of order."),
    "a whole reply": completion("Not a stream."),
    "an error at once": page(b'data: {"error": {"message": "Oops."}}\n\n', EVENT_STREAM),
    "an event that is none": page(b"data: {{{\n\n", EVENT_STREAM),
    "an end without content": page(b"data: [DONE]\n\n", EVENT_STREAM),
    "nothing": page(b"", EVENT_STREAM),
    "a cut before content": streamed("", finished=False, ending="cut"),
}


@pytest.mark.parametrize("stream", [False, True])
def test_deployment_that_cannot_be_reached_is_replaced(
    server: RunningServer, client: OpenAI, upstream: Upstream, *, stream: bool
) -> None:
    upstream.script("unreachable-b", good(stream))

    text, model, trace = answer(client, "unreachable", stream=stream)

    root = root_of(server, trace)
    assert (text, model, root["model"]) == ("From b.", "other/unreachable-b", "other/unreachable-b")
    tried = root["attributes"]["in_vain"]
    assert [(each["model"], each["failure"]) for each in tried] == [("gone/x", "unreachable")]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_whole_answer_lacks_another_deployment_gives(
    server: RunningServer, client: OpenAI, upstream: Upstream, fault: str
) -> None:
    upstream.script("failing-a", completion("Well."), FAULTS[fault], completion("Well."))
    upstream.script("failing-b", completion("From b."))
    assert answer(client, "failing", stream=False)[0] == "Well."

    text, model, trace = answer(client, "failing", stream=False)

    assert (text, model) == ("From b.", "other/failing-b")
    assert [each["model"] for each in root_of(server, trace)["attributes"]["in_vain"]] == ["openai/failing-a"]


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_whatever_a_stream_lacks_before_its_first_content_another_deployment_gives(
    client: OpenAI, upstream: Upstream, fault: str
) -> None:
    upstream.script("breaking-a", streamed("Well."), STREAM_FAULTS[fault], streamed("Well."))
    upstream.script("breaking-b", streamed("From ", "b."))
    assert answer(client, "breaking", stream=True)[0] == "Well."

    assert answer(client, "breaking", stream=True)[:2] == ("From b.", "other/breaking-b")


def test_stream_that_breaks_after_its_first_content_says_so(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("midway-a", streamed("One ", "two", finished=False, ending="cut"))

    with pytest.raises(openai.APIError):
        answer(client, "midway", stream=True)

    assert upstream.requests("midway-b") == []


def test_deployment_that_is_crowded_is_left_alone_for_as_long_as_it_asks(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("crowded-a", failure(429, "Slow down.", headers={"retry-after": "30"}))
    upstream.script("crowded-b", completion("From b."))

    assert [answer(client, "crowded", stream=False)[0] for _ in range(5)] == ["From b."] * 5
    assert len(upstream.requests("crowded-a")) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_deployment_that_says_nothing_in_time_is_replaced(client: OpenAI, upstream: Upstream, *, stream: bool) -> None:
    silent = UpstreamAnswer(media_type=EVENT_STREAM if stream else "application/json", body=(), ending="stall")
    upstream.script("stalling-a", silent)
    upstream.script("stalling-b", good(stream))

    assert answer(client, "stalling", stream=stream)[0] == "From b."


def test_outage_is_not_answered_by_a_storm_of_retries(client: OpenAI, upstream: Upstream) -> None:
    for name in ("stormy-a", "stormy-b"):
        upstream.script(name, *[failure(500, "Out of order.")] * 200)

    for _ in range(40):
        with pytest.raises(openai.APIStatusError):
            answer(client, "stormy", stream=False)

    sent = len(upstream.requests("stormy-a")) + len(upstream.requests("stormy-b"))
    assert sent <= 40 + 10 + 4


@pytest.mark.parametrize("stream", [False, True])
def test_call_that_says_nothing_for_long_is_made_once_more_elsewhere(
    server: RunningServer, client: OpenAI, upstream: Upstream, *, stream: bool
) -> None:
    name = f"hedged-{'stream' if stream else 'whole'}"
    upstream.script(f"{name}-a", good(stream))
    upstream.script(f"{name}-b", good(stream))
    for _ in range(ENOUGH):
        answer(client, name, stream=stream)
    silent = UpstreamAnswer(media_type=EVENT_STREAM if stream else "application/json", ending="stall")
    upstream.script(f"{name}-a", silent)

    text, model, trace = answer(client, name, stream=stream)

    (outrun,) = root_of(server, trace)["attributes"]["in_vain"]
    assert (text, model) == ("From b.", f"other/{name}-b")
    assert (outrun["model"], outrun["failure"]) == (f"openai/{name}-a", "outrun")
    eventually(lambda: upstream.requests(f"{name}-a")[-1].abandoned)


def test_prompts_that_begin_alike_go_to_the_same_deployment(client: OpenAI, upstream: Upstream) -> None:
    for name in ("homely-a", "homely-b"):
        upstream.script(name, completion("Yes."))

    for number in range(24):
        messages = [*asked(f"Conversation {number % 6} " * 99), *asked(f"Turn {number}")]
        client.chat.completions.create(model="homely", messages=messages)

    by_place = [
        {msgspec.json.decode(request.body)["messages"][0]["content"] for request in upstream.requests(name)}
        for name in ("homely-a", "homely-b")
    ]
    assert by_place[0] & by_place[1] == set()
    assert len(by_place[0] | by_place[1]) == 6


def test_wrong_request_goes_back_at_once(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("wrong-a", failure(400, "temperature is too high."))

    with pytest.raises(openai.BadRequestError, match="temperature is too high"):
        answer(client, "wrong", stream=False)

    assert upstream.requests("wrong-b") == []


def test_deployment_that_refuses_its_key_is_replaced(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("locked-a", failure(401, "No."))
    upstream.script("locked-b", completion("From b."))

    assert answer(client, "locked", stream=False)[0] == "From b."


def test_prompt_that_is_too_long_for_one_goes_to_another(client: OpenAI, upstream: Upstream) -> None:
    body = b'{"error": {"message": "Too long.", "code": "context_length_exceeded"}}'
    upstream.script("long-a", UpstreamAnswer(status=400, body=(body,)))
    upstream.script("long-b", completion("From b."))

    assert answer(client, "long", stream=False)[0] == "From b."


def test_fallback_is_asked_when_all_deployments_have_failed(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    for name in ("dead-a", "dead-b"):
        upstream.script(name, failure(500, "Out of order."))
    upstream.script("dead-c", completion("From c."))

    text, model, trace = answer(client, "dead", stream=False)

    tried = root_of(server, trace)["attributes"]["in_vain"]
    assert (text, model) == ("From c.", "openai/dead-c")
    assert sorted(each["model"] for each in tried) == ["openai/dead-a", "other/dead-b"]
    assert {each["failure"] for each in tried} == {"failed"}


def test_where_all_fail_the_last_error_is_told_with_all_attempts(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    for name in ("hopeless-a", "hopeless-b"):
        upstream.script(name, failure(500, "Out of order."))
    upstream.script("hopeless-c", failure(529, "Overloaded.", headers={"retry-after": "9"}))

    with pytest.raises(openai.APIStatusError, match=r"Overloaded") as failed:
        answer(client, "hopeless", stream=False)

    root = root_of(server, failed.value.response.headers["x-lasttenth-trace"])
    assert (failed.value.status_code, failed.value.response.headers["retry-after"]) == (529, "9")
    assert len(root["attributes"]["in_vain"]) == 2


def test_task_may_name_a_route_and_its_trace_is_replayed(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("tasked-a", failure(500, "Out of order."))
    upstream.script("tasked-b", completion("From b."))
    text = "---\nname: routed\nmodel: tasked\n---\n\n# User\n\n{{ question }}\n"
    assert server.request("POST", "/api/tasks", body=msgspec.json.encode({"text": text})).status == 200

    reply = client.chat.completions.with_raw_response.create(model="task/routed", messages=asked("Hello?"))

    body = msgspec.json.encode({"traces": [reply.headers["x-lasttenth-trace"]]})
    (replayed,) = msgspec.json.decode(server.request("POST", "/api/replays", body=body).body)
    assert reply.parse().choices[0].message.content == "From b."
    assert (replayed["outcome"], replayed["differences"]) == ("same", [])


def test_routes_are_listed_as_models(client: OpenAI) -> None:
    assert set(NAMES) <= {model.id for model in client.models.list() if model.owned_by == "route"}


@pytest.mark.parametrize("name", MIXES)
def test_deployment_of_one_protocol_is_replaced_by_one_of_another(
    server: RunningServer, upstream: Upstream, name: str
) -> None:
    speaks, failed, form = name.split("-")
    is_stream = form == "stream"
    upstream.script(f"{name}-a", FAILURES[failed])
    upstream.script(f"{name}-b", streamed("From ", "b.") if is_stream else completion("From b."))
    path = "/v1/messages" if speaks == "anthropic" else "/v1/chat/completions"
    body = {"model": name, "messages": asked("Hello?"), "stream": is_stream, "max_tokens": 9}

    found = server.request("POST", path, body=msgspec.json.encode(body))

    assert found.status == 200
    assert (b"From " if is_stream else b"From b.") in found.body
    assert (b"content_block" in found.body) == (speaks == "anthropic" and is_stream)
    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    assert span["model"] == f"openai/{name}-b"
    assert [each["model"] for each in span["attributes"]["in_vain"]] == [f"claude/{name}-a"]
    assert span["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ("{a/b: {deployments: [{model: builtin/extractive}]}}", "cannot name a route"),
        ("{a: {deployments: [{model: nobody/m}]}}", "no such provider"),
        ("{a: {deployments: []}}", "length"),
        ("{a: {deployments: [{model: builtin/extractive, weight: 0}]}}", "weight"),
        ("{a: {deployments: [{model: builtin/extractive}], retries: -1}}", "retries"),
    ],
)
def test_route_that_leads_nowhere_is_a_mistake_in_the_settings(tmp_path: Path, routes: str, said: str) -> None:
    (tmp_path / "lasttenth.yaml").write_text(f"routes: {routes}")

    code, error = error_of("tasks", folder=tmp_path)

    assert (code, error["code"]) == (2, "invalid_configuration")
    assert said in error["message"]


def test_prometheus_reads_what_happened_and_how_deployments_stand(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("counted-a", completion("Yes."))
    for _ in range(3):
        answer(client, "openai/counted-a", stream=False)

    page = (Path(__file__).parent.parent.parent / "docs/guides/metrics.md").read_text()

    def samples() -> dict[str, float]:
        text = server.request("GET", "/metrics").body.decode()
        assert [each.name for each in text_string_to_metric_families(text) if f"`{each.name}" not in page] == []
        return {
            f"{each.name} {each.labels.get('model', '')} {each.labels.get('direction', '')}".strip(): each.value
            for family in text_string_to_metric_families(text)
            for each in family.samples
        }

    eventually(lambda: samples().get("lasttenth_spans_total openai/counted-a") == 3)
    found = samples()
    assert found["lasttenth_tokens_total openai/counted-a input"] == 33
    assert found["lasttenth_deployment_waiting_calls gone/x"] == 0
    assert "lasttenth_recorder_dropped_spans" in found
