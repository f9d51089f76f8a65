"""Run Lasttenth, and count where its CPU goes: by module, a few hundred times in each second of CPU.

    python sampled.py COUNTS up --port …

A timer of the main thread's own CPU time looks at its stack: what it used since the last look falls to the innermost of
our modules, or of the libraries that are named below. A timer of the whole process would look whenever another thread
has used CPU, and so would mostly see where the main thread waits for it. What other threads used is read at the same
moments, and is known as a whole; where in them it went is known roughly.

SIGUSR1 writes the sums so far to the file COUNTS. This file runs with the measured product's own Python, and so imports
nothing beside it.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

EVERY = 0.002
LIBRARIES = (
    "lasttenth",
    "aiohttp",
    "aiohappyeyeballs",
    "yarl",
    "multidict",
    "pyreqwest",
    "uvicorn",
    "starlette",
    "sqlalchemy",
)
OTHER = "other threads"
NATIVE = "native threads"


class Sampler:
    """Sums of CPU seconds by module."""

    def __init__(self, counts: Path) -> None:
        self._counts = counts
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._last = 0.0
        self._threads: dict[int, float] = {}

    def start(self) -> None:
        """Begin."""
        self._last = time.thread_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, self._report)
        _start_timer()

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        # A collection in the midst of sys._current_frames() may end in this handler once more, which would wait for itself.
        collects = gc.isenabled()
        gc.disable()
        self._look(frame)
        if collects:
            gc.enable()

    def _look(self, frame: FrameType | None) -> None:
        now = time.thread_time()
        self._seconds[module_of(frame)] += now - self._last
        self._last = now
        frames = sys._current_frames()  # noqa: SLF001 - the documented way to see other threads
        known = {thread.native_id: thread.ident for thread in threading.enumerate()}
        for tid, used in _others().items():
            spent = used - self._threads.get(tid, 0.0)
            self._threads[tid] = used
            if spent and tid not in known:
                self._seconds[NATIVE] += spent
            elif spent:
                ident = known[tid]
                found = module_of(frames.get(ident)) if ident is not None else ""
                self._seconds[f"{OTHER} {found}".strip()] += spent

    def _report(self, number: int, frame: FrameType | None) -> None:
        self._sample(number, frame)
        # What threads used that have ended since the last sample is in the whole only.
        whole = {"seconds": self._seconds, "process": time.process_time()}
        ready = self._counts.with_suffix(".new")
        ready.write_text(json.dumps(whole), encoding="utf-8")
        ready.replace(self._counts)


class _Event(ctypes.Structure):
    """What a timer does: `struct sigevent`, which is 64 bytes long."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


class _Times(ctypes.Structure):
    """Interval and first expiry: `struct itimerspec`."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("each", "each_nanos", "first", "first_nanos"))


def _start_timer() -> None:
    """Send SIGPROF for each bit of CPU time of this thread. Python has no name for such timers."""
    libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
    event = _Event(signal=signal.SIGPROF)
    nanos = int(EVERY * 1e9)
    if libc.timer_create(time.CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create")
    if libc.timer_settime(timer, 0, ctypes.byref(_Times(0, nanos, 0, nanos)), None):
        raise OSError(ctypes.get_errno(), "timer_settime")


def module_of(frame: FrameType | None) -> str:
    """Return the innermost module of a stack that is ours or of a named library; empty where there is none."""
    while frame is not None:
        name: str = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] in LIBRARIES:
            return name
        frame = frame.f_back
    return ""


def _others() -> dict[int, float]:
    """Return the CPU seconds of all threads but the main one."""
    found = {}
    for name in os.listdir("/proc/self/task"):  # noqa: PTH208 - pathlib makes an object for each
        if int(name) != os.getpid():
            try:
                used = Path(f"/proc/self/task/{name}/schedstat").read_bytes()
            except OSError:
                continue
            found[int(name)] = int(used.split()[0]) / 1e9
    return found


def main() -> None:
    """Sample the command line."""
    from lasttenth.cli.main import main as run  # noqa: PLC0415 - its import must not be part of the samples

    counts = Path(sys.argv.pop(1))
    Sampler(counts).start()
    run()


if __name__ == "__main__":
    main()
