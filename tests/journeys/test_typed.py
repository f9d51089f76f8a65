"""Typed answers, asked for by the official OpenAI client and from Python: what comes back fits, whatever the model says."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from tests.journeys.conversations import asked

from lasttenth import SyncApp
from lasttenth.models import openai as shapes
from lasttenth.records.errors import InvalidAnswerError, InvalidRequestError
from lasttenth.records.usage import Usage
from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, completion, failure, running_server, streamed

SETTINGS = """
providers:
  openai:
    base_url: {base_url}
  loose:
    base_url: {base_url}
    structured_output: none
  half:
    base_url: {base_url}
    structured_output: json_object
"""
TONE = """---
name: {name}
model: {model}
output_schema:
  type: object
  properties:
    why: {{type: string}}
    tone: {{enum: [calm, angry]}}
  required: [why, tone]
  additionalProperties: false
---

# System

How does it sound?

# User

{{{{ question }}}}
"""
GOOD = '{"why": "It shouts.", "tone": "angry"}'
BAD = '{"why": "It shouts.", "tone": "loud"}'
COSTED = "gpt-4o-mini"


class Tone(msgspec.Struct):
    why: str
    tone: str


class PydanticTone(BaseModel):
    why: str
    tone: str = "calm"


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with running_server(folder, settings=SETTINGS.format(base_url=upstream.base_url)) as started:
        yield started


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0, timeout=20) as opened:
        yield opened


def pushed(server: RunningServer, name: str, model: str, text: str = TONE) -> None:
    body = msgspec.json.encode({"text": text.format(name=name, model=model)})
    assert server.request("POST", "/api/tasks", body=body).status == 200


def sent(upstream: Upstream, model: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(request.body) for request in upstream.requests(model)]


def spans_of(server: RunningServer, trace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(server.request("GET", f"/api/traces/{trace}").body)
    return found


def refusing() -> UpstreamAnswer:
    head = shapes.ReplyHead(id="chatcmpl-upstream", created=1, model="upstream")
    said = shapes.Answer(text="", refusal="I will not.")
    return UpstreamAnswer(body=(shapes.completion(head, said, usage=Usage(input_tokens=1)),))


def cut_off(text: str) -> UpstreamAnswer:
    head = shapes.ReplyHead(id="chatcmpl-upstream", created=1, model="upstream")
    return UpstreamAnswer(body=(shapes.completion(head, shapes.Answer(text=text), usage=None, reason="length"),))


def test_schema_goes_with_the_request_in_its_own_order(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("held", completion(GOOD))
    pushed(server, "held", "openai/held")

    raw = client.chat.completions.with_raw_response.create(model="task/held", messages=asked("WHERE IS IT?"))

    form = sent(upstream, "held")[0]["response_format"]
    assert (form["type"], form["json_schema"]["name"], form["json_schema"]["strict"]) == ("json_schema", "held", True)
    assert list(form["json_schema"]["schema"]["properties"]) == ["why", "tone"]
    assert raw.parse().choices[0].message.content == GOOD
    assert raw.headers["x-lasttenth-attempts"] == "1"


def test_answer_that_does_not_fit_is_asked_for_again_and_all_of_it_is_costed(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    usage = Usage(input_tokens=1000, output_tokens=100)
    upstream.script(COSTED, completion(BAD, usage=usage), completion(GOOD, usage=usage))
    pushed(server, "again", f"openai/{COSTED}")

    raw = client.chat.completions.with_raw_response.create(model="task/again", messages=asked("WHERE IS IT?"))

    first, second = sent(upstream, COSTED)
    root, *calls = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert raw.parse().choices[0].message.content == GOOD
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-2] == {"role": "assistant", "content": BAD}
    assert 'tone: "loud" is not one of' in second["messages"][-1]["content"]
    assert root["attributes"] == {"attempts": 2}
    assert (root["usage"]["input_tokens"], root["cost"]) == (2000, sum(call["cost"] for call in calls))
    assert root["cost"] > 0


def test_schema_stands_in_the_prompt_where_the_provider_cannot_be_told(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("told", completion(f"Sure!\n```json\n{GOOD}\n```\nAnything else?"))
    pushed(server, "told", "loose/told")

    raw = client.chat.completions.with_raw_response.create(model="task/told", messages=asked("WHERE IS IT?"))

    (body,) = sent(upstream, "told")
    (root, _) = spans_of(server, raw.headers["x-lasttenth-trace"])
    assert "response_format" not in body
    assert '"properties":{"why":' in body["messages"][0]["content"]
    assert raw.parse().choices[0].message.content == GOOD
    assert root["attributes"] == {"attempts": 1, "repaired": True}


def test_provider_that_knows_json_alone_is_asked_for_that(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("half", completion(GOOD))
    pushed(server, "half", "half/half")

    client.chat.completions.create(model="task/half", messages=asked("WHERE IS IT?"))

    (body,) = sent(upstream, "half")
    assert body["response_format"] == {"type": "json_object"}
    assert "JSON Schema" in body["messages"][0]["content"]


def test_answer_that_never_fits_is_an_error_whose_cost_is_known(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("never", completion(BAD))
    pushed(server, "never", "loose/never")

    with pytest.raises(openai.APIStatusError) as failed:
        client.chat.completions.create(model="task/never", messages=asked("WHERE IS IT?"))

    root, *calls = spans_of(server, failed.value.response.headers["x-lasttenth-trace"])
    assert (failed.value.status_code, failed.value.code) == (502, "invalid_answer")
    assert "asked 3 times" in str(failed.value)
    assert (root["error"], root["usage"]["input_tokens"], len(calls)) == ("invalid_answer", 33, 3)


def test_answer_that_is_cut_off_is_not_asked_for_again(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("cut", cut_off(GOOD[:20]))
    pushed(server, "cut", "openai/cut")

    with pytest.raises(openai.APIStatusError, match=r"asked once .* cut off"):
        client.chat.completions.create(model="task/cut", messages=asked("WHERE IS IT?"))


def test_refusal_is_passed_on(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("refusing", refusing())
    pushed(server, "refusing", "openai/refusing")

    reply = client.chat.completions.create(model="task/refusing", messages=asked("WHERE IS IT?"))

    assert (reply.choices[0].message.content, reply.choices[0].message.refusal) == (None, "I will not.")


def test_stream_passes_as_it_comes_where_the_provider_holds_its_model(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    gate = upstream.gate()
    upstream.script("flowing", streamed(GOOD[:10], gate, GOOD[10:]))
    pushed(server, "flowing", "openai/flowing")

    chunks = client.chat.completions.create(model="task/flowing", messages=asked("WHERE IS IT?"), stream=True)
    before = next(chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content)
    gate.open()
    rest = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]

    assert before == GOOD[:10]
    assert "".join([before, *rest]) == GOOD


def test_stream_that_does_not_fit_ends_with_an_error(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("astray", streamed(BAD))
    pushed(server, "astray", "openai/astray")

    with pytest.raises(openai.APIError, match="asked once and its answer does not fit"):
        list(client.chat.completions.create(model="task/astray", messages=asked("WHERE IS IT?"), stream=True))


def test_stream_is_held_until_it_fits_where_nobody_holds_the_model(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("held-back", completion(BAD), completion(GOOD))
    pushed(server, "held-back", "loose/held-back")

    chunks = client.chat.completions.create(model="task/held-back", messages=asked("WHERE IS IT?"), stream=True)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == GOOD
    assert [body["stream"] for body in sent(upstream, "held-back")] == [False, False]


def test_client_may_ask_for_another_type_and_meets_another_release(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("parsed", completion('{"why": "?", "tone": "flat"}'))
    pushed(server, "parsed", "openai/parsed")
    ask = client.chat.completions.with_raw_response

    answers = [ask.parse(model="task/parsed", messages=asked("?"), response_format=PydanticTone) for _ in range(2)]

    releases = {answer.headers["x-lasttenth-release"] for answer in answers}
    assert answers[0].parse().choices[0].message.parsed == PydanticTone(why="?", tone="flat")
    assert len(releases) == 1
    assert (
        not releases
        & msgspec.json.decode(server.request("GET", "/api/tasks/parsed").body)["pointers"][0]["releases"].keys()
    )


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}, "no JSON Schema"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "http://h/x"}}}, "disabled"),
        ({"type": "grammar"}, "response_format"),
        ({"type": "json_schema"}, "json_schema"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"description": "x" * 40_000}}}, "bytes"),
        *(
            pytest.param({"type": "json_schema", "json_schema": {"name": "x", "schema": nested(levels)}}, said, id=said)
            for levels, said in ((400, "Recursion limit"), (900, "nested too deep"))
        ),
    ],
)
def test_form_that_cannot_be_is_refused(server: RunningServer, client: OpenAI, form: dict[str, Any], said: str) -> None:
    pushed(server, "formed", "openai/formed")

    with pytest.raises(openai.BadRequestError, match=said):
        client.chat.completions.create(model="task/formed", messages=asked("?"), extra_body={"response_format": form})


def test_task_that_cites_has_no_typed_answers(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="cites"):
        client.chat.completions.create(
            model="task/answer", messages=asked("?"), response_format={"type": "json_object"}
        )


INPUTS = """---
name: {name}
model: {model}
input_schema:
  type: object
  properties:
    age: {{type: integer, minimum: 0}}
  required: [age]
---

# User

How old? {{{{ age }}}}
"""


def test_call_that_does_not_give_what_the_task_needs_asks_no_model(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("aged", completion("Old."))
    pushed(server, "aged", "openai/aged", INPUTS)

    with pytest.raises(openai.BadRequestError, match=r"age: \"ten\" is not of type"):
        client.chat.completions.create(
            model="task/aged", messages=[], metadata={"lasttenth_variables": '{"age": "ten"}'}
        )

    assert sent(upstream, "aged") == []


@pytest.fixture(scope="module")
def app(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncApp]:
    folder = tmp_path_factory.mktemp("python")
    settings = folder / "lasttenth.yaml"
    settings.write_text(SETTINGS.format(base_url=upstream.base_url))
    with SyncApp(folder / "data", configuration=settings) as opened:
        opened.tasks.push(TONE.format(name="python", model="openai/python"))
        opened.tasks.push(TONE.format(name="loose", model="loose/python"))
        yield opened


@pytest.mark.parametrize("kind", [Tone, PydanticTone])
def test_answer_is_a_value_of_the_type(app: SyncApp, upstream: Upstream, kind: type[Tone | PydanticTone]) -> None:
    upstream.script("python", completion(GOOD))

    answer = app.task("python").ask("WHERE IS IT?", output=kind)

    schema = sent(upstream, "python")[-1]["response_format"]["json_schema"]
    assert answer.value == kind(why="It shouts.", tone="angry")
    assert (schema["strict"], schema["schema"]["required"]) == (True, ["why", "tone"])


def test_answer_of_a_typed_task_is_json_without_a_type(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", completion(GOOD))

    assert app.ask("WHERE IS IT?", task="python").value == {"why": "It shouts.", "tone": "angry"}


def test_stream_shows_what_stands_of_the_value(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", streamed('{"why": "It ', 'shouts.", "tone"', ': "angry"}'))

    pieces = list(app.task("python").stream("WHERE IS IT?", output=Tone))

    assert [piece.value for piece in pieces[:3]] == [
        {"why": "It "},
        {"why": "It shouts."},
        {"why": "It shouts.", "tone": "angry"},
    ]
    (last,) = (piece.answer for piece in pieces if piece.answer is not None)
    assert pieces[-1].value == last.value
    assert last.value == Tone(why="It shouts.", tone="angry")
    assert (last.usage, last.model) == (Usage(input_tokens=11, output_tokens=7), "openai/python")


def test_stream_that_fails_raises_what_failed(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", streamed(BAD))

    with pytest.raises(InvalidAnswerError, match="does not fit") as failed:
        list(app.task("python").stream("WHERE IS IT?"))

    (replayed,) = app.replay([failed.value.trace_id])
    assert replayed.outcome == "same"


def test_stream_that_is_given_up_is_recorded_so(app: SyncApp, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("python", streamed('{"why"', gate))

    pieces = app.task("python").stream("WHERE IS IT?")
    next(pieces)
    pieces.close()
    gate.open()

    assert app.traces(limit=1)[0].error == "client_disconnected"


def test_type_that_is_no_object_is_refused(app: SyncApp) -> None:
    for kind in (int, list[str], dict):
        with pytest.raises(InvalidRequestError, match="no JSON object"):
            app.task("python").ask("?", output=kind)


@dataclass
class Scores:
    by_name: dict[str, int]


def test_table_by_name_stays_open(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", completion('{"by_name": {"a": 1}}'))

    answer = app.task("python").ask("?", output=Scores)

    assert answer.value == Scores(by_name={"a": 1})
    assert sent(upstream, "python")[-1]["response_format"]["json_schema"]["strict"] is False


def test_stream_that_nobody_hears_to_its_end_ends_with_the_app(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "lasttenth.yaml").write_text(SETTINGS.format(base_url=upstream.base_url))
    upstream.script("open", streamed('{"why"', upstream.gate()))
    opened = SyncApp(tmp_path, configuration=tmp_path / "lasttenth.yaml")

    with opened as app:
        app.tasks.push(TONE.format(name="open", model="openai/open"))
        pieces = app.task("open").stream("?")
        next(pieces)
    pieces.close()

    with opened as app:
        assert [trace.error for trace in app.traces()] == ["client_disconnected"]


def test_stream_that_is_forgotten_holds_up_nobody(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", streamed('{"why"', upstream.gate()), completion(GOOD))

    async def collect() -> None:
        gc.collect()

    gc.disable()
    try:
        ring: list[Any] = [app.task("python").stream("?")]
        next(ring[0])
        ring.append(ring)
        del ring
        app._wait(collect())  # in the loop's own thread, which cannot wait for itself
    finally:
        gc.enable()

    assert app.ask("?", task="python").value["tone"] == "angry"


def test_what_was_spent_before_an_attempt_broke_is_known(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("breaking", completion(BAD), failure(500, "Out of order."))
    pushed(server, "breaking", "loose/breaking")

    with pytest.raises(openai.APIStatusError) as failed:
        client.chat.completions.create(model="task/breaking", messages=asked("?"))

    root, *_ = spans_of(server, failed.value.response.headers["x-lasttenth-trace"])
    assert (root["error"], root["usage"]["input_tokens"]) == ("upstream_error", 11)


def test_another_order_of_properties_is_another_release(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("ordered", completion(GOOD))
    pushed(server, "ordered", "loose/ordered")
    schema: dict[str, Any] = {"type": "object", "properties": {"tone": {"type": "string"}, "why": {"type": "string"}}}
    forms: list[Any] = [
        {**schema, "required": ["why", "tone"], "additionalProperties": False},
        {"additionalProperties": False, "required": ["why", "tone"], **schema},
        {"properties": dict(reversed(schema["properties"].items())), "type": "object"},
    ]

    replies = [
        client.chat.completions.with_raw_response.create(
            model="task/ordered",
            messages=asked("?"),
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": form}},
        )
        for form in forms
    ]

    prompts = [body["messages"][0]["content"] for body in sent(upstream, "ordered")]
    releases = [reply.headers["x-lasttenth-release"] for reply in replies]
    assert (releases[0] == releases[1], prompts[0] == prompts[1]) == (True, True)
    assert releases[2] != releases[0]
    assert prompts[2].index('"why"') < prompts[2].index('"tone"')
    traces = [reply.headers["x-lasttenth-trace"] for reply in replies]
    body = msgspec.json.encode({"traces": traces})
    replayed = msgspec.json.decode(server.request("POST", "/api/replays", body=body).body)
    assert [each["outcome"] for each in replayed] == ["same"] * 3


def test_what_if_replay_tells_the_model_as_its_own_provider_wants_it(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", completion(GOOD))
    app.tasks.push(TONE.format(name="moving", model="loose/python"))
    answer = app.ask("?", task="moving")
    held = app.tasks.push(TONE.format(name="moving", model="openai/python"), pointer="").release

    app.replay([answer.trace_id], release=held, live=True)

    assert "response_format" in sent(upstream, "python")[-1]


def test_trace_with_a_second_try_is_replayed(app: SyncApp, upstream: Upstream) -> None:
    upstream.script("python", completion(BAD), completion(f"```\n{GOOD}\n```"))
    answer = app.ask("WHERE IS IT?", task="loose")

    (replayed,) = app.replay([answer.trace_id])

    assert (replayed.outcome, replayed.differences) == ("same", [])


def test_program_that_calls_the_model_itself_is_given_the_prompt(app: SyncApp) -> None:
    rendered = app.prompt("python", "WHERE IS IT?")

    assert [message["role"] for message in rendered.messages] == ["system", "user"]
    assert rendered.parameters["response_format"]["type"] == "json_schema"
