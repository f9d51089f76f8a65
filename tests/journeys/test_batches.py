"""The official OpenAI client uploads files and has them answered as batches, by models of every kind."""

import json
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import OpenAI
from openai.types import Batch
from tests.journeys.conversations import HELLO, REFUNDS, asked, spans_of

from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    embeddings,
    eventually,
    failure,
    message,
    running_server,
)

CHAT = "/v1/chat/completions"
ENDED = {"completed", "failed", "expired", "cancelled"}


def line(custom_id: str, model: str, *, url: str = CHAT, **body: Any) -> str:
    asked_for = {"model": model, "messages": HELLO, **body} if url == CHAT else {"model": model, **body}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": asked_for})


def begun(client: OpenAI, *lines: str, **options: Any) -> Batch:
    file = client.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose="batch")
    wanted: dict[str, Any] = {"endpoint": CHAT, "completion_window": "24h", **options}
    return client.batches.create(input_file_id=file.id, **wanted)


def ended(client: OpenAI, batch: Batch) -> Batch:
    def look() -> Batch | None:
        found = client.batches.retrieve(batch.id)
        return found if found.status in ENDED else None

    found = eventually(look, within=30.0)
    assert found is not None
    return found


def lines_of(client: OpenAI, file: str | None) -> dict[str, Any]:
    if file is None:
        return {}
    content = client.files.content(file).read()
    return {each["custom_id"]: each for each in map(msgspec.json.decode, content.splitlines())}


def counts(batch: Batch) -> tuple[int, int, int]:
    found = batch.request_counts
    assert found is not None
    return found.total, found.completed, found.failed


def test_batch_of_models_of_every_kind_is_answered(client: OpenAI, server: RunningServer, upstream: Upstream) -> None:
    upstream.script("batched", completion("From above."))
    upstream.script("claude-batched", message("From far."))
    upstream.script("embedder", embeddings([1.0, 0.0]))

    batch = begun(
        client,
        line("echo", "scripted/echo"),
        line("openai", "up/batched"),
        line("anthropic", "anthropic/claude-batched", max_tokens=9),
        line("task", "task/answer", messages=asked(REFUNDS)),
        line("spoken", "scripted/echo", url="/v1/messages", max_tokens=9, messages=HELLO),
        "",
        line("vectors", "up/embedder", url="/v1/embeddings", input="Hello."),
        metadata={"night": "1"},
        extra_headers={"x-lasttenth-unit": "ada"},
    )
    done = ended(client, batch)

    assert (done.status, done.metadata, done.error_file_id) == ("completed", {"night": "1"}, None)
    assert counts(done) == (6, 6, 0)
    answers = lines_of(client, done.output_file_id)
    assert list(answers) == ["echo", "openai", "anthropic", "task", "spoken", "vectors"]
    texts = {name: answers[name]["response"]["body"]["choices"][0]["message"]["content"] for name in list(answers)[:4]}
    assert texts | {"task": ""} == {"echo": "Hello.", "openai": "From above.", "anthropic": "From far.", "task": ""}
    assert "30 days" in texts["task"]
    assert answers["vectors"]["response"]["body"]["data"][0]["embedding"] == [1.0, 0.0]
    assert answers["spoken"]["response"]["body"]["content"][0]["text"] == "Hello."
    trace_id = answers["anthropic"]["response"]["request_id"]
    span = eventually(lambda: spans_of(server, trace_id))[0]
    assert (span["attributes"]["batch"], span["attributes"]["custom_id"]) == (batch.id, "anthropic")
    assert (span["unit"], span["model"]) == ("ada", "anthropic/claude-batched")


def test_line_that_fails_is_in_the_error_file_and_the_others_go_on(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("refusing", failure(403, "Not you."))

    batch = begun(
        client,
        line("good", "scripted/echo"),
        line("good", "scripted/echo"),
        line("unknown", "nobody/x"),
        line("refused", "up/refusing"),
        line("stream", "scripted/echo", stream=True),
        line("elsewhere", "scripted/echo", url="/v1/files"),
        "{broken",
        "[]",
    )
    done = ended(client, batch)

    assert (done.status, counts(done)) == ("completed", (8, 1, 7))
    assert list(lines_of(client, done.output_file_id)) == ["good"]
    errors = lines_of(client, done.error_file_id)
    assert errors["unknown"]["response"]["status_code"] == 404
    assert errors["unknown"]["response"]["body"]["error"]["code"] == "model_not_found"
    assert errors["refused"]["response"]["status_code"] == 403
    assert "another line has" in errors["good"]["error"]["message"]
    assert "cannot stream" in errors["stream"]["error"]["message"]
    assert "Served are /v1/chat/completions" in errors["elsewhere"]["error"]["message"]
    assert errors[None]["error"]["code"] == "invalid_request"  # type: ignore[index]  # of a line that has no id
    assert done.error_file_id is not None
    assert len(client.files.content(done.error_file_id).read().splitlines()) == 7


def test_line_whose_failure_passes_is_asked_again(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("tired", failure(429, "Slow down.", headers={"retry-after": "0"}), completion("Now."))

    done = ended(client, begun(client, line("a", "up/tired")))

    assert counts(done) == (1, 1, 0)
    assert len(upstream.requests("tired")) == 2


def test_batch_is_answered_whichever_worker_has_it(tmp_path: Path) -> None:
    lines = [line(f"{number}", "scripted/echo") for number in range(100)]
    with (
        running_server(tmp_path, arguments=("--workers", "2")) as server,
        OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0, timeout=20) as client,
    ):
        done = ended(client, begun(client, *lines))

        assert (done.status, counts(done)) == ("completed", (100, 100, 0))
        assert len(lines_of(client, done.output_file_id)) == 100


def test_cancelled_batch_keeps_what_was_answered(client: OpenAI, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("held", UpstreamAnswer(head=gate, body=completion("Late.").body))
    batch = begun(client, line("first", "scripted/echo"), line("held", "up/held"))
    eventually(lambda: counts(client.batches.retrieve(batch.id))[1] == 1)

    cancelling = client.batches.cancel(batch.id)
    done = ended(client, batch)
    gate.open()

    assert cancelling.status in {"cancelling", "cancelled"}
    assert done.status == "cancelled"
    assert list(lines_of(client, done.output_file_id)) == ["first"]
    with pytest.raises(openai.ConflictError, match="nothing to cancel"):
        client.batches.cancel(batch.id)


def test_batch_of_nothing_fails_and_says_why(client: OpenAI) -> None:
    done = ended(client, begun(client, "", " "))

    assert done.status == "failed"
    assert done.errors is not None
    assert "has no lines" in ((done.errors.data or [])[0].message or "")


def test_batches_are_listed_newest_first_and_page_by_page(client: OpenAI) -> None:
    made = [begun(client, line("a", "scripted/echo")).id for _ in range(3)]

    first = client.batches.list(limit=2)

    assert [batch.id for batch in first.data] == made[:0:-1]
    assert first.has_more
    assert next(iter(client.batches.list(limit=1, after=made[1]).data)).id == made[0]


def test_file_is_kept_shown_listed_and_removed(client: OpenAI) -> None:
    content = bytes(range(256)) * 3000
    file = client.files.create(
        file=("a lamp.bin", content),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )

    assert (file.filename, file.bytes, file.purpose) == ("a lamp.bin", len(content), "user_data")
    assert file.expires_at == file.created_at + 3600
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == content
    assert [each.id for each in client.files.list(purpose="user_data")] == [file.id]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError, match="There is no file"):
        client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError, match="There is no file"):
        client.files.content(file.id)


def test_file_of_the_providers_own_goes_to_the_provider(client: OpenAI, upstream: Upstream) -> None:
    theirs = {"id": "file-theirs", "object": "file", "bytes": 2, "created_at": 1, "filename": "a", "purpose": "batch"}
    upstream.script("", UpstreamAnswer(body=(msgspec.json.encode(theirs),)))
    there = client.with_options(default_headers={"x-lasttenth-provider": "up"})

    assert there.files.create(file=("a", b"{}"), purpose="batch").id == "file-theirs"
    assert upstream.requests("")[-1].path == "/v1/files"
    assert there.files.retrieve("file-theirs").filename == "a"


def form(**fields: str) -> bytes:
    parts = [
        f'--b\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    return "".join([*parts, "--b--"]).encode()


WRONG: dict[str, tuple[str, str, bytes, str, int, str]] = {
    "no form": ("POST", "/v1/files", b"{}", "application/json", 400, "names no boundary"),
    "no file": (
        "POST",
        "/v1/files",
        form(purpose="batch"),
        "multipart/form-data; boundary=b",
        400,
        "no field file",
    ),
    "expiry": (
        "POST",
        "/v1/files",
        form(purpose="batch", file="x", **{"expires_after[seconds]": "0"}),
        "multipart/form-data; boundary=b",
        400,
        "A file expires",
    ),
    "too large": ("POST", "/v1/files", b"x" * 5 * 2**20, "multipart/form-data; boundary=b", 413, "are allowed"),
    "limit": ("GET", "/v1/files?limit=0", b"", "", 400, "limit must be"),
    "order": ("GET", "/v1/batches?order=asc", b"", "", 400, "newest first"),
    "unknown file": (
        "POST",
        "/v1/batches",
        b'{"input_file_id": "file-x", "endpoint": "/v1/embeddings"}',
        "application/json",
        404,
        "There is no file file-x",
    ),
    "endpoint": ("POST", "/v1/batches", b'{"input_file_id": "x", "endpoint": "/x"}', "", 400, "cannot ask for /x"),
    "window": (
        "POST",
        "/v1/batches",
        b'{"input_file_id": "x", "endpoint": "/v1/embeddings", "completion_window": "soon"}',
        "",
        400,
        "completion_window",
    ),
    "unknown batch": ("GET", "/v1/batches/batch_x", b"", "", 404, "There is no batch batch_x"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused(server: RunningServer, case: str) -> None:
    method, path, body, content_type, status, said = WRONG[case]

    reply = server.request(method, path, body=body or None, headers={"content-type": content_type})

    assert reply.status == status
    assert said in reply.json()["error"]["message"]


def test_batch_wants_a_file_that_is_meant_for_it(client: OpenAI) -> None:
    file = client.files.create(file=("a", b"{}"), purpose="user_data")

    with pytest.raises(openai.BadRequestError, match="Upload it with the purpose batch"):
        client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
