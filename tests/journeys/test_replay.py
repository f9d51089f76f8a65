"""Traces are cassettes: what was recorded is done once more without a network, and comes out the same."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import APIError, OpenAI
from tests.journeys.commands import lasttenth, output_of
from tests.journeys.conversations import POLICY, REFUNDS, asked
from tests.journeys.test_tasks import LETTER, called

from lasttenth import App, SyncApp
from lasttenth.app.replaying import Replayed, Replayer
from lasttenth.context.indexing import TextDocument
from lasttenth.models.port import ModelReply, ModelRequest
from lasttenth.records.traces import Span
from lasttenth.serve.cassette import Cassette
from lasttenth.testing import RunningServer, Upstream, clean_environment, completion, eventually, streamed

REQUESTS = 500
GRUMPY = (
    LETTER.replace("letter", "grumpy")
    .replace("Dear", "Be short with {{ question }}, dear")
    .replace('{{ name }}, {{ items | join(" and ") }}', "all")
)
SHAPED = """---
name: shaped
model: scripted/echo
input_schema: {type: object, properties: {question: {type: string}}}
output_schema: {type: object, properties: {From: {type: string}}, required: [From], additionalProperties: false}
nearest_examples: 1
examples:
  - {input: {question: "Nº 4"}, output: '{"From": "four"}'}
  - {input: {question: "<b>Nº 10</b>"}, output: '{"From": "ten"}'}
---

# User

{{ question }}
"""


def traces_of(server: RunningServer) -> list[str]:
    return [trace["trace_id"] for trace in called(server, "GET", "/api/traces?limit=1000")]


def replayed(server: RunningServer) -> list[Replayed]:
    """Replay the traces of a server."""
    return msgspec.convert(called(server, "POST", "/api/replays", traces=traces_of(server)), list[Replayed])


def test_requests_of_every_kind_come_out_the_same(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("whole", completion("From above."))
    upstream.script("streaming", streamed("From ", "above."))
    for name in ("whole", "streaming"):
        text = LETTER.replace("scripted/echo", f"up/{name}").replace("letter", f"letter-{name}")
        called(server, "POST", "/api/tasks", text=text)
    called(server, "POST", "/api/tasks", text=LETTER)
    given = {"lasttenth_variables": '{"name": "Ann", "items": ["lamp"]}'}
    usage: Any = {"include_usage": True}
    for stream in (False, True):
        name, options = ("streaming", {"stream_options": usage}) if stream else ("whole", {})
        for model, messages, metadata in (
            ("task/answer", asked(REFUNDS), None),
            ("task/answer", asked("Who painted the ceiling of the Sistine Chapel?"), {"theirs": "stays"}),
            ("task/letter", [], given),
            (f"task/letter-{name}", [], given),
            (f"up/{name}", asked("Hello?"), None),
            ("scripted/echo", asked("Hello?"), None),
        ):
            _heard(client, model, messages, stream=stream, metadata=metadata, **options)
            _heard(client, model, messages, stream=stream, metadata=metadata)
    embed = msgspec.json.encode({"model": "up/whole", "input": "text"})
    assert server.request("POST", "/v1/embeddings", body=embed).status == 200
    for model in ("scripted/crowded", "scripted/broken", "gone/m", "nobody/m", "task/nobody"):
        with pytest.raises(APIError):
            _heard(client, model, asked("Hello?"), stream=model == "scripted/broken")

    eventually(lambda: len(traces_of(server)) >= 30)
    found = [each for each in replayed(server) if each.outcome != "same"]
    assert [each.reason for each in found] == ["chat task/nobody ended before it was known which release answers."]


def _heard(client: OpenAI, model: str, messages: Sequence[Any], *, stream: bool, **fields: Any) -> None:
    reply = client.chat.completions.create(model=model, messages=list(messages), stream=stream, **fields)
    if stream:
        for _ in reply:
            pass


class Noting(Cassette):
    """A cassette that notes what is asked."""

    def __init__(self, spans: Sequence[Span], asked: list[bytes]) -> None:
        super().__init__(spans)
        self._asked = asked

    def answer(self, provider: str, request: ModelRequest) -> ModelReply | None:
        """Return the recorded answer to a request."""
        self._asked.append(request.body)
        return super().answer(provider, request)


def test_every_request_is_made_again_to_the_byte(upstream: Upstream, tmp_path: Path) -> None:
    upstream.script("again", completion('{"From": "above."}'))
    settings = tmp_path / "lasttenth.yaml"
    settings.write_text(f"providers: {{up: {{base_url: {upstream.base_url}}}}}")
    with SyncApp(tmp_path, configuration=settings) as app:
        app.add_texts([TextDocument(name="policy.md", text=POLICY)])
        for text in (LETTER, GRUMPY, SHAPED):
            app.tasks.push(text.replace("scripted/echo", "up/again"))
        for number in range(REQUESTS):
            _mixed(app, number)
        traces = [trace.trace_id for trace in app.traces(limit=REQUESTS)]
    made: list[bytes] = []

    async def replay() -> list[Replayed]:
        async with App(tmp_path, configuration=settings) as app:
            replayer = Replayer(app.installation, app.project, cassette_of=partial(Noting, asked=made))
            return [await replayer.replay(trace) for trace in traces[::-1]]

    assert [each for each in asyncio.run(replay()) if each.outcome != "same"] == []
    assert made == [request.body for request in upstream.requests("again")]
    assert len(made) == REQUESTS


def _mixed(app: SyncApp, number: int) -> None:
    """Ask for one of several things, each time in other words."""
    words = f"Nº {number}: “{chr(0x1F600 + number % 50)}” \\ <b>&amp;</b> \u2028 {number / 7}"
    said = {"role": "assistant", "content": "Which one?"}
    kind = number % 6
    if kind == 0:
        app.ask(words, model="up/again")
    elif kind == 1:
        app.ask("", task="letter", variables={"name": words, "items": [words, number]})
    elif kind == 2:
        app.chat("task/grumpy", [*asked(words), said, *asked("That one.")])
    elif kind == 3:
        app.chat("up/again", [*asked(words), said, {"role": "user", "content": [{"type": "text", "text": words}]}])
    elif kind == 4:
        app.task("shaped").ask(words)
    else:
        app.chat("task/grumpy", asked(words), metadata={"lasttenth_model": "up/again", "theirs": words})


def test_requests_of_one_trace_are_replayed_each_for_itself(server: RunningServer, client: OpenAI) -> None:
    called(server, "POST", "/api/tasks", text=LETTER)
    headers = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    given: dict[str, Any] = {"lasttenth_variables": '{"name": "Ann", "items": ["lamp"]}'}
    with pytest.raises(APIError):
        client.chat.completions.create(model="nobody/m", messages=asked("Hello?"), extra_headers=headers)
    for text in (POLICY, "# Refunds\n\nYou can return any lamp within 90 days of delivery.\n"):
        body = msgspec.json.encode({"documents": [{"name": "policy.md", "text": text}]})
        assert server.request("POST", "/api/indexes/default/documents", body=body).status == 200
        for model, messages in (
            ("task/answer", asked(REFUNDS)),
            ("scripted/echo", asked("Hello?")),
            ("task/letter", []),
        ):
            client.chat.completions.create(model=model, messages=messages, metadata=given, extra_headers=headers)

    def replay() -> Any:
        return called(server, "POST", "/api/replays", traces=["ab" * 16])

    eventually(lambda: len(called(server, "GET", f"/api/traces/{'ab' * 16}")) >= 13)
    assert [(each["outcome"], each["differences"]) for each in replay()] == [("same", [])]


def test_cheaper_model_answers_for_itself(recorded: Path) -> None:
    (recorded / "letter.md").write_text(LETTER.replace("scripted/echo", "builtin/extractive"))
    output_of("task", "push", "letter.md", "--pointer", "canary", folder=recorded)

    offline = output_of("replay", "--task", "letter", "--release", "canary", folder=recorded)[0]
    live = output_of("replay", "--task", "letter", "--release", "canary", "--live", folder=recorded)[0]

    assert [(each["outcome"], each["unrecorded"]) for each in (offline, live)] == [("different", 1)] * 2
    assert "output" in {each["part"] for each in live["differences"]}
    names = [trace["name"] for trace in output_of("traces", folder=recorded)]
    assert "chat builtin/extractive" in names


def test_traces_of_another_task_do_not_end_a_replay(recorded: Path) -> None:
    output_of("task", "push", "letter.md", "--pointer", "canary", folder=_with_letter(recorded))

    found = output_of("replay", "--release", "canary", folder=recorded)

    assert [each["outcome"] for each in found] == ["same", "not reproducible"]
    assert lasttenth("replay", "--task", "answer", "--release", "canary", folder=recorded).returncode == 3
    assert lasttenth("replay", "--task", "nope", folder=recorded).returncode == 3


def _with_letter(folder: Path) -> Path:
    (folder / "letter.md").write_text(LETTER)
    return folder


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a folder with a trace of the built-in task and one of a task of its own."""
    with SyncApp(tmp_path) as app:
        app.add_texts([TextDocument(name="policy.md", text=POLICY)])
        app.tasks.push(LETTER)
        app.ask(REFUNDS)
        app.ask("", task="letter", variables={"name": "Ann", "items": ["lamp"]})
    return tmp_path


def test_replay_needs_neither_network_nor_index_nor_provider(recorded: Path) -> None:
    (recorded / "lasttenth.yaml").write_text("providers: {up: {base_url: 'http://127.0.0.1:9/v1'}}")
    output_of("index", "drop", "default", folder=recorded)

    replayed = _offline("replay", "--json", folder=recorded)
    refused = _offline("ask", "Hello?", "--model", "up/m", "--task", "letter", *GIVEN, folder=recorded)

    assert [each["outcome"] for each in json.loads(replayed.stdout)] == ["same", "same"]
    assert "socket.connect" in refused.stderr


GIVEN = ("--variable", "name=Ann", "--variable", "items:=[]")
OFFLINE = """
import sys

def forbid(event, _):
    if event in {"socket.bind", "socket.connect", "socket.getaddrinfo"}:
        raise RuntimeError(event)

sys.addaudithook(forbid)
from lasttenth.cli.main import main
main()
"""


def _offline(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process that may open no connection."""
    environment = {**clean_environment(folder), "LASTTENTH_FOLDER": str(folder)}
    command = [sys.executable, "-c", OFFLINE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=60, check=False)


def test_replay_stores_nothing(recorded: Path) -> None:
    with SyncApp(recorded) as app:
        before = app.traces(), app.usage()
        app.replay([trace.trace_id for trace in before[0]])

        assert (app.traces(), app.usage()) == before


def test_another_release_shows_what_it_would_ask_and_what_it_answers_if_it_may(recorded: Path) -> None:
    (recorded / "letter.md").write_text(LETTER.replace("Dear", "Hello"))
    output_of("task", "push", "letter.md", "--pointer", "canary", folder=recorded)

    shown = lasttenth("replay", "--task", "letter", "--release", "canary", folder=recorded)
    assert shown.returncode == 0
    assert "messages.0.content  Dear Ann, lamp are on their way. → Hello Ann, lamp are on their way." in shown.stdout

    answered = output_of("replay", "--task", "letter", "--release", "canary", "--live", folder=recorded)[0]
    assert (answered["outcome"], answered["unrecorded"]) == ("different", 1)
    changes = [change for each in answered["differences"] if each["part"] == "output" for change in each["changes"]]
    assert {"Hello Ann, lamp are on their way."} <= {change["after"] for change in changes}


def test_trace_that_was_erased_or_kept_without_payloads_is_named(recorded: Path) -> None:
    (recorded / "lasttenth.yaml").write_text("traces: {payloads: false}")
    assert output_of("ask", "Hello?", "--task", "answer", folder=recorded)["trace_id"]

    found = output_of("replay", folder=recorded)

    assert [each["outcome"] for each in found] == ["not reproducible", "same", "same"]
    assert found[0]["reason"] == "chat task/answer was recorded without its input."


def test_what_a_provider_looks_up_by_itself_is_named(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("searching", completion("It rains."))
    called(
        server, "POST", "/api/tasks", text=LETTER.replace("scripted/echo", "up/searching").replace("letter", "weather")
    )
    other = called(server, "POST", "/api/tasks", text=LETTER.replace("letter", "weather"), pointer="")["release"]
    reply = client.chat.completions.with_raw_response.create(
        model="task/weather",
        messages=[],
        metadata={"lasttenth_variables": '{"name": "Ann", "items": []}'},
        extra_body={"tools": [{"type": "web_search"}]},
    )
    trace = [reply.headers["x-lasttenth-trace"]]

    (same,) = called(server, "POST", "/api/replays", traces=trace)
    (what_if,) = called(server, "POST", "/api/replays", traces=trace, release=other)

    assert same["outcome"] == "same"
    assert what_if["outcome"] == "not reproducible"
    assert "let its provider use web_search" in what_if["reason"]
