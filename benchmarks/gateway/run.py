"""The whole run, one part after the other, printed as it stands in GATEWAY.md.

    python -m benchmarks.gateway.run
    python -m benchmarks.gateway.run plain streams

It takes about an hour, a quarter of which is the soak. All but that runs in the real-time class, ahead of what else the
machine does, where that is allowed.
"""

import platform
import subprocess
import sys
import time

from benchmarks.gateway.environments import FOLDER, ROOT, install_peers, install_product

PARTS = {
    "plain": ("benchmarks.gateway.plain",),
    "streams": ("benchmarks.gateway.streams",),
    "prompts": ("benchmarks.gateway.prompts",),
    "cached": ("benchmarks.gateway.cached",),
    "start": ("benchmarks.gateway.start",),
    "workers": ("benchmarks.gateway.workers",),
    "stages": ("benchmarks.gateway.stages",),
    # As installed without extras: `auto` would load pyreqwest, only to find that it does not cancel.
    "soak": ("benchmarks.gateway.soak", "--minutes", "15", "--transport", "aiohttp"),
}


def main() -> int:
    """Return the number of parts that failed."""
    install_product(FOLDER, ROOT)
    install_peers(FOLDER)
    print(f"Python {platform.python_version()}, {platform.platform()}")
    failed = 0
    for part in sys.argv[1:] or PARTS:
        module, *options = PARTS[part]
        print(f"\n## {part}\n", flush=True)
        began = time.monotonic()
        failed += subprocess.run([sys.executable, "-m", module, *options], check=False).returncode != 0
        print(f"{part} took {time.monotonic() - began:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
