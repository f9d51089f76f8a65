"""The load of plain requests: wrk, told to end after an exact number of answers."""

import json
import signal
import subprocess
import threading
from pathlib import Path

import msgspec

from benchmarks.gateway import bodies
from benchmarks.gateway.bodies import Body

_SCRIPT = Path(__file__).with_suffix(".lua")
_MOST_SECONDS = 180


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and to whom."""

    port: int
    headers: dict[str, str]
    body: Body
    requests: int
    connections: int
    first: int = 0
    """Number of the first request; another one for each load, so that no body comes twice."""
    different: int = 0
    """Number of requests after which the bodies begin anew; 0 stands for never."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How the load went: latencies are in microseconds."""

    requests: int
    failed: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Return requests per second of wall time."""
        return self.requests / self.seconds


def send(load: Load, folder: Path, *, cores: str) -> Answered:
    """Send a load and return how it went. Raises RuntimeError where a request failed."""
    bodies.write(folder, load.body, port=load.port, headers=load.headers)
    command = ["taskset", "-c", cores] if cores else []
    command += ["wrk", "-t1", f"-c{load.connections}", f"-d{_MOST_SECONDS}s", "--timeout", "60s", "-s", str(_SCRIPT)]
    command += [f"http://127.0.0.1:{load.port}", "--", str(folder)]
    command += [
        str(number) for number in (load.requests, load.connections, load.body.piece, load.first, load.different)
    ]
    wrk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watch = threading.Timer(_MOST_SECONDS, wrk.kill)
    watch.start()
    try:
        return _answered(wrk, load)
    finally:
        watch.cancel()
        wrk.kill()
        wrk.communicate()


def _answered(wrk: "subprocess.Popen[str]", load: Load) -> Answered:
    assert wrk.stdout is not None
    said = ""
    for line in wrk.stdout:
        said += line
        if line.startswith("finished"):
            # Until its time is over wrk would sleep on.
            wrk.send_signal(signal.SIGINT)
        if line.startswith("figures"):
            answered = msgspec.convert(json.loads(line.removeprefix("figures")), Answered)
            if answered.failed or answered.requests != load.requests:
                raise RuntimeError(f"{answered.requests} of {load.requests} were answered: {said}")
            return answered
    raise RuntimeError(f"wrk ended before its time: {said}")
