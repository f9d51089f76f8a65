"""The console: its files as they are served, and its pages as a browser shows them."""

import asyncio
import html
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from lasttenth.app.app import App
from lasttenth.console import pages
from lasttenth.records.traces import Span
from lasttenth.serve.calls import GatewayRequest
from lasttenth.testing import RunningServer, running_server

ROOT = Path(__file__).parent.parent.parent
STATIC = Path(pages.__file__).parent / "static"
FILES = sorted(STATIC.iterdir())
BUDGET = 40 * 1024
NAMESPACE = "http://www.w3.org/2000/svg"
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|Function\("
)
CHROMIUM = shutil.which("chromium")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--virtual-time-budget=5000",
    "--dump-dom",
)
SETTINGS = """
scripts:
  support:
    lines:
      - {when: overload, status: 503, text: The provider is overloaded.}
      - {text: "Refunds take <b>thirty</b> days. 日本 🙂"}
"""
LARGE = "b" * 32
LARGE_SPANS = 5000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("console"), settings=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def shown(server: RunningServer) -> Mapping[str, str]:
    """Return what a browser makes of each page: the serialised documents, by a name."""
    if CHROMIUM is None:
        pytest.skip("There is no chromium executable here.")
    empty = browse(f"{server.base_url}/")
    traces = asyncio.run(converse(server.folder))
    addresses = {
        "list": f"{server.base_url}/",
        "door": f"http://console.test:{server.port}/",
        "unknown": f"{server.base_url}/traces/unknown",
        "last": f"{server.base_url}/traces/{LARGE}#{LARGE_SPANS - 1:016x}",
        **{name: f"{server.base_url}/traces/{trace}" for name, trace in traces.items()},
    }
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        return {"empty": empty, **dict(zip(addresses, threads.map(browse, addresses.values()), strict=True))}


def browse(address: str) -> str:
    """Return the document at an address after the page has run for a while."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        switches = [*SWITCHES, f"--user-data-dir={profile}", "--host-resolver-rules=MAP console.test 127.0.0.1"]
        environment = {**os.environ, "HOME": profile}
        command = [str(CHROMIUM), *switches, address]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


async def converse(folder: Path) -> dict[str, str]:
    """Make traces of several kinds and return their ids."""
    async with App(folder, configuration=folder / "lasttenth.yaml") as app:
        await app.index([ROOT / "examples" / "policies"], base=ROOT)
        app.installation.recorder.record("default", tiny())
        for span in large():
            app.installation.recorder.record("default", span)
        return {
            "cited": await call(app, "task/answer", "Within how many days can I return a lamp?"),
            "streamed": await call(app, "task/answer", "Within how many days can I return a lamp?", stream=True),
            "declined": await call(app, "task/answer", "Who won the football world cup of 1998?"),
            "failed": await call(app, "scripted/support", "overload"),
            "chat": await call(app, "scripted/support", "How long does a refund take?", stream=True),
        }


async def call(app: App, model: str, question: str, *, stream: bool = False) -> str:
    """Call a model through the gateway and return the trace id."""
    messages = [{"role": "user", "content": question}]
    body = msgspec.json.encode({"model": model, "messages": messages, "stream": stream, "seed": 12345678901234567891})
    request = GatewayRequest(operation="chat", project=app.project, headers={}, body=body)
    reply = await app.installation.pipeline.serve(request)
    if not isinstance(reply.body, bytes):
        async for _ in reply.body:
            pass
    return reply.headers["x-lasttenth-trace"]


def tiny() -> Span:
    return Span(trace_id="a" * 32, span_id="a" * 16, name="tiny", operation="chat", start=2, end=3, cost=1234)


def large() -> Iterator[Span]:
    for number in range(LARGE_SPANS):
        parent = f"{(number - 1) // 3:016x}" if number else ""
        span_id = f"{number:016x}"
        yield Span(
            trace_id=LARGE,
            span_id=span_id,
            parent_id=parent,
            name=f"step {number}",
            operation="chat",
            start=10**18 + number,
            end=10**18 + number + 1,
        )


def text_of(document: str) -> str:
    """Return the text of a document, hidden parts included."""
    return html.unescape(re.sub(r"<[^>]+>", "", document))


@pytest.mark.parametrize("path", ["/", "/traces/0123", *(f"/console/{file.name}" for file in FILES)])
def test_page_is_served_with_its_type_and_may_load_nothing_from_elsewhere(server: RunningServer, path: str) -> None:
    types = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

    response = server.request("GET", path)

    suffix = path.rpartition(".")[2] if "." in path else "html"
    assert response.status == 200
    assert response.headers["content-type"].partition(";")[0] == types[suffix]
    assert response.headers["content-security-policy"].startswith("default-src 'none';")
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/console/nothing.js", "/console/..%2fpages.py", "/console/__init__.py"])
def test_unknown_file_is_not_found(server: RunningServer, path: str) -> None:
    assert server.request("GET", path).status == 404


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file_names_no_other_server_and_makes_no_markup_of_data(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(NAMESPACE, "")

    assert re.findall(r"\w+://\w+|[\"'(=]//\w", text) == []
    assert MARKUP.findall(text) == []
    assert text.count("\n") <= 400


def test_files_stay_within_their_budget() -> None:
    assert sum(file.stat().st_size for file in FILES) <= BUDGET


def test_every_file_is_referred_to() -> None:
    texts = [file.read_text(encoding="utf-8") for file in FILES]
    referred = set(re.findall(r"(?:/console/|from '\./)([\w.]+)", "\n".join(texts)))

    assert referred | {"index.html"} == {file.name for file in FILES}


def test_empty_list_says_what_to_do_next(shown: Mapping[str, str]) -> None:
    assert '<div id="empty">' in shown["empty"]
    assert 'lasttenth ask "Is express shipping possible?" --docs' in text_of(shown["empty"])
    assert "/v1/chat/completions --json" in text_of(shown["empty"])


def test_list_shows_the_latest_traces_first(shown: Mapping[str, str]) -> None:
    rows = [text_of(row) for row in re.findall(r"<tr.*?</tr>", shown["list"].partition('id="rows"')[2], re.DOTALL)]

    assert len(rows) == 7
    assert "chat scripted/support" in rows[0]
    assert "Error: upstream_error" in rows[1]
    assert "?" in rows[1]
    assert "task/answer builtin/extractive" in rows[2]
    assert "$0.000001234" in rows[6]
    assert "7 loaded" in text_of(shown["list"])
    assert "recording works" in text_of(shown["list"])
    assert '<div id="empty" hidden="">' in shown["list"]
    assert '<button id="older" hidden="">' in shown["list"]


@pytest.mark.parametrize("page", ["cited", "streamed"])
def test_answer_is_shown_with_its_quotes(shown: Mapping[str, str], page: str) -> None:
    marked = re.findall(r'<mark title="examples/policies/refunds.md:\d+">([^<]*)</mark>', shown[page])
    text = text_of(shown[page])

    assert any("30 days" in mark and mark.endswith("[1]") for mark in marked)
    assert "QuestionWithin how many days can I return a lamp?Answer" in text
    assert "100 % of the sentences carry a verified quote." in text
    assert "retrieval default" in text
    assert "chat builtin/extractive" in text
    assert "task/answer@production" in text
    assert '"seed": 12345678901234567891' in text


def test_declined_answer_says_so(shown: Mapping[str, str]) -> None:
    assert "Declined: the documents do not answer." in text_of(shown["declined"])
    assert "<mark" not in shown["declined"]


def test_failure_is_told_in_words_and_by_its_code(shown: Mapping[str, str]) -> None:
    assert "Error: upstream_error" in text_of(shown["failed"])
    assert '<p class="error">The provider is overloaded.</p>' in shown["failed"]


def test_stream_is_read_as_one_text_and_never_as_markup(shown: Mapping[str, str]) -> None:
    assert '<div class="said">Refunds take &lt;b&gt;thirty&lt;/b&gt; days. 日本 🙂</div>' in shown["chat"]
    assert "<b>" not in shown["chat"]
    assert "first token" in text_of(shown["chat"])


def test_address_of_a_span_opens_it_in_a_large_trace(shown: Mapping[str, str]) -> None:
    assert f"<h2>step {LARGE_SPANS - 1}</h2>" in shown["last"]
    assert "5,000 spans" in text_of(shown["last"])


def test_unknown_trace_says_what_the_api_says(shown: Mapping[str, str]) -> None:
    assert "There is no trace unknown in project default." in text_of(shown["unknown"])


def test_page_asks_for_a_key_where_the_server_does(shown: Mapping[str, str]) -> None:
    assert "This server answers to localhost only" in text_of(shown["door"])
    assert '<form id="door">' in shown["door"]
    assert '<form id="door" hidden="">' in shown["list"]
