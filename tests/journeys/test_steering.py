"""Where a call may go, what it may cost and how long it may take: tags, the strategy of cost, and times of a route."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.journeys.commands import lasttenth, output_of
from tests.journeys.conversations import asked, spans_of
from tests.journeys.test_tasks import called

from lasttenth.testing import (
    HttpAnswer,
    RunningServer,
    Upstream,
    completion,
    eventually,
    failure,
    message,
    message_event,
    message_stream,
    running_server,
    streamed,
)

SETTINGS = """
providers:
  openai: {{base_url: {url}}}
  abroad: {{base_url: {url}}}
  inland: {{base_url: {url}, tags: [eu]}}
  google: {{base_url: {url}}}
  anthropic: {{base_url: {url}, protocol: anthropic}}
  ruled:
    base_url: {url}
    unsupported:
      - {{models: "o*", parameters: [temperature], then: drop}}
      - {{models: "o*", parameters: [top_p]}}
      - {{parameters: [logit_bias], then: error}}
  strict: {{base_url: {url}, protocol: anthropic, unsupported: [{{then: error}}]}}
  quiet: {{base_url: {url}, protocol: anthropic, unsupported: [{{then: drop}}]}}
routes:
  placed:
    deployments: [{{model: abroad/placed-a, weight: 1000000}}, {{model: inland/placed-b, tags: [gpu]}}]
    fallbacks: [abroad/placed-c]
  cheap:
    strategy: cost
    deployments: [{{model: openai/gpt-5-pro}}, {{model: openai/gpt-5-nano}}, {{model: abroad/unknown}}]
    retries: 2
  paid:
    strategy: cost
    deployments: [{{model: anthropic/claude-haiku-4-5}}, {{model: abroad/free}}]
  unsuited:
    deployments: [{{model: ruled/unsuited-a, weight: 1000000}}, {{model: abroad/unsuited-b}}]
  paused: {{deployments: [{{model: abroad/paused}}], between: 0.3}}
  long: {{deployments: [{{model: abroad/long}}], total: 0.6, retries: 0}}
  whole: {{deployments: [{{model: abroad/whole}}], total: 0.4, retries: 5}}
"""


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with running_server(folder, settings=SETTINGS.format(url=upstream.base_url)) as started:
        yield started


def ask(server: RunningServer, model: str, tags: str = "", **fields: Any) -> HttpAnswer:
    body = msgspec.json.encode({"model": model, "messages": asked("Hello?"), **fields})
    return server.request("POST", "/v1/chat/completions", body=body, headers={"x-lasttenth-tags": tags} if tags else {})


@pytest.mark.parametrize("tags", ["eu", "EU, gpu"])
def test_route_asks_only_deployments_that_have_the_tags(server: RunningServer, upstream: Upstream, tags: str) -> None:
    upstream.script("placed-b", completion("From b."))

    found = ask(server, "placed", tags)

    assert found.status == 200
    assert found.headers["x-lasttenth-model"] == "inland/placed-b"


def test_no_fallback_without_the_tags_is_asked(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("placed-b", failure(400, "No."))
    before = len(upstream.requests("placed-a")) + len(upstream.requests("placed-c"))

    found = ask(server, "placed", "eu")

    assert found.status == 400
    assert len(upstream.requests("placed-a")) + len(upstream.requests("placed-c")) == before


def test_call_that_nobody_may_answer_is_refused(server: RunningServer) -> None:
    found = ask(server, "placed", "mars")

    assert (found.status, found.json()["error"]["param"]) == (400, "tags")
    assert "No deployment of placed has the tags that were asked for: mars" in found.json()["error"]["message"]


def test_provider_without_the_tags_is_not_asked(server: RunningServer, upstream: Upstream) -> None:
    found = ask(server, "abroad/any", "eu")

    assert found.status == 400
    assert "Providers that have them: inland" in found.json()["error"]["message"]
    assert not upstream.requests("any")


def test_nothing_passes_through_to_a_place_without_the_tags(server: RunningServer, upstream: Upstream) -> None:
    tagged = {"x-lasttenth-tags": "eu", "content-type": "application/json"}
    body = b'{"model": "abroad/speech", "input": "Hello."}'

    refused = server.request("POST", "/v1/audio/speech", body=body, headers=tagged)
    by_name = server.request("GET", "/passthrough/ruled/v1/anything", headers=tagged)

    assert (refused.status, by_name.status) == (400, 400)
    assert "Providers that have them: inland" in refused.json()["error"]["message"]
    assert not upstream.requests("speech")


def test_models_of_this_process_are_local(server: RunningServer) -> None:
    assert ask(server, "scripted/echo", "local").status == 200
    assert ask(server, "scripted/echo", "eu").status == 400


def test_empty_tags_are_a_mistake(server: RunningServer) -> None:
    assert ask(server, "scripted/echo", " , ").status == 400


def test_task_keeps_the_tags_of_its_caller(server: RunningServer, upstream: Upstream) -> None:
    text = "---\nname: placed-task\nmodel: abroad/placed-d\n---\n\n# User\n\n{{ question }}\n"
    assert server.request("POST", "/api/tasks", body=msgspec.json.encode({"text": text})).status == 200
    upstream.script("placed-d", completion("Yes."))

    refused = ask(server, "task/placed-task", "eu")
    by_metadata = ask(server, "task/placed-task", metadata={"lasttenth_tags": "eu"})
    free = ask(server, "task/placed-task")

    assert [refused.status, by_metadata.status, free.status] == [400, 400, 200]


@pytest.mark.parametrize("tagged", ["header", "metadata"])
def test_live_replay_keeps_the_tags_of_the_trace(server: RunningServer, upstream: Upstream, tagged: str) -> None:
    name = f"live-{tagged}"
    text = f"---\nname: {name}\nmodel: %s/{name}\n---\n\n# User\n\n{{{{ question }}}}\n"
    called(server, "POST", "/api/tasks", text=text % "inland")
    other = called(server, "POST", "/api/tasks", text=text % "abroad", pointer="")["release"]
    upstream.script(name, completion("Yes."), completion("From abroad."))
    model = f"task/{name}"
    answer = ask(server, model, "eu") if tagged == "header" else ask(server, model, metadata={"lasttenth_tags": "eu"})
    trace = answer.headers["x-lasttenth-trace"]
    eventually(lambda: bool(spans_of(server, trace)))

    (replayed,) = called(server, "POST", "/api/replays", traces=[trace], release=other, live=True)

    assert (replayed["outcome"], replayed["unrecorded"]) == ("different", 1)
    assert len(upstream.requests(name)) == 1


def test_cheapest_deployment_is_asked_first_and_the_unknown_last(server: RunningServer, upstream: Upstream) -> None:
    for model in ("gpt-5-pro", "gpt-5-nano", "unknown"):
        upstream.script(model, failure(500, "No."))

    found = ask(server, "cheap")

    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    in_vain = [each["model"] for each in span["attributes"]["in_vain"]]
    assert [*in_vain, span["model"]] == ["openai/gpt-5-nano", "openai/gpt-5-pro", "abroad/unknown"]


def test_parameters_that_a_model_does_not_take_are_left_out_as_the_rules_say(
    server: RunningServer, upstream: Upstream
) -> None:
    upstream.script("O9", completion("Yes."))
    upstream.script("plain", completion("Yes."))

    ruled = ask(server, "ruled/O9", temperature=0.5, top_p=0.5, seed=4)
    free = ask(server, "ruled/plain", temperature=0.5, top_p=0.5)

    sent = msgspec.json.decode(upstream.requests("O9")[-1].body)
    assert sent == {"model": "O9", "messages": asked("Hello?"), "seed": 4}
    assert ruled.headers["x-lasttenth-lost"] == "top_p"
    (span,) = spans_of(server, ruled.headers["x-lasttenth-trace"])
    assert span["attributes"]["lost"] == ["temperature", "top_p"]
    assert span["usage"]["output_tokens"] == 7
    assert "x-lasttenth-lost" not in free.headers
    assert msgspec.json.decode(upstream.requests("plain")[-1].body)["top_p"] == 0.5


def test_parameter_that_may_not_be_asked_is_refused(server: RunningServer, upstream: Upstream) -> None:
    found = ask(server, "ruled/any", logit_bias={"1": 2})

    assert (found.status, found.json()["error"]["param"]) == (400, "logit_bias")
    assert "any does not take logit_bias" in found.json()["error"]["message"]
    assert not upstream.requests("any")


def test_deployment_that_may_not_be_asked_so_leaves_it_to_another(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("unsuited-b", completion("Yes."))

    found = ask(server, "unsuited", logit_bias={"1": 2})

    assert (found.status, found.headers["x-lasttenth-model"]) == (200, "abroad/unsuited-b")
    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    assert [each["failure"] for each in span["attributes"]["in_vain"]] == ["unsuited"]


def test_rules_decide_about_what_a_translation_loses(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("losing", message("Yes."))

    refused = ask(server, "strict/losing", seed=4)
    whole = ask(server, "strict/losing")
    quiet = ask(server, "quiet/losing", seed=4)

    assert (refused.status, refused.json()["error"]["param"]) == (400, "seed")
    assert [whole.status, quiet.status] == [200, 200]
    assert "x-lasttenth-lost" not in quiet.headers
    (span,) = spans_of(server, quiet.headers["x-lasttenth-trace"])
    assert span["attributes"]["lost"] == ["seed"]


def test_what_an_attempt_in_vain_consumed_is_paid_for(server: RunningServer, upstream: Upstream) -> None:
    counts = {"input_tokens": 1000, "output_tokens": 9}
    overloaded = message_event("error", error={"type": "overloaded_error", "message": "No."})
    upstream.script("claude-haiku-4-5", message_stream(overloaded, usage=counts, finished=False))
    upstream.script("free", failure(500, "No."))

    found = ask(server, "paid", stream=True)

    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    in_vain = [each for each in span["attributes"]["in_vain"] if each["model"].startswith("anthropic")]
    assert in_vain[0]["usage"] == {"input_tokens": 1000, "output_tokens": 1}
    assert in_vain[0]["cost"] == 1000 * 1000 + 1 * 5000
    assert span["cost"] == sum(each["cost"] for each in in_vain)


def test_stream_that_pauses_too_long_ends_with_an_error(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("paused", streamed("One ", gate, "two."))

    found = ask(server, "paused", stream=True)
    gate.open()

    assert b"One " in found.body
    assert b"paused for too long" in found.body
    (span,) = spans_of(server, found.headers["x-lasttenth-trace"])
    assert span["error"] == "upstream_timeout"


def test_stream_that_takes_too_long_in_all_ends_with_an_error(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("long", streamed("One ", gate, "two."))

    found = ask(server, "long", stream=True)
    gate.open()

    assert b"took too long in all" in found.body


def test_retries_end_with_the_time_of_the_route(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("whole", streamed(gate, "Never."))

    found = ask(server, "whole")
    gate.open()

    assert (found.status, found.json()["error"]["code"]) == (504, "upstream_timeout")
    assert len(upstream.requests("whole")) == 1


def test_calls_of_a_model_that_retires_are_marked(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("gemini-2.0-flash-exp-image-generation", completion("Yes."))
    upstream.script("nobody-knows", completion("Yes."))

    old = ask(server, "google/gemini-2.0-flash-exp-image-generation")
    new = ask(server, "google/nobody-knows")

    (span,) = spans_of(server, old.headers["x-lasttenth-trace"])
    assert span["attributes"]["retires"] == "2025-11-14"
    (span,) = spans_of(server, new.headers["x-lasttenth-trace"])
    assert "retires" not in span["attributes"]


def test_doctor_names_models_that_retire_and_who_asks_them(tmp_path: Path) -> None:
    old = "google/gemini-2.0-flash-exp-image-generation"
    (tmp_path / "lasttenth.yaml").write_text(
        "providers: {google: {base_url: http://127.0.0.1:9/v1}}\n"
        f"routes: {{old: {{deployments: [{{model: builtin/extractive}}], fallbacks: [{old}]}}}}\n"
    )
    (tmp_path / "aged.md").write_text(f"---\nname: aged\nmodel: {old}\n---\n\n# User\n\n{{{{ question }}}}\n")
    output_of("task", "push", "aged.md", folder=tmp_path)

    findings = json.loads(lasttenth("doctor", "--json", folder=tmp_path).stdout)

    said = [each["said"] for each in findings if each["what"] == "Model"]
    assert [text.split(": ")[0] for text in said] == [
        f"{old} retires on 2025-11-14, and route old asks it",
        f"{old} retires on 2025-11-14, and task aged asks it",
    ]
