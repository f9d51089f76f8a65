"""Put LiteLLM's proxy before the wall that the tests put Lasttenth before, and write what came back, and the page.

    python -m benchmarks.fault_wall.run            measure; LiteLLM is installed in an environment of its own
    python -m benchmarks.fault_wall.run --page     write the page anew from what was measured

A fault without end can keep a gateway from answering anybody else, so each of them is put before a process of its own.
"""

import argparse
import asyncio
import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tests.chaos.fault_wall.caller import until
from tests.chaos.fault_wall.cells import asked, cells_of, slug, standing
from tests.chaos.fault_wall.dialects import OPENAI
from tests.chaos.fault_wall.double import Endless, Say
from tests.chaos.fault_wall.faults import WALL
from tests.chaos.fault_wall.outcomes import Fault

from benchmarks.fault_wall import litellm, page
from benchmarks.fault_wall.seeing import Seen, seen
from benchmarks.gateway.environments import FOLDER, install_peers

AT_ONE_TIME = 4
"""Questions: few, so that the seconds are those of the fault."""
RELEASE_SECONDS = 5.0
"""Within which upstreams are let go of, when all callers have their answers."""


def main() -> None:
    """Measure, and write."""
    options = argparse.ArgumentParser()
    options.add_argument("--page", action="store_true")
    options.add_argument("--environments", type=Path, default=FOLDER)
    given = options.parse_args()
    if not given.page:
        install_peers(given.environments)
        measured = asyncio.run(_measured(given.environments / "litellm"))
        page.RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    page.PAGE.write_text(page.text(), encoding="utf-8")
    print(page.PAGE)


async def _measured(environment: Path) -> page.Measured:
    found: dict[str, Seen] = {}
    endless = [[fault] for fault in WALL if _is_endless(fault)]
    for faults in ([fault for fault in WALL if not _is_endless(fault)], *endless):
        found |= await _before(environment, faults)
    return page.Measured(python=_version_of(environment), litellm=found)


async def _before(environment: Path, faults: Sequence[Fault]) -> dict[str, Seen]:
    """Return what callers saw of some faults, by the name of the cell."""
    cells = [cell for cell in cells_of(faults) if cell.dialect is OPENAI and cell.way != "translated"]
    with tempfile.TemporaryDirectory() as folder:
        async with standing(faults, Path(folder)) as wall:
            starting = litellm.running(environment, Path(folder) / "litellm", cells, wall)
            port = await asyncio.to_thread(starting.__enter__)
            try:
                heard = await asked(cells, wall, lambda cell: litellm.question(cell, port), at_one_time=AT_ONE_TIME)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RELEASE_SECONDS):
                        await until(lambda: not any(stage.busy for stage in wall.stages.values()))
                held = {name for name, stage in wall.stages.items() if stage.busy}
            finally:
                await asyncio.to_thread(starting.__exit__, None, None, None)
    return {cell.name: seen(cell, heard[cell.name][-1], is_held=slug(cell.fault) in held) for cell in cells}


def _version_of(environment: Path) -> str:
    """Return the version of Python that an environment has."""
    asking = [str(environment / "bin/python"), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asking, check=True, capture_output=True, text=True).stdout.strip()


def _is_endless(fault: Fault) -> bool:
    say = Say(OPENAI, stream=fault.stream is not None, is_kept=False)
    return any(isinstance(step, Endless) for step in fault.says(say))


if __name__ == "__main__":
    main()
