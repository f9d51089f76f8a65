"""Refresh the hash-pinned requirement files. They name no download address, so any index serves them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {
    "base": [],
    "local": ["--extra", "local"],
    "dev": ["--extra", "local", "--extra", "documents", "--extra", "postgres", "--group", "dev"],
}


def main() -> None:
    """Compile every file for all supported Python versions at once; each builds on the one before it."""
    constraints: list[str] = []
    for name, selection in FILES.items():
        target = f"requirements/{name}.txt"
        command = ["uv", "pip", "compile", "pyproject.toml", *selection, *constraints, "--universal"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11"]
        command += ["--custom-compile-command", "make lock", "--quiet", "--upgrade", "--output-file", target]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
        constraints = ["--constraint", target]
        print(target)


if __name__ == "__main__":
    main()
