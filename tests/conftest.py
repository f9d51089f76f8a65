"""What all tests share: a clock that stands, and a store in a fresh folder."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.sqlite import SqliteStore

OpenStore = Callable[[], AbstractAsyncContextManager[SqliteStore]]
