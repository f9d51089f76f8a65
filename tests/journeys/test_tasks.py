"""A task from its first file to a rollback: by the command line alone, by the API alone, and with the official client."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import termios
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai import BadRequestError, OpenAI
from tests.journeys.commands import error_of, lasttenth, made_key, output_of
from tests.journeys.conversations import asked

from lasttenth.testing import RunningServer, Upstream, clean_environment, completion, streamed

FILE = """---
name: greet
description: Greet somebody.
model: scripted/{model}
---

# System

Be {how}.

# User

Hello {{{{ question }}}}.
"""
LETTER = """---
name: letter
model: scripted/echo
---

# User

Dear {{ name }}, {{ items | join(" and ") }} are on their way.
"""
KIND, WARM = FILE.format(model="echo", how="kind"), FILE.format(model="echo", how="warm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a task file that was pushed, and then changed."""
    file = tmp_path / "tasks" / "greet.md"
    file.parent.mkdir()
    file.write_text(KIND)
    assert output_of("task", "push", "tasks", folder=tmp_path)[0]["move"]["pointer"] == "production"
    file.write_text(WARM)
    return tmp_path


def test_from_an_edit_to_a_rollback_by_the_command_line_alone(folder: Path) -> None:
    kind = standing(folder)
    output_of("task", "protect", "greet", folder=folder)

    pushed = output_of("task", "push", "tasks", "--comment", "warmer", folder=folder)[0]
    assert output_of("task", "push", "tasks", folder=folder)[0]["proposal"] == pushed["proposal"]
    assert [change["part"] for change in pushed["changes"]] == ["messages.0.text"]
    assert standing(folder) == kind
    proposal = pushed["proposal"]["proposal"]["id"]

    assert error_of("task", "review", proposal, "approve", folder=folder)[1]["code"] == "permission_denied"
    reviewed = lasttenth("task", "review", proposal, "approve", folder=folder, environment={"LASTTENTH_ACTOR": "anna"})
    assert f"{proposal}  made" in reviewed.stdout
    assert standing(folder) == {pushed["release"]: 1.0}

    shown = lasttenth("task", "show", "greet", folder=folder).stdout
    assert "approved by anna" in shown
    assert "greet@production needs 1 approval." in shown
    assert error_of("task", "move", "greet", pushed["release"], folder=folder)[0] == 4
    output_of("task", "rollback", "greet", folder=folder)
    assert standing(folder) == kind
    assert len(output_of("task", "history", "greet", folder=folder)) == 3


def test_dry_run_shows_what_would_change_and_changes_nothing(folder: Path) -> None:
    before = standing(folder)

    finished = lasttenth("task", "push", "tasks", "--dry-run", folder=folder)

    assert "messages.0.text  Be kind. → Be warm." in finished.stdout
    assert standing(folder) == before
    assert len(output_of("task", "releases", "greet", folder=folder)) == 1


def test_files_are_pulled_and_nothing_that_was_not_pushed_is_written_over(folder: Path) -> None:
    code, error = error_of("task", "pull", "greet", "--to", "tasks", folder=folder)
    assert (code, error["code"]) == (5, "conflict")
    assert (folder / "tasks" / "greet.md").read_text() == WARM
    (folder / "tasks" / "greet.md").write_text(KIND.replace("model:", "owner: support\nmodel:"))
    assert error_of("task", "pull", "greet", "--to", "tasks", folder=folder)[1]["code"] == "conflict"

    assert output_of("task", "pull", "greet", "--to", "tasks", "--force", folder=folder) == {"tasks/greet.md": True}
    assert output_of("task", "pull", "--to", "tasks", folder=folder) == {
        "tasks/answer.md": True,
        "tasks/greet.md": False,
    }
    again = output_of("task", "push", "tasks", folder=folder)
    assert [(each["task"], each["changes"]) for each in again] == [("answer", []), ("greet", [])]


def test_wrong_file_is_told_before_anything_is_declared(folder: Path) -> None:
    (folder / "tasks" / "README.md").write_text("This one is no task.")
    (folder / "tasks" / "zebra.md").write_text("---\nname: [\n---\n")
    (folder / "tasks" / "zoo.md").write_bytes(b"---\xff")

    code, error = error_of("task", "push", "tasks", folder=folder)

    assert code == 2
    assert "zoo.md cannot be read" in error["message"]
    assert len(output_of("task", "releases", "greet", folder=folder)) == 1
    told = lasttenth("task", "check", "tasks", folder=folder).stdout
    assert told.index("task/greet") < told.index("zebra.md") < told.index("zoo.md")


def test_two_files_do_not_declare_one_task(folder: Path) -> None:
    (folder / "tasks" / "again.md").write_text(KIND)

    checked = lasttenth("task", "check", "tasks", folder=folder)

    assert (checked.returncode, "again.md declares task greet as well" in checked.stdout) == (2, True)

    assert "both declare task greet" in error_of("task", "push", "tasks", folder=folder)[1]["message"]


def test_file_that_includes_others_is_not_written_over(folder: Path) -> None:
    (folder / "tasks" / "rule.txt").write_text("warm")
    (folder / "tasks" / "greet.md").write_text(WARM.replace("warm", '{% include "rule.txt" %}'))
    output_of("task", "push", "tasks", folder=folder)
    output_of("task", "rollback", "greet", folder=folder)

    assert "includes other files" in error_of("task", "pull", "--to", "tasks", folder=folder)[1]["message"]


def test_releases_are_tried_beside_each_other(folder: Path) -> None:
    output_of("task", "push", "tasks", "--pointer", "canary", folder=folder)
    both = ("--release", "production", "--release", "canary")

    asked_now = output_of("try", "greet", "Ann", *both, "--dry-run", folder=folder)
    answers = output_of("try", "greet", "Ann", *both, folder=folder)

    assert [each["messages"][0]["content"] for each in asked_now.values()] == ["Be kind.", "Be warm."]
    assert [each["text"] for each in answers.values()] == ["Hello Ann.", "Hello Ann."]
    assert [each["release"] for each in answers.values()] == [each["release"] for each in asked_now.values()]
    shown = lasttenth("try", "greet", "Ann", *both, "--dry-run", folder=folder).stdout
    assert "system  Be warm." in shown
    assert len(output_of("traces", folder=folder)) == 2
    assert error_of("try", "greet", "Ann", "--variable", "name", folder=folder)[1]["code"] == "invalid_command"


def test_edited_file_is_tried_beside_what_stands_and_leaves_nothing_but_a_case(folder: Path) -> None:
    stood = standing(folder)
    both = ("--release", "production", "--file", "tasks/greet.md")

    answers = output_of("try", "greet", "Ann", *both, "--save-case", "Hello!", folder=folder)
    shown = lasttenth("try", "greet", "Ann", *both, folder=folder).stdout

    assert list(answers) == ["production", "greet.md"]
    assert answers["production"]["release"] != answers["greet.md"]["release"]
    assert standing(folder) == stood
    assert len(output_of("task", "releases", "greet", folder=folder)) == 1
    assert shown.index("production  release") < shown.index("greet.md  release")
    (case,) = output_of("task", "cases", "greet", folder=folder)
    assert (case["input"], case["reference"]) == ({"question": "Ann", "variables": {}}, {"text": "Hello!"})
    assert "Ann" in lasttenth("task", "cases", "greet", folder=folder).stdout


def test_file_of_a_new_task_is_tried_by_itself(folder: Path) -> None:
    (folder / "new.md").write_text(KIND.replace("greet", "new"))

    (answer,) = output_of("try", "new", "Ann", "--file", "new.md", folder=folder).values()

    assert answer["text"] == "Hello Ann."
    assert [task["name"] for task in output_of("tasks", folder=folder)] == ["answer", "greet"]
    assert error_of("try", "greet", "Ann", "--file", "new.md", folder=folder)[1]["message"].startswith(
        "new.md declares task new"
    )
    assert error_of("try", "gret", "Ann", folder=folder)[1]["code"] == "task_not_found"
    dry = ("--dry-run", "--save-case", "")
    assert error_of("try", "greet", "Ann", *dry, folder=folder)[1]["code"] == "invalid_command"


def test_what_models_say_does_not_speak_to_the_terminal(folder: Path) -> None:
    (folder / "lasttenth.yaml").write_text('scripts: {esc: {lines: [{text: "[/b] \\e[2J\\e]0;owned\\a [red]"}]}}')

    shown = lasttenth("ask", "Ann", "--task", "greet", "--model", "scripted/esc", folder=folder).stdout
    both = ("--release", "production", "--file", "tasks/greet.md")
    tried = on_a_terminal("try", "greet", "[/b] word " * 40, *both, folder=folder)

    assert "[/b] ␛[2J␛]0;owned [red]" in shown
    assert "╭" in tried
    assert tried.count("[/b] word") > 80


def test_what_was_said_is_shown_whole(folder: Path) -> None:
    long = "word " * 200
    trace = output_of("ask", long, "--task", "greet", folder=folder)["trace_id"]

    brief, full = (lasttenth("show", trace, *more, folder=folder).stdout for more in ((), ("--full",)))

    assert long not in brief
    assert full.count(long.strip()) >= 3


def test_release_that_fails_stops_no_other(folder: Path) -> None:
    text = WARM.replace("scripted/echo", "nobody/m")
    (folder / "tasks" / "greet.md").write_text(text)

    both = ("--release", "production", "--file", "tasks/greet.md")

    tried = lasttenth("try", "greet", "Ann", *both, folder=folder)
    failure = json.loads(lasttenth("try", "greet", "Ann", *both, "--json", folder=folder).stdout)["greet.md"]

    assert tried.returncode == 1
    assert "Hello Ann." in tried.stdout
    assert "There is no model nobody/m." in tried.stdout
    assert failure["code"] == "model_not_found"
    assert output_of("show", failure["trace_id"], folder=folder)[0]["error"] == "model_not_found"


def test_pointer_that_is_not_there_cannot_be_protected(folder: Path) -> None:
    assert error_of("task", "protect", "greet", "--pointer", "prodution", folder=folder)[1]["code"] == "not_found"


def test_variables_are_texts_or_json(folder: Path) -> None:
    (folder / "letter.md").write_text(LETTER)
    output_of("task", "push", "letter.md", folder=folder)
    given = ("--variable", "name=Ann", "--variable", 'items:=["lamp", "desk"]')

    assert output_of("ask", "", "--task", "letter", *given, folder=folder)["text"].startswith("Dear Ann, lamp and desk")
    for wrong in ("name", "=Ann", "items:=lamp"):
        code = error_of("ask", "", "--task", "letter", "--variable", wrong, folder=folder)[1]["code"]
        assert code == "invalid_command"


def test_file_that_cannot_work_is_not_taken_and_neither_are_those_beside_it(folder: Path) -> None:
    (folder / "tasks" / "other.md").write_text(WARM.replace("greet", "other").replace("question }}", "qestion"))
    assert error_of("task", "push", "tasks", "--dry-run", folder=folder)[0] == 2
    assert error_of("task", "push", "tasks", folder=folder)[0] == 2
    (folder / "tasks" / "greet.md").write_text(WARM.replace("question }}", "qestion"))

    checked = lasttenth("task", "check", "tasks", folder=folder)
    assert (checked.returncode, "error  messages" in checked.stdout) == (2, True)
    assert error_of("task", "push", "tasks", folder=folder)[0] == 2
    assert len(output_of("task", "releases", "greet", folder=folder)) == 1


def test_two_releases_share_a_pointer(folder: Path) -> None:
    warm = output_of("task", "push", "tasks", "--pointer", "", folder=folder)[0]["release"]

    moved = output_of("task", "move", "greet", f"{warm[:8]}=1", "production=3", folder=folder)

    assert sorted(moved["releases"].values()) == [1.0, 3.0]
    shown = lasttenth("task", "show", "greet", folder=folder).stdout
    assert f"{warm[:12]} 25.0%" in shown
    for command in (("try", "greet", "Ann"), ("task", "pull", "greet"), ("task", "diff", "greet", warm[:8])):
        assert error_of(*command, folder=folder)[1]["code"] == "conflict"
    pushed = lasttenth("task", "push", "tasks", "--dry-run", folder=folder).stdout
    assert "no change" not in pushed
    assert f"the pointer stood on {sorted(moved['releases'], key=moved['releases'].get)[1][:12]} 75.0%" in pushed


def on_a_terminal(*words: str, folder: Path, columns: int = 80) -> str:
    """Run a command with a terminal of its own and return what it shows there."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    command = [sys.executable, "-m", "lasttenth", *words]
    environment = {**clean_environment(folder), "LASTTENTH_FOLDER": str(folder), "TERM": "xterm"}
    del environment["COLUMNS"], environment["NO_COLOR"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends whose other side is gone
            while piece := os.read(ours, 65_536):
                shown += piece
        process.wait()
    os.close(ours)
    return shown.decode()


def standing(folder: Path) -> Any:
    return output_of("task", "show", "greet", folder=folder)["pointers"][0]["releases"]


def test_releases_speak_side_by_side_on_one_stream(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("one", streamed("Good ", gate, "day."))
    upstream.script("two", streamed("Hello."))
    text = KIND.replace("greet", "try")
    releases = [
        called(server, "POST", "/api/tasks", pointer="", text=text.replace("scripted/echo", name))["release"]
        for name in ("up/one", "up/two", "nobody/m")
    ]
    body = msgspec.json.encode({"question": "Ann", "releases": releases})

    heard: list[dict[str, Any]] = []
    with closing(HTTPConnection(server.host, server.port, timeout=20)) as connection:
        connection.request("POST", "/api/tasks/try/try", body=body)
        for line in connection.getresponse():
            if line.startswith(b"data: {"):
                heard.append(msgspec.json.decode(line.removeprefix(b"data: ")))
            if any(each["answer"] and each["version"] == releases[1] for each in heard):
                gate.open()

    texts = {version: "".join(each["text"] for each in heard if each["version"] == version) for version in releases}
    answers = {each["version"]: each["answer"]["text"] for each in heard if each["answer"]}
    assert texts == {releases[0]: "Good day.", releases[1]: "Hello.", releases[2]: ""}
    assert answers == {releases[0]: "Good day.", releases[1]: "Hello."}
    assert [each["failure"]["code"] for each in heard if each["failure"]] == ["model_not_found"]
    assert heard[-1]["answer"]["text"] == "Good day."
    assert (
        called(server, "POST", "/api/tasks/try/try", status=404, releases=["nothing"])["error"]["code"] == "not_found"
    )
    called(server, "POST", "/api/tasks/try/cases", question="Ann", tags=["short"])
    assert [case["tags"] for case in called(server, "GET", "/api/tasks/try/cases")] == [["short"]]


def test_from_an_edit_to_a_rollback_by_the_api_alone(server: RunningServer) -> None:
    kind = called(server, "POST", "/api/tasks", text=KIND)["release"]
    called(server, "POST", "/api/tasks/greet/pointers/production/protection")
    pushed = called(server, "POST", "/api/tasks", text=WARM, comment="warmer")
    proposal = pushed["proposal"]["proposal"]["id"]

    assert called(server, "POST", f"/api/proposals/{proposal}/reviews", status=403, decision="approve")
    key = made_key(server.folder)
    made = called(server, "POST", f"/api/proposals/{proposal}/reviews", key=key, decision="approve")
    assert made["state"] == "made"
    assert called(server, "GET", "/api/tasks/greet")["pointers"][0]["releases"] == {pushed["release"]: 1.0}
    assert called(server, "GET", f"/api/tasks/greet/diff?before={kind}")[0]["after"] == "Be warm."

    back = called(server, "POST", "/api/tasks/greet/pointers/production/rollback", comment="too warm")
    assert (back["releases"], back["reason"]) == ({kind: 1.0}, "too warm")
    assert called(server, "GET", "/api/tasks/greet/file")["text"] == KIND
    rendered = called(server, "POST", "/api/tasks/greet/render", question="Ann", version=pushed["release"][:8])
    assert [message["content"] for message in rendered["messages"]] == ["Be warm.", "Hello Ann."]
    assert called(server, "GET", "/api/tasks/nobody", status=404)["error"]["code"] == "task_not_found"


def test_variables_go_into_the_prompt_and_stand_in_the_trace(server: RunningServer, client: OpenAI) -> None:
    called(server, "POST", "/api/tasks", text=LETTER)
    given = {"lasttenth_variables": '{"name": "Ann", "items": ["lamp", "desk"]}'}

    raw = client.chat.completions.with_raw_response.create(model="task/letter", messages=[], metadata=given)

    assert raw.parse().choices[0].message.content == "Dear Ann, lamp and desk are on their way."
    trace = called(server, "GET", f"/api/traces/{raw.headers['x-lasttenth-trace']}")
    assert msgspec.json.decode(trace[0]["input"])["metadata"] == given
    answer = called(server, "POST", "/api/ask", question="", task="letter", variables={"name": "Bo", "items": []})
    assert answer["text"] == "Dear Bo,  are on their way."


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ('{"items": []}', "'name' is undefined"),
        ('["Ann"]', "no JSON object"),
        ('{"name": ', "no JSON object"),
        ('{"name": "Ann", "items": [], "question": "x"}', "not the caller's"),
        ('{"name": "Ann", "items": 3}', "cannot use what the call gives"),
    ],
)
def test_variables_that_cannot_be_are_the_callers_error(
    server: RunningServer, client: OpenAI, variables: str, said: str
) -> None:
    called(server, "POST", "/api/tasks", text=LETTER)

    with pytest.raises(BadRequestError, match=said):
        client.chat.completions.create(model="task/letter", messages=[], metadata={"lasttenth_variables": variables})


def test_variables_are_no_header(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="Variables are no header"):
        client.chat.completions.create(
            model="task/answer", messages=asked("Hello?"), extra_headers={"x-lasttenth-variables": "{}"}
        )


def test_conversation_follows_a_prompt_that_does_not_ask_for_the_question(
    server: RunningServer, client: OpenAI
) -> None:
    called(server, "POST", "/api/tasks", text=LETTER.replace("# User\n\n", "# System\n\n"))
    given = {"lasttenth_variables": '{"name": "Ann", "items": []}'}

    reply = client.chat.completions.create(model="task/letter", messages=asked("Who is it from?"), metadata=given)

    assert reply.choices[0].message.content == "Who is it from?"


SHOWN = """---
name: shown
model: up/shown
examples:
  - {input: {question: Hi}, output: calm}
  - {input: {question: NOW!}, output: angry}
---

# System

One word.

# User

How is this? {{ question }}
"""


@pytest.mark.parametrize("asks", [True, False])
def test_examples_stand_before_what_is_asked(
    server: RunningServer, client: OpenAI, upstream: Upstream, *, asks: bool
) -> None:
    upstream.script("shown", completion("calm"))
    called(server, "POST", "/api/tasks", text=SHOWN if asks else SHOWN[: SHOWN.index("# User")])

    said = [*asked("Before?"), {"role": "assistant", "content": "Yes."}, *asked("Hello?")]
    client.chat.completions.create(model="task/shown", messages=said)

    body = msgspec.json.decode(upstream.requests("shown")[-1].body)
    how = "How is this? " if asks else ""
    assert [(message["role"], message["content"]) for message in body["messages"]] == [
        ("system", "One word."),
        ("user", f"{how}Hi"),
        ("assistant", "calm"),
        ("user", f"{how}NOW!"),
        ("assistant", "angry"),
        ("user", "Before?"),
        ("assistant", "Yes."),
        ("user", f"{how}Hello?"),
    ]


def test_nearest_examples_alone_are_shown_in_their_own_order(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("near", completion("calm"))
    more = "  - {input: {question: Where is NOW the lamp}, output: worried}\n---\n\n# System"
    text = SHOWN.replace("examples:", "nearest_examples: 2\nexamples:").replace("shown", "near")
    called(server, "POST", "/api/tasks", text=text.replace("---\n\n# System", more))

    reply = client.chat.completions.with_raw_response.create(model="task/near", messages=asked("Where NOW!"))

    body = msgspec.json.decode(upstream.requests("near")[-1].body)
    said = [message["content"] for message in body["messages"] if message["role"] == "assistant"]
    spans = called(server, "GET", f"/api/traces/{reply.headers['x-lasttenth-trace']}")
    assert said == ["angry", "worried"]
    assert [span["name"] for span in spans] == ["chat task/near", "nearest examples", "chat up/near"]
    (replayed,) = called(server, "POST", "/api/replays", traces=[spans[0]["trace_id"]])
    assert replayed["outcome"] == "same"


def test_answers_to_other_variables_are_other_answers_in_the_cache(server: RunningServer, client: OpenAI) -> None:
    called(server, "POST", "/api/tasks", text=LETTER.replace("letter", "cached-letter"))

    replies = [
        client.chat.completions.with_raw_response.create(
            model="task/cached-letter",
            messages=[],
            metadata={"lasttenth_variables": given, "lasttenth_cache": "exact"},
        )
        for given in (
            '{"items": {"a": 1, "b": 2}, "name": "Ann"}',
            '{"items": [], "name": "Bo"}',
            '{"items": {"b": 2, "a": 1}, "name": "Ann"}',
            '{"items": {"a": 1, "b": 2}, "name": "Ann"}',
        )
    ]

    assert [reply.headers["x-lasttenth-cache"] for reply in replies] == ["miss", "miss", "miss", "hit"]
    assert replies[1].parse().choices[0].message.content == "Dear Bo,  are on their way."


def test_units_stay_with_their_release_and_traces_say_with_what_probability(
    server: RunningServer, client: OpenAI
) -> None:
    texts = (FILE.format(model=name, how="brief").replace("greet", "share") for name in ("echo", "model-of-quotes"))
    one, other = (called(server, "POST", "/api/tasks", text=text)["release"] for text in texts)
    called(server, "POST", "/api/tasks/share/pointers/production", releases={one: 1.0, other: 1.0})

    met = [[_header(client, "release", user=f"user-{number}") for number in range(12)] for _ in range(2)]

    assert met[0] == met[1]
    assert set(met[0]) == {one, other}
    assert _header(client, "release", model=f"task/share@{other}", user="user-0") == other
    trace = called(server, "GET", f"/api/traces/{_header(client, 'trace', user='user-0')}")
    assert trace[0]["assignment"]["probability"] == 0.5


def _header(client: OpenAI, name: str, *, user: str, model: str = "task/share") -> str:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=asked("you"), user=user)
    return raw.headers[f"x-lasttenth-{name}"]


def called(server: RunningServer, method: str, path: str, *, status: int = 200, key: str = "", **fields: Any) -> Any:
    """Call the API and return what it answers."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    reply = server.request(method, path, body=msgspec.json.encode(fields) if method == "POST" else b"", headers=headers)
    assert reply.status == status, reply.body
    return msgspec.json.decode(reply.body)


@pytest.mark.parametrize("text", ["no front matter", SHOWN.replace("model:", "modle:"), SHOWN + "{% if %}"])
def test_file_that_cannot_be_taken_is_the_callers_mistake(server: RunningServer, text: str) -> None:
    refused = called(server, "POST", "/api/tasks", status=422, text=text)

    assert (refused["error"]["type"], refused["error"]["code"]) == ("invalid_request_error", "invalid_task_file")


def test_examples_are_nearest_to_what_is_said_also_where_the_prompt_does_not_read_it(
    server: RunningServer, client: OpenAI, upstream: Upstream
) -> None:
    upstream.script("said", completion("calm"))
    text = (
        SHOWN[: SHOWN.index("# User")].replace("examples:", "nearest_examples: 1\nexamples:").replace("shown", "said")
    )
    called(server, "POST", "/api/tasks", text=text)

    client.chat.completions.create(model="task/said", messages=asked("Do it NOW!"))

    body = msgspec.json.decode(upstream.requests("said")[-1].body)
    assert [message["content"] for message in body["messages"] if message["role"] == "assistant"] == ["angry"]
