"""Refresh the hash-pinned requirement files. They name no download address, so any index serves them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {
    "base": ("", []),
    "local": ("base", ["--extra", "local"]),
    "dev": ("local", ["--extra", "local", "--extra", "documents", "--extra", "postgres", "--group", "dev"]),
    "clients": ("base", ["--group", "clients"]),
}
"""Which file each builds on, and what is in it."""


def main() -> None:
    """Compile every file for all supported Python versions at once."""
    for name, (before, selection) in FILES.items():
        target = f"requirements/{name}.txt"
        constraints = ["--constraint", f"requirements/{before}.txt"] if before else []
        command = ["uv", "pip", "compile", "pyproject.toml", *selection, *constraints, "--universal"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11"]
        command += ["--custom-compile-command", "make lock", "--quiet", "--upgrade", "--output-file", target]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
        print(target)


if __name__ == "__main__":
    main()
