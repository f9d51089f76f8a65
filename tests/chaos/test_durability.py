"""What the kernel sees: between the last write to the log and an acknowledgement lies a flush to the disk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WRITES = 5

# Each line of output is an acknowledgement.
WRITER = """
import asyncio, os, sys
from pathlib import Path
from lasttenth.storage.sqlite.engine import SqliteEngine

async def main():
    engine = SqliteEngine(Path(sys.argv[1]) / "store.db")
    await engine.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (n)").close())
    for number in range(int(sys.argv[2])):
        await engine.write(lambda connection: connection.exec_driver_sql("INSERT INTO t VALUES (1)").close())
        os.write(1, b"acknowledged")
    await engine.close()

asyncio.run(main())
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows what the kernel sees")
def test_every_acknowledged_write_was_flushed_to_the_disk_before_it_was_acknowledged(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watch = ["strace", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,pwrite64,write", "-o", str(trace)]
    command = [*watch, sys.executable, "-c", WRITER, str(tmp_path), str(WRITES)]
    subprocess.run(command, check=True, capture_output=True, timeout=60, env=dict(os.environ))

    calls = [line for line in trace.read_text().splitlines() if "store.db-wal" in line or "write(1<" in line]
    acknowledged = [number for number, line in enumerate(calls) if "write(1<" in line]

    assert len(acknowledged) == WRITES
    assert all("sync(" in calls[number - 1] for number in acknowledged)
