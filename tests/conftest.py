"""What all tests share: a clock that stands, and a store in a fresh folder."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from lasttenth.storage.sqlite import SqliteStore

OpenStore = Callable[[], AbstractAsyncContextManager[SqliteStore]]
