"""The same with DBOS: enqueue empty workflows on SQLite and wait for them. It runs in an environment of its own.

One process enqueues and works, as DBOS's own examples do; CPU is its user and system time.
"""

import json
import resource
import sys
import tempfile
import time

from dbos import DBOS


@DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]  # dbos is no part of the development environment
def nothing(number: int) -> int:
    """Do nothing."""
    return number


def main(jobs: int) -> None:
    """Print jobs a second and CPU milliseconds for each job."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/dbos.sqlite"
        settings = {"name": "jobs", "system_database_url": address, "log_level": "ERROR", "run_admin_server": False}
        DBOS(config=settings)
        DBOS.launch()
        DBOS.register_queue("jobs", worker_concurrency=50, polling_interval_sec=0.1)
        began, before = time.perf_counter(), _cpu()
        handles = [DBOS.enqueue_workflow("jobs", nothing, number) for number in range(jobs)]
        for handle in handles:
            handle.get_result()
        seconds, spent = time.perf_counter() - began, _cpu() - before
        print(json.dumps({"jobs/s": jobs / seconds, "CPU ms a job": 1000 * spent / jobs}))
        DBOS.destroy()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
