"""Several workers behind one port, as those see them who call, operate, restart and kill them."""

import asyncio
import http.client
import json
import select
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import with_store
from tests.journeys.commands import error_of, lasttenth, made_key, output_of
from tests.journeys.crews import ENOUGH, WITHIN, crew, end, has_ended, release_of, restarted, workers
from tests.journeys.refusals import CHAT, chat
from tests.journeys.test_installation import DATABASE, ask, locked, no_room, sound, traces

from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.records.definitions import Message, Release
from lasttenth.records.ids import Ids, SystemClock, system_randomness
from lasttenth.releases.pointers import NewMove, Pointers
from lasttenth.storage.ports import Store
from lasttenth.storage.sqlite import SqliteStore
from lasttenth.testing import RunningServer, eventually, running_server

TWO = ("--workers", "2")
CLIENTS = 4
WORDS = " ".join(f"word-{number}" for number in range(40))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Return a server with two workers, for the tests that end none of them."""
    with running_server(tmp_path_factory.mktemp("workers"), arguments=TWO) as started:
        yield started
        log = started.log
    assert "Traceback" not in log


def test_all_workers_answer_and_what_each_recorded_is_in_one_list(server: RunningServer) -> None:
    answering = {server.get("/readyz")["process"] for _ in range(ENOUGH)}
    asked = {ask(server) for _ in range(ENOUGH)}

    listed = eventually(lambda: asked <= traces(server), within=WITHIN)

    assert listed
    assert answering == set(workers(server))
    assert crew(server) == {"wanted": 2, "running": 2, "restarts": 0}
    assert server.get("/api/status")["writer"]["waiting"] >= 0


def test_pointer_that_another_process_moves_and_puts_back_is_followed_by_every_worker(server: RunningServer) -> None:
    moved = [move_answer(server.folder, temperature=0.0)]
    eventually(lambda: {release_of(server) for _ in range(ENOUGH)} == {moved[0]}, within=WITHIN)

    moved.append(move_answer(server.folder, temperature=1.0))
    followed = eventually(lambda: {release_of(server) for _ in range(ENOUGH)} == {moved[1]}, within=WITHIN)

    assert followed
    assert moved[0] != moved[1]

    output_of("task", "rollback", "answer", folder=server.folder)

    assert eventually(lambda: {release_of(server) for _ in range(ENOUGH)} == {moved[0]}, within=WITHIN)


def test_key_that_another_process_makes_opens_and_once_revoked_is_refused_by_every_worker(
    server: RunningServer,
) -> None:
    key = made_key(server.folder)

    accepted = {status_with(server, key) for _ in range(ENOUGH)}
    with closing(sqlite3.connect(server.folder / DATABASE, timeout=WITHIN)) as connection, connection:
        connection.execute("UPDATE keys SET revoked = 1 WHERE id = ?", (key.split("-")[1],))
    eventually(lambda: {status_with(server, key) for _ in range(ENOUGH)} == {401}, within=WITHIN)

    assert accepted == {200}


def test_documents_added_to_one_worker_are_found_by_all(server: RunningServer) -> None:
    body = msgspec.json.encode({"documents": [{"name": "lamp.md", "text": "Lamps are bright."}]})

    added = server.request("POST", "/api/indexes/lamps/documents", body=body)
    found = [server.get("/api/indexes/lamps/search?question=lamps") for _ in range(ENOUGH)]

    assert added.status == 200
    assert {passages[0]["document"] for passages in found} == {"lamp.md"}


def test_job_that_a_command_enqueues_is_done_by_one_of_the_workers(server: RunningServer) -> None:
    (server.folder / "moon.md").write_text("The moon is made of rock.")

    job = output_of("index", "add", "moon.md", "--index", "moons", "--background", folder=server.folder)
    done = eventually(lambda: job_in(server, job["id"], "done"), within=WITHIN)
    found = server.get("/api/indexes/moons/search?question=moon")

    assert done["worker"].rpartition(":")[2] in map(str, workers(server))
    assert [passage["text"] for passage in found] == ["The moon is made of rock."]


def test_refusal_of_the_writer_comes_with_its_own_words(server: RunningServer) -> None:
    body = msgspec.json.encode({"documents": [{"name": "late.md", "text": "Late."}]})

    with locked(server.folder):
        refused = server.request("POST", "/api/indexes/late/documents", body=body)

    assert refused.status == 503
    assert refused.json()["error"]["code"] == "storage_unavailable"
    assert "locked by another process" in refused.json()["error"]["message"]
    assert refused.headers["retry-after"]


def test_settings_may_say_how_many_workers_and_a_second_supervisor_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path, settings="workers: 2") as server:
        found = crew(server)
        second = lasttenth("up", "--port", "0", *TWO, folder=tmp_path)

    assert found["wanted"] == 2
    assert second.returncode == 5
    assert "Other workers run in" in second.stderr


def test_port_in_use_is_said_by_several_workers_as_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as holder:
        port = str(holder.getsockname()[1])

        finished = lasttenth("up", "--port", port, *TWO, folder=tmp_path)

    assert finished.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be had: it is in use." in finished.stderr


def test_number_of_workers_is_checked(tmp_path: Path) -> None:
    (tmp_path / "lasttenth.yaml").write_text("workers: 0")

    code, error = error_of("traces", folder=tmp_path)
    finished = lasttenth("up", "--workers", "0", folder=tmp_path)

    assert (code, error["code"]) == (2, "invalid_configuration")
    assert finished.returncode == 2


def test_workers_beyond_loopback_without_a_key_do_not_start(tmp_path: Path) -> None:
    finished = lasttenth("up", "--host", "0.0.0.0", "--port", "0", *TWO, folder=tmp_path)

    assert finished.returncode == 2
    assert "lasttenth key create NAME" in finished.stderr


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_workers_that_are_asked_to_stop_write_what_waits(tmp_path: Path, with_signal: signal.Signals) -> None:
    with running_server(tmp_path, arguments=TWO) as server:
        processes = workers(server)
        asked = {ask(server) for _ in range(50)}
        code = server.stop(with_signal)

    assert code == 0
    assert all(has_ended(process) for process in processes)
    assert asked <= {trace["trace_id"] for trace in output_of("traces", "--limit", "1000", folder=tmp_path)}
    assert not list(tmp_path.glob("spill-*"))


def test_worker_that_is_killed_in_traffic_is_replaced_and_what_was_written_stays(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server, traffic(server) as clients:
        written = eventually(lambda: everything(tmp_path) if len(everything(tmp_path)) > 100 else set(), within=WITHIN)
        end(workers(server)[0])
        restarted(server, 1)
        done = clients.stop()
        last = ask(server)
        listed = eventually(lambda: last in everything(tmp_path), within=WITHIN)

    assert listed
    assert len(done.broken) <= CLIENTS
    assert written <= everything(tmp_path)
    assert sound(tmp_path)


def test_worker_that_is_asked_to_stop_finishes_and_is_replaced(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server, traffic(server) as clients:
        end(workers(server)[1], signal.SIGTERM)
        restarted(server, 1)
        done = clients.stop()

    assert done.broken == []
    assert done.answered


def test_new_workers_take_the_place_of_the_old_ones_without_a_failed_request(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server, traffic(server) as clients:
        before = workers(server)
        end(server.pid, signal.SIGHUP)
        eventually(lambda: not set(before) & set(workers(server)), within=WITHIN)
        eventually(lambda: crew(server)["running"] == 2, within=WITHIN)
        done = clients.stop()
        after = workers(server)
        listed = eventually(lambda: set(done.answered) <= everything(tmp_path), within=WITHIN)

    assert done.broken == []
    assert len(after) == 2
    assert listed


def test_stream_that_has_begun_is_finished_by_the_worker_that_is_replaced(tmp_path: Path) -> None:
    slow = f"scripts: {{slow: {{lines: [{{text: '{WORDS}', delay: 0.05}}]}}}}"
    with running_server(tmp_path, arguments=TWO, settings=slow) as server, ThreadPoolExecutor() as pool:
        before = workers(server)
        streams = [pool.submit(streamed, server) for _ in range(4)]
        end(server.pid, signal.SIGHUP)
        texts = [stream.result() for stream in streams]
        eventually(lambda: not set(before) & set(workers(server)), within=WITHIN)

    assert texts == [WORDS] * 4


def test_settings_are_read_anew_with_the_workers_and_wrong_ones_change_nothing(tmp_path: Path) -> None:
    script = "scripts: {greeter: {lines: [{text: Good morning.}]}}"
    with running_server(tmp_path, arguments=TWO) as server:
        before = server.request("POST", CHAT, body=chat("scripted/greeter")).status
        renew(server, script)
        after = [server.request("POST", CHAT, body=chat("scripted/greeter")).status for _ in range(ENOUGH)]
        renew(server, "scripts: [")
        still = [server.request("POST", CHAT, body=chat("scripted/greeter")).status for _ in range(ENOUGH)]
        log = server.log

    assert before == 404
    assert set(after) == set(still) == {200}
    assert "The settings stay as they were" in log


def test_new_workers_that_cannot_start_leave_the_old_ones_in_their_places(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server:
        before = set(workers(server))
        (tmp_path / "pepper").write_bytes(b"damaged")
        end(server.pid, signal.SIGHUP)
        eventually(lambda: "could not be renewed" in server.log, within=WITHIN)
        answered = {ask(server) for _ in range(ENOUGH)}
        after = set(workers(server))
        code = server.stop()

    assert len(answered) == ENOUGH
    assert after == before
    assert code == 0


def test_workers_whose_supervisor_is_killed_finish_by_themselves_and_lose_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server:
        processes = workers(server)
        asked = {ask(server) for _ in range(50)}
        server.stop(signal.SIGKILL)
        eventually(lambda: all(has_ended(process) for process in processes), within=WITHIN)

    with running_server(tmp_path, arguments=TWO) as again:
        listed = eventually(lambda: asked <= traces(again), within=WITHIN)
        answered = ask(again)
        assert eventually(lambda: answered in traces(again), within=WITHIN)

    assert listed
    assert sound(tmp_path)


def test_full_disk_under_the_writer_delays_traces_and_loses_none(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server:
        before = ask(server)
        eventually(lambda: before in traces(server), within=WITHIN)
        with no_room(server):
            during = {ask(server) for _ in range(20)}
            eventually(lambda: server.get("/api/status")["recording"]["failing"], within=WITHIN)

        listed = eventually(lambda: during <= traces(server), within=WITHIN)

    assert listed
    assert sound(tmp_path)


def test_supervisor_whose_workers_cannot_start_gives_up_with_the_reason(tmp_path: Path) -> None:
    with running_server(tmp_path, arguments=TWO) as server:
        (tmp_path / "pepper").write_bytes(b"damaged")
        end(workers(server)[0])
        eventually(lambda: has_ended(server.pid), within=WITHIN)
        code = server.stop()
        log = server.log

    assert code == 1
    assert "it is damaged" in log
    assert "Worker 1 ended" in log or "Worker 2 ended" in log


class Traffic:
    """Clients that ask until they are stopped: half of them keep their connection, the others take a new one each time."""

    def __init__(self, server: RunningServer) -> None:
        self.answered: list[str] = []
        self.broken: list[str] = []
        self._server = server
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)
        ways = (self._ask_anew, self._ask_on)
        self._clients: list[Future[None]] = [self._pool.submit(ways[number % 2]) for number in range(CLIENTS)]

    def stop(self) -> "Traffic":
        """Let every client finish its request."""
        self._stopping.set()
        for client in self._clients:
            client.result()
        self._pool.shutdown()
        return self

    def _ask_anew(self) -> None:
        while not self._stopping.is_set():
            try:
                self.answered.append(ask(self._server))
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(repr(error))

    def _ask_on(self) -> None:
        with closing(http.client.HTTPConnection(self._server.host, self._server.port, timeout=WITHIN)) as connection:
            while not self._stopping.is_set():
                try:
                    self.answered.append(asked_on(connection))
                except (OSError, http.client.HTTPException) as error:
                    self.broken.append(repr(error))
                    connection.close()


@contextmanager
def traffic(server: RunningServer) -> Iterator[Traffic]:
    """Ask for as long as the block runs."""
    clients = Traffic(server)
    try:
        yield clients
    finally:
        clients.stop()


def asked_on(connection: http.client.HTTPConnection) -> str:
    """Ask on a connection, unless the server has hung up in between: then on a new one, as all clients do."""
    if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
        connection.close()
    connection.request("POST", CHAT, body=chat())
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return answer.headers["x-request-id"]


def streamed(server: RunningServer) -> str:
    """Return the text of a stream, read to its end."""
    answer = server.request("POST", CHAT, body=chat("scripted/slow", stream=True))
    lines = [line.removeprefix("data: ") for line in answer.body.decode().splitlines() if line.startswith("data: {")]
    choices = [choice for line in lines for choice in json.loads(line)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def renew(server: RunningServer, settings: str) -> None:
    """Write settings and put new workers in the place of all."""
    before = set(workers(server))
    (server.folder / "lasttenth.yaml").write_text(settings)
    end(server.pid, signal.SIGHUP)
    eventually(lambda: len(workers(server)) == 2 and not before & set(workers(server)), within=WITHIN)


def move_answer(folder: Path, *, temperature: float) -> str:
    """Point `production` of the built-in task to another release, from this process, and return that."""
    prompt = Message(role="user", text="{{ question }}")
    release = Release(task="answer", messages=(prompt,), model="scripted/echo", parameters={"temperature": temperature})
    clock = SystemClock()

    async def work(store: Store) -> None:
        project = await store.project(DEFAULT_PROJECT)
        await project.definitions.put(release)
        move = NewMove(task="answer", releases={release.hash: 1.0}, actor="test")
        await Pointers(project, ids=Ids(clock), clock=clock).move(move)

    opening = SqliteStore.open(folder / DATABASE, clock=SystemClock(), randomness=system_randomness)
    asyncio.run(with_store(opening, work))
    return release.hash


def job_in(server: RunningServer, job: str, state: str) -> dict[str, Any]:
    """Return a job that is in a state, and nothing while it is in another."""
    found: dict[str, Any] = server.get(f"/api/jobs/{job}")
    return found if found["state"] == state else {}


def status_with(server: RunningServer, key: str) -> int:
    """Return the status of a request with a key."""
    return server.request("GET", "/api/status", headers={"authorization": f"Bearer {key}"}).status


def everything(folder: Path) -> set[str]:
    """Return the ids of all traces that are stored, however many."""
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True, timeout=WITHIN)) as connection:
        return {row[0] for row in connection.execute("SELECT lower(hex(trace_id)) FROM spans")}
