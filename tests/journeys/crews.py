"""What the journeys with several workers share."""

import os
import signal
from pathlib import Path

from tests.journeys.refusals import CHAT, chat

from lasttenth.testing import RunningServer, eventually

WITHIN = 60.0
ENOUGH = 24
"""Requests, each on a connection of its own, of which both of two workers get some: but for once in 8 million times."""


def workers(server: RunningServer) -> list[int]:
    """Return the process ids of a supervisor's workers."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(each) for each in children.split()]


def crew(server: RunningServer) -> dict[str, int]:
    """Return how many workers a server says it has."""
    found: dict[str, int] = server.get("/readyz")["workers"]
    return found


def end(process: int, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process of the test's own server."""
    os.kill(process, with_signal)


def has_ended(process: int) -> bool:
    """Tell whether a process has ended; one that waits for its parent to notice has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def release_of(server: RunningServer, model: str = "task/answer") -> str:
    """Ask a task and return the release that answered."""
    answer = server.request("POST", CHAT, body=chat(model))
    assert answer.status == 200, answer.body
    return answer.headers["x-lasttenth-release"]


def restarted(server: RunningServer, times: int) -> None:
    """Wait until all workers serve, and one was started anew so many times."""
    wanted = {"restarts": times, "running": 2}
    eventually(lambda: wanted.items() <= crew(server).items(), within=WITHIN)
