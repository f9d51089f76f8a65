"""Install the base and the extra `local` into fresh environments, and measure size, start, first answer and memory.

CPU times are user and system time of the whole process, medians of seven runs; sizes are the bytes of all installed
files without bytecode, as they come from the package index (pip and setuptools, which `venv` brings, are left out).
"""

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lasttenth.models.embeddings import MINILM

ROOT = Path(__file__).resolve().parents[2]
RUNS = 7
QUESTION = {
    "model": "task/answer",
    "messages": [{"role": "user", "content": "Within how many days are lamps returned?"}],
}


def main() -> None:
    """Print a Markdown table."""
    with tempfile.TemporaryDirectory() as work:
        base = _environment(Path(work) / "base", "base")
        local = _environment(Path(work) / "local", "local")
        print("| what | figure |\n|---|---|")
        for name, folder in (("base", base), ("base + `[local]`", local)):
            print(f"| {name} | {_packages(folder)} packages, {_megabytes(folder):.0f} MB |")
        weights = sum(file.size for file in MINILM.files) / 1e6
        print(f"| weights of the embedder, in the cache | {weights:.0f} MB |")
        # From here on as after the first start: pip compiles what it installs, unless it is told not to.
        subprocess.run([base / "bin" / "python", "-m", "compileall", "-q", str(_installed(base))], check=True)
        python, command = str(base / "bin" / "python"), str(base / "bin" / "lasttenth")
        importing = _cpu([python, "-c", "import lasttenth"], Path(work)) - _cpu([python, "-c", "pass"], Path(work))
        print(f"| `import lasttenth` beyond Python's own start | {importing:.0f} ms CPU |")
        print(f"| `lasttenth --help`, whole process | {_cpu([command, '--help'], Path(work)):.0f} ms CPU |")
        for name, value in _server(base, Path(work)).items():
            print(f"| {name} | {value} |")


def _environment(folder: Path, requirements: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / f"{requirements}.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
    return folder


def _installed(folder: Path) -> Path:
    return next(folder.glob("lib/python*/site-packages"))


def _packages(folder: Path) -> int:
    found = {path.name.split("-")[0] for path in _installed(folder).glob("*.dist-info")}
    return len(found - {"pip", "setuptools"})


def _megabytes(folder: Path) -> float:
    total = 0
    for path in _installed(folder).rglob("*"):
        own = path.relative_to(_installed(folder)).parts[0]
        if (
            path.is_file()
            and path.suffix != ".pyc"
            and not own.startswith(("pip", "setuptools", "pkg_resources", "_distutils"))
        ):
            total += path.stat().st_size
    return total / 1e6


def _cpu(command: Sequence[str], folder: Path) -> float:
    """Return the CPU time of a command in milliseconds, the median of several runs after one that warms up."""
    spent = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:]) * 1000


def _server(environment: Path, work: Path) -> dict[str, str]:
    command = str(environment / "bin" / "lasttenth")
    policies = str(ROOT / "examples" / "policies")
    subprocess.run([command, "index", "add", policies], cwd=work, check=True, capture_output=True)
    rows = [_start(command, work) for _ in range(RUNS)]
    ready, answer, memory = (statistics.median(column) for column in zip(*rows, strict=True))
    return {
        "server ready after": f"{ready:.2f} s wall",
        "first answer after ready": f"{answer * 1000:.0f} ms wall",
        "resident memory, idle, before the first answer": f"{memory:.0f} MiB",
    }


def _start(command: str, work: Path) -> tuple[float, float, float]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "LASTTENTH_CACHE": str(work / "no-embedder")}
    began = time.perf_counter()
    server = subprocess.Popen(
        [command, "up", "--port", "0"], cwd=work, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = "http://" + server.stdout.readline().rsplit("http://", 1)[1].strip()
        ready = time.perf_counter() - began
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        asked = time.perf_counter()
        request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(QUESTION).encode())  # noqa: S310 - loopback
        with urllib.request.urlopen(request) as reply:  # noqa: S310 - loopback
            assert json.load(reply)["choices"]
        return ready, time.perf_counter() - asked, resident / 1024
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


if __name__ == "__main__":
    main()
