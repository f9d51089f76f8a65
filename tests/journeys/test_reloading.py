"""Settings that change while a server runs: what differs, what holds at once, and the way back."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.journeys.commands import lasttenth, output_of
from tests.journeys.conversations import asked

from lasttenth.testing import HttpAnswer, RunningServer, Upstream, completion, eventually, running_server, streamed

FIRST = "providers: {up: {base_url: %s, api_key: '${SECRET:-hush}'}}\n"
SECOND = FIRST + "routes: {fast: {deployments: [{model: up/one}]}}\n"


@pytest.fixture
def server(upstream: Upstream, tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path, settings=FIRST % upstream.base_url) as started:
        yield started


def ask(server: RunningServer, model: str, **fields: Any) -> HttpAnswer:
    body = msgspec.json.encode({"model": model, "messages": asked("Hello?"), **fields})
    return server.request("POST", "/v1/chat/completions", body=body)


def write(server: RunningServer, text: str) -> None:
    (server.folder / "lasttenth.yaml").write_text(text)


def config(server: RunningServer, *arguments: str) -> Any:
    return output_of("config", *arguments, folder=server.folder)


def test_file_is_compared_reloaded_and_rolled_back(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("one", completion("Yes."))
    write(server, SECOND % upstream.base_url)

    before = ask(server, "fast").status
    differs = config(server, "diff")
    dry = config(server, "reload", "--dry-run")
    still = ask(server, "fast").status
    reloaded = config(server, "reload")
    after = ask(server, "fast").status
    rolled = config(server, "rollback")
    back = ask(server, "fast").status

    model = {"name": "routes.fast.deployments.0.model", "before": None, "after": "up/one", "needs": "reload"}
    assert model in differs
    assert (dry["changes"], dry["version"]) == (differs, "")
    assert (before, still, after, back) == (404, 404, 200, 404)
    assert reloaded["version"] != rolled["version"]
    assert (server.folder / "lasttenth.yaml").read_text() == FIRST % upstream.base_url
    assert [each["id"] for each in config(server, "history")] == [
        rolled["version"],
        reloaded["version"],
        rolled["version"],
    ]
    assert "Settings: routes" in server.log


def test_secrets_are_not_shown(server: RunningServer, upstream: Upstream) -> None:
    write(server, (FIRST % upstream.base_url).replace("hush", "louder"))

    found = lasttenth("config", "diff", folder=server.folder)

    assert "providers.up.api_key: … → …" in found.stdout
    assert "hush" not in found.stdout
    assert "louder" not in found.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: [", "is not YAML"),
        ("providerz: {}", "providerz"),
        ("folder: 2020-99-99", "cannot be read"),
        ("scripts: &a {b: *a}", "nested too deep"),
        ("routes: {a: {deployments: [{model: nobody/m}]}}", "no such provider"),
    ],
)
def test_wrong_settings_change_nothing(server: RunningServer, upstream: Upstream, text: str, said: str) -> None:
    upstream.script("kept", completion("Yes."))
    write(server, text)

    found = lasttenth("config", "reload", "--json", folder=server.folder)

    assert found.returncode == 2
    assert said in json.loads(found.stdout)["error"]["message"]
    assert ask(server, "up/kept").status == 200


def test_stream_that_has_begun_goes_on_over_a_reload(server: RunningServer, upstream: Upstream) -> None:
    gate = upstream.gate()
    upstream.script("long", streamed("One ", gate, "two."))
    found: list[HttpAnswer] = []
    reading = threading.Thread(target=lambda: found.append(ask(server, "up/long", stream=True)))
    reading.start()
    write(server, "routes: {}\n")

    config(server, "reload")
    gone = ask(server, "up/long").status
    gate.open()
    reading.join(20)

    assert gone == 404
    assert b"two." in found[0].body
    assert found[0].body.endswith(b"data: [DONE]\n\n")


def test_what_needs_a_restart_says_so(server: RunningServer) -> None:
    write(server, (server.folder / "lasttenth.yaml").read_text() + "timeouts: {read: 7}\n")

    found = lasttenth("config", "diff", folder=server.folder)

    assert "timeouts.read: 300.0 → 7.0 (at the next start)" in found.stdout


def test_workers_take_settings_and_go_back(upstream: Upstream, tmp_path: Path) -> None:
    upstream.script("one", completion("Yes."))
    with running_server(tmp_path, settings=FIRST % upstream.base_url, arguments=["--workers", "2"]) as server:
        write(server, SECOND % upstream.base_url + "timeouts: {read: 7}\n")

        differs = config(server, "diff")
        config(server, "reload")
        until(server, "fast", 200)
        config(server, "rollback")
        until(server, "fast", 404)

    assert {each["needs"] for each in differs} == {"reload"}


def until(server: RunningServer, model: str, status: int) -> None:
    """Wait until all workers answer so: they are renewed one after the other."""
    eventually(lambda: all(ask(server, model).status == status for _ in range(20)), within=60.0)


def test_without_a_server_nothing_is_asked(tmp_path: Path) -> None:
    reload = lasttenth("config", "reload", "--json", folder=tmp_path)
    rollback = lasttenth("config", "rollback", "--json", folder=tmp_path)

    assert json.loads(reload.stdout)["error"]["code"] == "conflict"
    assert "There are no earlier settings" in json.loads(rollback.stdout)["error"]["message"]


def test_process_that_only_has_the_number_of_a_server_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as another:
        server = {"pid": another.pid, "settings": str(tmp_path / "lasttenth.yaml")}
        (tmp_path / "server.json").write_text(json.dumps(server))

        reload = lasttenth("config", "reload", "--json", folder=tmp_path)
        another.communicate(b"\n")

    assert json.loads(reload.stdout)["error"]["code"] == "conflict"
    assert another.returncode == 0


def test_rollback_keeps_the_link_and_the_mode_of_the_file(server: RunningServer, upstream: Upstream) -> None:
    file, kept = server.folder / "lasttenth.yaml", server.folder / "kept.yaml"
    file.rename(kept)
    file.symlink_to(kept)
    write(server, SECOND % upstream.base_url)
    kept.chmod(0o640)
    config(server, "reload")

    config(server, "rollback")

    assert file.is_symlink()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (FIRST % upstream.base_url, 0o640)


def test_route_over_a_script_takes_the_script_anew(tmp_path: Path) -> None:
    settings = "scripts: {a: {lines: [{text: %s}]}}\nroutes: {fast: {deployments: [{model: scripted/a}]}}\n"
    with running_server(tmp_path, settings=settings % "Old.") as server:
        write(server, settings % "New.")

        config(server, "reload")

        assert b"New." in ask(server, "fast").body


def test_file_that_is_gone_changes_nothing(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("kept", completion("Yes."))
    (server.folder / "lasttenth.yaml").unlink()

    found = lasttenth("config", "reload", "--json", folder=server.folder)

    assert "is gone" in json.loads(found.stdout)["error"]["message"]
    assert ask(server, "up/kept").status == 200


def test_secrets_in_addresses_are_not_shown(server: RunningServer) -> None:
    write(server, "providers: {up: {base_url: 'https://ann:secret@host/v1?key=secret'}}\n")

    found = lasttenth("config", "diff", folder=server.folder)

    assert "https://…host/v1?…" in found.stdout
    assert "secret" not in found.stdout


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "lasttenth.yaml").write_text("listen: {port: 99999999}\n")

    wrong = lasttenth("config", "check", folder=tmp_path)
    (tmp_path / "lasttenth.yaml").write_text("routes: {a: {deployments: [{model: nobody/m}]}}\n")
    nobody = lasttenth("config", "check", folder=tmp_path)
    (tmp_path / "lasttenth.yaml").write_text("listen: {port: 9}\n")
    right = lasttenth("config", "check", folder=tmp_path)

    assert (wrong.returncode, nobody.returncode) == (2, 2)
    assert "is right" in right.stdout
