"""Tools of a task, with the official OpenAI client: the model asks for a call, the client makes it, the task goes on."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import OpenAI
from tests.journeys.conversations import asked
from tests.journeys.test_tasks import called

from lasttenth import SyncApp
from lasttenth.models import bodies, openai
from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, completion, streamed

FILE = """---
name: {name}
model: up/{name}
tools:
  - name: stock
    description: How many of an article are there?
    parameters:
      type: object
      properties: {{article: {{type: string}}}}
      required: [article]
      additionalProperties: false
    strict: true
{more}---

# System

Answer customers.

# User

They ask: {{{{ question }}}}
"""
CALL = {"id": "call_1", "type": "function", "function": {"name": "stock", "arguments": '{"article": "lamp"}'}}
HEAD = openai.ReplyHead(id="chatcmpl-upstream", created=1, model="upstream")


def calling() -> UpstreamAnswer:
    """Return an answer that asks for the tool."""
    said = openai.Answer(text="", tool_calls=[CALL])
    return UpstreamAnswer(body=(openai.completion(HEAD, said, usage=None, reason="tool_calls"),))


def calling_in_pieces() -> UpstreamAnswer:
    """Return a stream that asks for the tool twice, the arguments in two pieces each."""
    pieces = [
        {"index": index, **each}
        for index in (0, 1)
        for each in (
            {"id": f"call_{index}", "type": "function", "function": {"name": "stock", "arguments": '{"article": '}},
            {"function": {"arguments": f'"lamp {index}"}}'}},
        )
    ]
    events = [openai.delta(HEAD, {"tool_calls": [piece]}) for piece in pieces]
    ending = [openai.delta(HEAD, {}, reason="tool_calls"), openai.DONE]
    return UpstreamAnswer(media_type=bodies.EVENT_STREAM, body=(*events, *ending))


def sent(upstream: Upstream, model: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(request.body) for request in upstream.requests(model)]


def test_tool_is_called_by_the_client_and_the_task_goes_on(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("shop", calling(), completion("There are three."))
    called(server, "POST", "/api/tasks", text=FILE.format(name="shop", more=""))
    before: list[Any] = [*asked("Hello!"), {"role": "assistant", "content": "Yes?"}, *asked("Any lamps?")]

    first = client.chat.completions.create(model="task/shop", messages=before)
    message = first.choices[0].message
    result = {"role": "tool", "tool_call_id": "call_1", "content": "3"}
    second = client.chat.completions.create(
        model="task/shop",
        messages=[*before, message.to_dict(mode="json"), result],  # type: ignore[list-item]
    )

    bodies = sent(upstream, "shop")
    (tool,) = bodies[0]["tools"]
    assert (tool["function"]["name"], tool["function"]["strict"]) == ("stock", True)
    assert first.choices[0].finish_reason == "tool_calls"
    assert [each.to_dict() for each in message.tool_calls or ()] == [CALL]
    assert [(each["role"], each["content"]) for each in bodies[1]["messages"]] == [
        ("system", "Answer customers."),
        ("user", "Hello!"),
        ("assistant", "Yes?"),
        ("user", "They ask: Any lamps?"),
        ("assistant", None),
        ("tool", "3"),
    ]
    assert second.choices[0].message.content == "There are three."


def test_calls_of_tools_come_in_pieces_on_streams(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("pieces", calling_in_pieces())
    called(server, "POST", "/api/tasks", text=FILE.format(name="pieces", more=""))

    with client.chat.completions.stream(model="task/pieces", messages=asked("Any lamps?")) as stream:
        message = stream.get_final_completion().choices[0].message

    arguments = [each.function.arguments for each in message.tool_calls or ()]
    assert arguments == ['{"article": "lamp 0"}', '{"article": "lamp 1"}']


@pytest.mark.parametrize("stream", [False, True])
def test_typed_task_may_call_a_tool_first(
    server: RunningServer, client: OpenAI, upstream: Upstream, *, stream: bool
) -> None:
    upstream.script("shaped", calling_in_pieces() if stream else calling())
    more = "output_schema: {type: object, properties: {count: {type: integer}}}\n"
    called(server, "POST", "/api/tasks", text=FILE.format(name="shaped", more=more))

    reply: Any = client.chat.completions.create(model="task/shaped", messages=asked("Any lamps?"), stream=stream)

    endings = [chunk.choices[0].finish_reason for chunk in reply] if stream else [reply.choices[0].finish_reason]
    assert endings[-1] == "tool_calls"


def test_calls_that_nobody_numbered_stay_apart(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    pieces: list[dict[str, Any]] = [
        {"id": "a", "type": "function", "function": {"name": "stock", "arguments": '{"article": '}},
        {"function": {"arguments": '"lamp"}'}},
        {"id": "b", "index": None, "type": "function", "function": {"name": "stock", "arguments": "{}"}},
    ]
    events = [openai.delta(HEAD, {"tool_calls": [piece]}) for piece in pieces]
    ending = [openai.delta(HEAD, {}, reason="tool_calls"), openai.DONE]
    upstream.script("nameless", UpstreamAnswer(media_type=bodies.EVENT_STREAM, body=(*events, *ending)))
    called(server, "POST", "/api/tasks", text=FILE.format(name="nameless", more=""))

    with client.chat.completions.stream(model="task/nameless", messages=asked("Any lamps?")) as stream:
        message = stream.get_final_completion().choices[0].message

    assert [(each.id, each.function.arguments) for each in message.tool_calls or ()] == [
        ("a", '{"article": "lamp"}'),
        ("b", "{}"),
    ]


def test_program_sees_what_the_model_wants_called(tmp_path: Path, upstream: Upstream) -> None:
    upstream.script("wanting", calling(), completion("None."))
    (tmp_path / "lasttenth.yaml").write_text(f"providers: {{up: {{base_url: {upstream.base_url}}}}}")

    with SyncApp(tmp_path, configuration=tmp_path / "lasttenth.yaml") as app:
        typed = "output_schema: {type: object, properties: {count: {type: integer}}}\n"
        app.tasks.push(FILE.format(name="wanting", more=typed))
        answer = app.ask("Any lamps?", task="wanting")

    assert (answer.text, answer.value) == ("", None)
    assert [(each.name, each.arguments) for each in answer.tool_calls] == [("stock", '{"article": "lamp"}')]


@pytest.mark.parametrize("role", [["user"], None, 3])
def test_message_of_nobody_is_refused(server: RunningServer, role: object) -> None:
    body = msgspec.json.encode({"model": "task/answer", "messages": [{"role": role, "content": "Hi"}]})

    assert server.request("POST", "/v1/chat/completions", body=body).status == 400


def test_client_may_bring_tools_of_its_own(server: RunningServer, client: OpenAI, upstream: Upstream) -> None:
    upstream.script("own", streamed("None."), completion("None."))
    called(server, "POST", "/api/tasks", text=FILE.format(name="own", more=""))
    tool: Any = {"type": "function", "function": {"name": "mine", "parameters": {"type": "object"}}}

    list(client.chat.completions.create(model="task/own", messages=asked("?"), tools=[tool], stream=True))

    (body,) = sent(upstream, "own")
    assert body["tools"] == [tool]


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (("name: stock", "name: two words"), "tools.0.name"),
        (("type: string", "type: text"), "tools.0.parameters"),
        (("required: [article]", "required: 5"), "tools.0.parameters"),
        (("model: up/shop", "model: up/shop\nparameters: {n: 2}"), "parameters.n"),
        (("required: [article]", "required: []"), "tools.0.strict"),
        (("model: up/shop", "model: up/shop\nparameters: {tools: []}"), "parameters.tools"),
    ],
)
def test_mistake_in_a_tool_is_told(server: RunningServer, wrong: tuple[str, str], part: str) -> None:
    text = FILE.format(name="shop", more="").replace(*wrong)

    checked = called(server, "POST", "/api/tasks/check", text=text)

    assert [(each["severity"], each["part"]) for each in checked["findings"]] == [("error", part)]
