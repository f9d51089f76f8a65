"""The official Langfuse client, unchanged: its prompts are our tasks, its labels our pointers."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from langfuse import Langfuse
from langfuse.api import AccessDeniedError, Error, MethodNotAllowedError, NotFoundError, UnauthorizedError
from openai import OpenAI
from tests.journeys.commands import made_key
from tests.journeys.conversations import asked
from tests.journeys.test_tasks import called

from lasttenth.testing import RunningServer, Upstream, completion, running_server

ECHO = {"model": "scripted/echo"}
PROMPTS = "/api/public/v2/prompts"
FULL = """---
name: full
owner: support
model: up/full
parameters:
  temperature: 0.5
examples:
  - {input: {question: Hi}, output: calm}
retrieval: {index: default}
---

# User

{{ passages }} {{ question }}
"""


@contextmanager
def langfuse_client(server: RunningServer, *, secret: str, name: str) -> Iterator[Langfuse]:
    """Open the official client; it keeps one for each public key in a process."""
    client = Langfuse(public_key=name, secret_key=secret, base_url=server.base_url, tracing_enabled=False)
    try:
        yield client
    finally:
        client.shutdown()


@pytest.fixture(scope="module")
def langfuse(server: RunningServer) -> Iterator[Langfuse]:
    with langfuse_client(server, secret="local", name="nobody") as client:
        yield client


def answer_of(client: OpenAI, model: str, question: str = "Ann") -> tuple[str | None, str]:
    """Return what a task answers, and with which release."""
    raw = client.chat.completions.with_raw_response.create(model=model, messages=asked(question))
    return raw.parse().choices[0].message.content, raw.headers["x-lasttenth-release"]


def fresh(langfuse: Langfuse, name: str, **which: Any) -> Any:
    """Return a prompt past the client's cache and without its retries."""
    return langfuse.get_prompt(name, cache_ttl_seconds=0, max_retries=0, **which)


def test_from_a_first_version_over_an_approval_to_a_rollback(
    server: RunningServer, client: OpenAI, langfuse: Langfuse
) -> None:
    first = langfuse.create_prompt(name="hail", prompt="Dear {{question}}", labels=["production"], config=ECHO)
    said, release = answer_of(client, "task/hail")
    assert (first.version, first.labels, said) == (1, ["production", "latest"], "Dear Ann")

    called(server, "POST", "/api/tasks/hail/pointers/production/protection")
    second = langfuse.create_prompt(
        name="hail", prompt="Hello {{question}}", labels=["production"], commit_message="friendlier"
    )
    assert (second.version, second.labels, second.config) == (2, ["latest"], ECHO)
    assert fresh(langfuse, "hail").version == 1
    assert answer_of(client, "task/hail") == (said, release)

    proposal = called(server, "GET", "/api/tasks/hail/proposals")[0]["proposal"]
    assert proposal["comment"] == "friendlier"
    review = f"/api/proposals/{proposal['id']}/reviews"
    assert called(server, "POST", review, status=403, decision="approve")
    called(server, "POST", review, key=made_key(server.folder), decision="approve")
    now = fresh(langfuse, "hail")
    assert (now.version, now.commit_message, now.compile(question="Bo")) == (2, "friendlier", "Hello Bo")
    assert answer_of(client, "task/hail") == ("Hello Ann", proposal["releases"].popitem()[0])

    called(server, "POST", "/api/tasks/hail/pointers/production/rollback")
    assert fresh(langfuse, "hail").version == 1
    assert answer_of(client, "task/hail") == (said, release)


def test_versions_are_had_by_number_and_by_label_and_cached_by_the_client(langfuse: Langfuse) -> None:
    for text, label in (("One {{name}}", "production"), ("Two {{ name }}", "staging"), ("Three", "")):
        langfuse.create_prompt(name="count", prompt=text, labels=[label] if label else [], config=ECHO)

    assert fresh(langfuse, "count").prompt == "One {{name}}"
    assert fresh(langfuse, "count", version=2).compile(name="Ann") == "Two Ann"
    assert fresh(langfuse, "count", label="staging").version == 2
    assert fresh(langfuse, "count", label="latest").version == 3
    assert langfuse.get_prompt("count").version == 1
    moved = langfuse.update_prompt(name="count", version=2, new_labels=["production", "staging"])
    assert (moved.version, moved.labels) == (2, ["production", "staging"])
    kept = langfuse.get_prompt("count")
    langfuse.api.prompt_version.update("count", 3, new_labels=["production", "latest"])
    assert (kept.version, langfuse.get_prompt("count").version, fresh(langfuse, "count").version) == (2, 2, 3)


def test_conversation_keeps_its_roles_its_kind_and_its_placeholder(
    client: OpenAI, langfuse: Langfuse, upstream: Upstream
) -> None:
    upstream.script("chat", completion("calm"))
    single: Any = [{"role": "user", "content": "Say {{word}}"}]
    whole: Any = [{"role": "system", "content": "One word."}, {"type": "placeholder", "name": "history"}]
    first = langfuse.create_prompt(name="chat", type="chat", prompt=single, config={"model": "up/chat"})
    assert fresh(langfuse, "chat", label="latest", type="chat").compile(word="yes") == first.compile(word="yes")
    assert langfuse.create_prompt(name="chat", prompt="Say {{word}}").version == 2
    assert fresh(langfuse, "chat", version=2).prompt == "Say {{word}}"

    langfuse.create_prompt(name="chat", type="chat", prompt=whole, labels=["production"])
    compiled = fresh(langfuse, "chat", type="chat").compile(history=asked("How is this?"))

    answer_of(client, "task/chat", "How is this?")
    body = msgspec.json.decode(upstream.requests("chat")[-1].body)
    assert compiled == body["messages"]
    assert compiled == [{"role": "system", "content": "One word."}, *asked("How is this?")]


def test_new_version_keeps_what_it_does_not_speak_of(server: RunningServer, langfuse: Langfuse) -> None:
    called(server, "POST", "/api/tasks", text=FULL)
    assert fresh(langfuse, "full").config == {"model": "up/full", "temperature": 0.5}

    langfuse.create_prompt(name="full", prompt="{{ passages }} Well, {{ question }}", labels=["canary"])
    changes = called(server, "GET", "/api/tasks/full/diff?before=production&after=canary")
    hotter = langfuse.create_prompt(
        name="full", prompt="{{ question }}", labels=["canary"], config={"temperature": 1, "top_p": 0.5}
    )

    assert [change["part"] for change in changes] == ["messages.0.text"]
    assert called(server, "GET", "/api/tasks/full")["task"]["owner"] == "support"
    assert hotter.config == {"model": "up/full", "temperature": 1, "top_p": 0.5}


def test_same_prompt_twice_is_one_version(langfuse: Langfuse) -> None:
    made = [langfuse.create_prompt(name="twice", prompt="Hello", config=ECHO, labels=["a", "b"]) for _ in range(2)]

    assert [(each.version, each.labels) for each in made] == [(1, ["a", "b", "latest"])] * 2


def test_name_is_read_as_the_client_encodes_it(langfuse: Langfuse) -> None:
    with pytest.raises(NotFoundError, match="There is no task/folder/a b%"):
        fresh(langfuse, "folder/a b%")


def test_client_falls_back_where_there_is_no_prompt(langfuse: Langfuse) -> None:
    found = langfuse.get_prompt("nowhere", fallback="Hello {{name}}", max_retries=0)

    assert (found.is_fallback, found.compile(name="Ann")) == (True, "Hello Ann")


def test_release_that_a_request_made_is_no_version(server: RunningServer, client: OpenAI, langfuse: Langfuse) -> None:
    langfuse.create_prompt(name="made", prompt="Hello {{question}}", labels=["production"], config=ECHO)
    raw = client.chat.completions.with_raw_response.create(
        model="task/made", messages=asked("Ann"), extra_headers={"x-lasttenth-model": "scripted/model-of-quotes"}
    )
    release = raw.headers["x-lasttenth-release"]
    called(server, "POST", "/api/tasks/made/pointers/tried", releases={release: 1})

    with pytest.raises(NotFoundError, match="no version with the label tried"):
        fresh(langfuse, "made", label="tried")
    second = langfuse.create_prompt(name="made", prompt="Hi {{question}}", labels=["tried"])
    assert (second.version, second.labels) == (2, ["tried", "latest"])
    assert second.config == {"model": "scripted/model-of-quotes"}


SYSTEM = {"role": "system", "content": "Be brief."}
HISTORY = {"type": "placeholder", "name": "history"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"prompt": "Hello", "config": {}}, "names no model"),
    "no such model": ({"prompt": "Hello", "config": {"model": 3}}, "names no model"),
    "name": ({"prompt": "Hello", "name": "Folder/Prompt"}, "is no name of a task"),
    "label": ({"prompt": "Hello", "labels": ["Production"]}, "is no name of a pointer"),
    "tags": ({"prompt": "Hello", "tags": ["support"]}, "has tags"),
    "config": ({"prompt": "Hello", "config": [1]}, "Expected `object | null`"),
    "no template": ({"prompt": "Hello {{ user name }}"}, "cannot be read"),
    "hyphen": ({"prompt": "Hello {{ user-name }}"}, "Call it user_name"),
    "reference": ({"prompt": "@@@langfusePrompt:name=a|version=1@@@"}, "reads no other prompt"),
    "secret": ({"prompt": f"ghp_{'a' * 36}"}, "token of GitHub"),
    "no message": ({"prompt": []}, "has no message"),
    "placeholder alone": ({"prompt": [HISTORY]}, "has no message"),
    "placeholder first": ({"prompt": [HISTORY, SYSTEM]}, "placeholder before its end"),
    "placeholder twice": ({"prompt": [SYSTEM, HISTORY, HISTORY]}, "placeholder before its end"),
    "placeholder and question": ({"prompt": [{**SYSTEM, "content": "{{question}}"}, HISTORY]}, "Leave one of them out"),
    "role": ({"prompt": [{**SYSTEM, "role": "developer"}]}, "Invalid enum value 'developer'"),
    "tool call": ({"prompt": [{**SYSTEM, "tool_calls": []}]}, "unknown field `tool_calls`"),
}


@pytest.mark.parametrize(("fields", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_prompt_that_cannot_be_a_task_is_refused(langfuse: Langfuse, fields: dict[str, Any], said: str) -> None:
    kind = "chat" if isinstance(fields["prompt"], list) else "text"
    wanted: dict[str, Any] = {"name": "refused", "type": kind, "config": ECHO, "labels": ["production"], **fields}

    with pytest.raises(Error, match=said):
        langfuse.create_prompt(**wanted)
    with pytest.raises(NotFoundError, match="There is no task/refused"):
        fresh(langfuse, "refused")


def test_labels_are_moved_only_where_they_may_be(server: RunningServer, langfuse: Langfuse) -> None:
    for text in ("One", "Two"):
        langfuse.create_prompt(name="held", prompt=text, labels=["staging", "production"], config=ECHO)
    called(server, "POST", "/api/tasks/held/pointers/production/protection")

    with pytest.raises(AccessDeniedError, match="held@production is protected"):
        langfuse.update_prompt(name="held", version=1, new_labels=["staging", "production"])
    with pytest.raises(NotFoundError, match="no version 3"):
        langfuse.update_prompt(name="held", version=3, new_labels=["staging"])
    with pytest.raises(Error, match="latest is always version 2"):
        langfuse.update_prompt(name="held", version=1, new_labels=["latest"])
    with pytest.raises(Error, match="is no name of a pointer"):
        langfuse.update_prompt(name="held", version=1, new_labels=["other", "Staging"])
    assert langfuse.update_prompt(name="held", version=2, new_labels=["production"]).labels == [
        "production",
        "staging",
        "latest",
    ]
    assert langfuse.update_prompt(name="held", version=1, new_labels=["staging"]).labels == ["staging"]


def test_prompts_are_listed_page_by_page_and_by_what_is_asked_for(server: RunningServer, langfuse: Langfuse) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    for text in ("One", "Two"):
        langfuse.create_prompt(
            name="zz-listed", prompt=text, labels=[text.lower()], config={**ECHO, "top_p": len(text)}
        )

    everything = langfuse.api.prompts.list().data
    page = langfuse.api.prompts.list(page=2, limit=len(everything) - 1)
    found = langfuse.api.prompts.list(name="zz-listed").data[0]
    one = langfuse.api.prompts.list(label="one").data[0]

    assert [each.name for each in everything] == [task["name"] for task in called(server, "GET", "/api/tasks")]
    assert ([each.name for each in page.data], page.meta.total_pages) == (["zz-listed"], 2)
    assert (found.type, found.versions, found.labels) == ("text", [1, 2], ["two", "latest", "one"])
    assert (found.last_config, one.last_config, one.versions, one.labels) == (
        {**ECHO, "top_p": 3},
        {**ECHO, "top_p": 3},
        [1],
        ["one"],
    )
    assert langfuse.api.prompts.list(tag="any").data == []
    assert langfuse.api.prompts.list(to_updated_at=before).meta.total_items == 0
    assert langfuse.api.prompts.list(name="zz-listed", from_updated_at=before).data == [found]
    with pytest.raises(Error, match="unknown field `filter`"):
        langfuse.api.prompts.list(filter="[]")


def test_client_sees_that_its_keys_are_good(langfuse: Langfuse) -> None:
    assert langfuse.auth_check()


def test_prompts_are_not_deleted(langfuse: Langfuse) -> None:
    with pytest.raises(MethodNotAllowedError, match="releases are kept for good"):
        langfuse.api.prompts.delete("answer")


WRONG_REQUESTS = {
    "both": ("GET", f"{PROMPTS}/answer?version=1&label=production", b"", "A version and a label"),
    "version": ("GET", f"{PROMPTS}/answer?version=first", b"", "The request is wrong"),
    "no number": ("PATCH", f"{PROMPTS}/answer/versions/first", b'{"newLabels": []}', "The request is wrong"),
    "no labels": ("PATCH", f"{PROMPTS}/answer/versions/1", b"{}", "missing required field `newLabels`"),
    "no JSON": ("POST", PROMPTS, b"{", "The request body is wrong"),
    "a list": ("POST", PROMPTS, b"[]", "object"),
    "conversation as text": ("POST", PROMPTS, b'{"name": "a", "prompt": []}', "must be one text"),
    "text as conversation": ("POST", PROMPTS, b'{"name": "a", "type": "chat", "prompt": ""}', "must be a list"),
}


@pytest.mark.parametrize(("method", "path", "body", "said"), WRONG_REQUESTS.values(), ids=WRONG_REQUESTS.keys())
def test_wrong_request_is_told_in_the_clients_shape(
    server: RunningServer, method: str, path: str, body: bytes, said: str
) -> None:
    reply = server.request(method, path, body=body)

    assert (reply.status, reply.json()["error"]) == (400, "invalid_request")
    assert said in reply.json()["message"]


def test_secret_key_is_a_key_of_ours(server: RunningServer) -> None:
    key = made_key(server.folder)
    with langfuse_client(server, secret=key, name="somebody") as keyed:
        keyed.create_prompt(name="signed", prompt="Hello", labels=["production"], config=ECHO)

    history = called(server, "GET", "/api/tasks/signed/pointers/production/moves")
    assert history[0]["actor"] == f"key {key.split('-')[1]}"
    with (
        langfuse_client(server, secret=f"{key[:-1]}8", name="mistaken") as mistaken,
        pytest.raises(UnauthorizedError, match="The key is not valid"),
    ):
        mistaken.api.prompts.list()


@pytest.mark.parametrize("given", ["%%%", base64.b64encode(b"no colon").decode(), base64.b64encode(b"\xff:").decode()])
def test_broken_basic_authentication_is_an_error(server: RunningServer, given: str) -> None:
    reply = server.request("GET", PROMPTS, headers={"authorization": f"Basic {given}"})

    assert (reply.status, reply.json()["error"]) == (401, "invalid_api_key")
    assert "no base64 of user:password" in reply.json()["message"]


def test_password_that_a_browser_sends_for_another_page_opens_nothing(server: RunningServer) -> None:
    basic = base64.b64encode(f"any:{made_key(server.folder)}".encode()).decode()
    host = server.base_url.removeprefix("http://")

    replies = [
        server.request("GET", PROMPTS, headers={"authorization": f"Basic {basic}", "host": host, "origin": origin})
        for origin in ("https://elsewhere.example", server.base_url)
    ]

    assert [reply.status for reply in replies] == [403, 200]
    assert replies[0].json()["message"].startswith("A password does not let in pages of https://elsewhere.example.")


def test_beyond_loopback_the_secret_key_is_needed(tmp_path: Path) -> None:
    with running_server(tmp_path) as first:
        key = made_key(tmp_path)
        first.stop()

    with running_server(tmp_path, arguments=["--host", "0.0.0.0"]) as server:
        with (
            langfuse_client(server, secret="sk-lf-1", name="other") as other,
            pytest.raises(UnauthorizedError, match="The key is not valid"),
        ):
            other.api.prompts.list()
        with langfuse_client(server, secret=key, name="own") as own:
            assert [each.name for each in own.api.prompts.list().data] == ["answer"]
