"""The synchronous face: the App's methods, run on a loop of its own in a thread."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lasttenth.app.answers import Answer
from lasttenth.app.app import DEFAULT_INDEX, App
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.context.indexing import IndexReport
from lasttenth.context.retrieval import Passage
from lasttenth.records.traces import Span, TraceSummary

T = TypeVar("T")


class SyncApp:
    """The App for programs without an event loop; arguments, results and errors are the App's own.

    Example:
        >>> with SyncApp() as app:  # doctest: +SKIP
        ...     app.index(["docs"])
        ...     print(app.ask("What is a release?").text)
    """

    def __init__(self, folder: str | Path | None = None, *, project: str = DEFAULT_PROJECT) -> None:
        self._app = App(folder, project=project)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lasttenth-app", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._wait(self._app.open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._wait(self._app.close())
        finally:
            self._stop()

    def index(self, paths: Sequence[str | Path], *, index: str = DEFAULT_INDEX, rebuild: bool = False) -> IndexReport:
        """See `App.index`."""
        return self._wait(self._app.index(paths, index=index, rebuild=rebuild))

    def search(self, question: str, *, index: str = DEFAULT_INDEX, limit: int = 6) -> list[Passage]:
        """See `App.search`."""
        return self._wait(self._app.search(question, index=index, limit=limit))

    def ask(self, question: str, *, docs: Sequence[str | Path] = (), index: str = "", model: str = "") -> Answer:
        """See `App.ask`."""
        return self._wait(self._app.ask(question, docs=docs, index=index, model=model))

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]]) -> Answer:
        """See `App.chat`."""
        return self._wait(self._app.chat(model, messages))

    def traces(self, *, limit: int = 50) -> list[TraceSummary]:
        """See `App.traces`."""
        return self._wait(self._app.traces(limit=limit))

    def trace(self, trace_id: str) -> list[Span]:
        """See `App.trace`."""
        return self._wait(self._app.trace(trace_id))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
