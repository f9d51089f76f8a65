"""Processes under measurement: held to a core, and read as a tree, with all that they started.

CPU time is user and system time of every process of the tree, and of those that have ended and were waited for. The
kernel counts it in hundredths of a second: a load should take two seconds of CPU or more.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 30.0


class Memory(NamedTuple):
    """Megabytes of a tree: resident, and with what is shared counted by its share."""

    rss: float
    pss: float


class _Stat(NamedTuple):
    parent: int
    session: int
    ticks: int


class Tree:
    """A command that runs, and all its descendants.

    Args:
        command: what to run.
        cores: to which it is held, as `taskset` names them; empty for any.
        folder: where it runs, and where its output goes to `output.log`.
        environment: what is set beside the environment of this process.
    """

    def __init__(
        self, command: Sequence[str], *, cores: str, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        held = ["taskset", "-c", cores] if cores else []
        known = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LASTTENTH"))}
        self.started = time.monotonic()
        with (folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*held, *command],
                cwd=folder,
                env={**known, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.log = folder / "output.log"

    def cpu(self) -> float:
        """Return the CPU seconds of the tree so far."""
        stats = _stats()
        return sum(stats[pid].ticks for pid in _tree(self.pid, stats)) / _TICKS

    def memory(self) -> Memory:
        """Return what the tree has in memory now."""
        rss = pss = 0
        for pid in _tree(self.pid, _stats()):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                    name, _, rest = line.partition(":")
                    rss += int(rest.split()[0]) if name == "Rss" else 0
                    pss += int(rest.split()[0]) if name == "Pss" else 0
        return Memory(rss / 1024, pss / 1024)

    def descriptors(self) -> int:
        """Return how many files and connections the tree has open."""
        count = 0
        for pid in _tree(self.pid, _stats()):
            with contextlib.suppress(OSError):
                count += len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - pathlib makes an object for each
        return count

    def is_alive(self) -> bool:
        """Tell whether the command still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the tree: politely, then not."""
        pids = _tree(self.pid, _stats())
        if self.is_alive():
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> "Tree":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def end_in_order() -> None:
    """End this process in good order when it is asked to, so that nothing it started stays behind."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def until(happened: Callable[[], bool], what: str, *, seconds: float = 60.0, pause: float = 0.01) -> None:
    """Wait until something has happened. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} s in vain: {what}.")
        time.sleep(pause)


def _tree(root: int, stats: Mapping[int, _Stat]) -> list[int]:
    """Return a process, its descendants, and who stayed in its session when their parent ended."""
    found = {pid for pid, stat in stats.items() if root in {pid, stat.session}}
    while more := {pid for pid, stat in stats.items() if stat.parent in found} - found:
        found |= more
    return sorted(found)


def _stats() -> dict[int, _Stat]:
    return dict(_each_stat())


def _each_stat() -> Iterator[tuple[int, _Stat]]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib makes an object for each
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - as above
                fields = file.read().rpartition(b")")[2].split()
                yield int(name), _Stat(int(fields[1]), int(fields[3]), sum(map(int, fields[11:15])))
