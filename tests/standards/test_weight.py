"""Weight: what importing loads, and what opening leaves behind."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

from lasttenth import App

ROUNDS = 50


def test_import_loads_nothing_of_others() -> None:
    program = (
        "import sys; before = set(sys.modules); import lasttenth; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "['lasttenth']"


def test_server_loads_neither_the_embedder_nor_what_only_tests_need() -> None:
    program = (
        "import sys, lasttenth.cli.up; print(sorted({'onnx', 'onnxruntime', 'tokenizers', 'genai_prices', 'openai', "
        "'httpx', 'alembic', 'pypdf', 'docx', 'pydantic'} & {name.partition('.')[0] for name in sys.modules}))"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_opening_and_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    async def once() -> None:
        async with App(tmp_path / "data") as app:
            await app.chat("scripted/echo", [{"role": "user", "content": "Hello."}])

    asyncio.run(once())
    before = _descriptors(), threading.active_count()

    for _ in range(ROUNDS):
        asyncio.run(once())
    gc.collect()

    assert (_descriptors(), threading.active_count()) == before


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors are names, not paths to follow
