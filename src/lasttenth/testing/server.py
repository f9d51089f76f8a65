"""A real server for a test: `lasttenth up` in a process of its own, on a free port of loopback."""

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from lasttenth.testing.waiting import eventually

LOG = "server.log"
OUTPUT = "server.out"
STOP_SECONDS = 30.0
REQUEST_SECONDS = 30.0
_URL = re.compile(r"http://([\w.\[\]:]+?):(\d+)\s")
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer, read to its end; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return msgspec.json.decode(self.body)


class RunningServer:
    """A server that runs.

    Args:
        process: `lasttenth up`.
        folder: where the installation is kept, with the server's output beside it.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process = process
        self.folder = folder
        self.pid = process.pid
        self.host = "127.0.0.1"
        self.port = 0

    @property
    def base_url(self) -> str:
        """Return the URL of the server, without a path."""
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """Return what the server wrote to its error stream."""
        return _text(self.folder / LOG)

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Send one request on a connection of its own and return the whole answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return HttpAnswer(status=answer.status, headers=names, body=answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON at a path, which must be there."""
        answer = self.request("GET", path)
        if answer.status != 200:
            raise AssertionError(f"GET {path} answers {answer.status}: {answer.body.decode(errors='replace')}")
        return answer.json()

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end, wait for it, and return its exit code; a process that has ended is left as it is."""
        if self._process.poll() is None:
            self._process.send_signal(with_signal)
        return self._process.wait(STOP_SECONDS)

    def wait_until_ready(self) -> None:
        """Wait until the server says where it listens. Raises AssertionError with its output when it ends instead."""
        eventually(lambda: _URL.search(_text(self.folder / OUTPUT)) or self._process.poll() is not None, within=30.0)
        found = _URL.search(_text(self.folder / OUTPUT))
        if found is None:
            raise AssertionError(f"The server ended with {self._process.returncode}: {self.log}")
        self.port = int(found[2])


@contextmanager
def running_server(
    folder: Path,
    *,
    settings: str = "",
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[RunningServer]:
    """Start `lasttenth up` and stop it at the end, however the block ends.

    Args:
        folder: where the installation is kept; made when it is new.
        settings: the text of `lasttenth.yaml`.
        environment: variables beside those of `clean_environment`.
        arguments: options of `lasttenth up` beside `--port 0`.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as place, running_server(Path(place)) as server:
        ...     server.get("/healthz")
        {'alive': True}
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "lasttenth.yaml"
    configuration.write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "lasttenth", "up", "--port", "0", "--folder", str(folder)]
    (folder / OUTPUT).unlink(missing_ok=True)
    with (folder / OUTPUT).open("wb") as output, (folder / LOG).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            [*command, "--config", str(configuration), *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=log, cwd=folder,
            env={**clean_environment(folder), **(environment or {})},
        )  # fmt: skip
    with process:
        server = RunningServer(process, folder)
        try:
            server.wait_until_ready()
            yield server
        finally:
            _end(process)


def clean_environment(folder: Path) -> dict[str, str]:
    """Return an environment that is the same on every machine: no keys, no proxies, no embedder, no colours."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**kept, "PYTHONPATH": paths, "NO_COLOR": "1", "LASTTENTH_CACHE": str(folder / "cache"), "COLUMNS": "200"}


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
