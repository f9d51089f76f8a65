"""`make bench`: run every benchmark that needs no other product, one after the other, and print what each prints.

The watch of the gateway wants `nginx`, which it measures against, and the load tool `wrk`.
"""

import subprocess
import sys
import time

BENCHMARKS = (
    "benchmarks.weight.run",
    "benchmarks.embedder.run",
    "benchmarks.quotes.run",
    "benchmarks.store.jobs",
    "benchmarks.store.workers",
    "benchmarks.replay.run",
    "benchmarks.scifact.retrieval",
    "benchmarks.scifact.answering",
    "benchmarks.scifact.product",
    "benchmarks.gateway.watch",
)


def main() -> int:
    """Return the number of benchmarks that failed."""
    failed = 0
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        failed += subprocess.run([sys.executable, "-m", name], check=False).returncode != 0
        print(f"== {name} took {time.monotonic() - began:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
