"""The synchronous face: the App's methods, run on a loop of its own in a thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lasttenth.app.answers import Answer
from lasttenth.app.app import DEFAULT_INDEX, DEFAULT_TASK, PROGRAM, App, Paths
from lasttenth.app.installation import DEFAULT_PROJECT
from lasttenth.app.replaying import Replayed
from lasttenth.app.sync_jobs import SyncJobs
from lasttenth.app.sync_playground import SyncPlayground
from lasttenth.app.sync_streams import Streams
from lasttenth.app.sync_tasks import SyncCalledTask, SyncTasks
from lasttenth.app.tasks import Rendered
from lasttenth.app.views import IndexView, ModelsView
from lasttenth.context.indexing import IndexReport, Progress, TextDocument
from lasttenth.context.retrieval import Passage
from lasttenth.records.totals import Payer, Period, Spending, Total
from lasttenth.records.traces import EVERYTHING, Span, TraceFilter, TraceSummary

T = TypeVar("T")


class SyncApp:
    """The App for programs without an event loop; arguments, results and errors are the App's own.

    Example:
        >>> with SyncApp() as app:  # doctest: +SKIP
        ...     app.index(["docs"])
        ...     print(app.ask("What is a release?").text)
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        project: str = DEFAULT_PROJECT,
        configuration: str | Path | None = None,
        actor: str = PROGRAM,
    ) -> None:
        self._app = App(folder, project=project, configuration=configuration, actor=actor)
        self._loop: _Loop | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """See `App.open`."""
        if self._loop is None:
            self._loop = _Loop()
            try:
                self._wait(self._app.open())
            except BaseException:
                self._stop()
                raise

    def close(self) -> None:
        """See `App.close`."""
        if self._loop is not None:
            try:
                self._loop.streams.close()
                self._wait(self._app.close())
            finally:
                self._stop()

    @property
    def jobs(self) -> SyncJobs:
        """See `App.jobs`."""
        return SyncJobs(self._app.jobs, self._wait)

    @property
    def tasks(self) -> SyncTasks:
        """See `App.tasks`."""
        return SyncTasks(self._app.tasks, self._wait)

    @property
    def playground(self) -> SyncPlayground:
        """See `App.playground`."""
        return SyncPlayground(self._app.playground, self._wait, self._running.streams)

    def task(self, name: str) -> SyncCalledTask:
        """See `App.task`."""
        return SyncCalledTask(self._app.task(name), self._wait, self._running.streams)

    def prompt(self, name: str, question: str = "", *, variables: Mapping[str, Any] | None = None) -> Rendered:
        """See `App.prompt`."""
        return self._wait(self._app.prompt(name, question, variables=variables))

    def index(
        self,
        paths: Paths,
        *,
        index: str = DEFAULT_INDEX,
        rebuild: bool = False,
        base: Path | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """See `App.index`."""
        return self._wait(self._app.index(paths, index=index, rebuild=rebuild, base=base, progress=progress))

    def search(self, question: str, *, index: str = DEFAULT_INDEX, limit: int = 6) -> list[Passage]:
        """See `App.search`."""
        return self._wait(self._app.search(question, index=index, limit=limit))

    def add_texts(self, documents: Sequence[TextDocument], *, index: str = DEFAULT_INDEX) -> None:
        """See `App.add_texts`."""
        return self._wait(self._app.add_texts(documents, index=index))

    def remove_documents(self, names: Sequence[str], *, index: str = DEFAULT_INDEX) -> None:
        """See `App.remove_documents`."""
        return self._wait(self._app.remove_documents(names, index=index))

    def drop_index(self, index: str) -> None:
        """See `App.drop_index`."""
        return self._wait(self._app.drop_index(index))

    def indexes(self) -> list[IndexView]:
        """See `App.indexes`."""
        return self._wait(self._app.indexes())

    def models(self) -> ModelsView:
        """See `App.models`."""
        return self._wait(self._app.models())

    def prepare(
        self, docs: Paths, *, index: str = "", progress: Callable[[Progress], None] = lambda _: None
    ) -> IndexReport:
        """See `App.prepare`."""
        return self._wait(self._app.prepare(docs, index=index, progress=progress))

    def ask(
        self,
        question: str,
        *,
        docs: Paths = (),
        index: str = "",
        model: str = "",
        task: str = DEFAULT_TASK,
        variables: Mapping[str, Any] | None = None,
    ) -> Answer:
        """See `App.ask`."""
        return self._wait(self._app.ask(question, docs=docs, index=index, model=model, task=task, variables=variables))

    def chat(
        self, model: str, messages: Sequence[Mapping[str, Any]], *, metadata: Mapping[str, Any] | None = None
    ) -> Answer:
        """See `App.chat`."""
        return self._wait(self._app.chat(model, messages, metadata=metadata))

    def traces(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        where: TraceFilter = EVERYTHING,
    ) -> list[TraceSummary]:
        """See `App.traces`."""
        return self._wait(self._app.traces(limit=limit, before=before, after=after, where=where))

    def usage(
        self, *, by: Sequence[str] = ("operation", "model"), period: Period | None = None, hours: int = 24
    ) -> list[Total]:
        """See `App.usage`."""
        return self._wait(self._app.usage(by=by, period=period, hours=hours))

    def spending(self, *, by: Payer = "unit", days: int = 30, limit: int = 50) -> list[Spending]:
        """See `App.spending`."""
        return self._wait(self._app.spending(by=by, days=days, limit=limit))

    def replay(self, traces: Sequence[str], *, release: str = "", live: bool = False) -> list[Replayed]:
        """See `App.replay`."""
        return self._wait(self._app.replay(traces, release=release, live=live))

    def trace(self, trace_id: str) -> list[Span]:
        """See `App.trace`."""
        return self._wait(self._app.trace(trace_id))

    @property
    def _running(self) -> "_Loop":
        if self._loop is None:
            raise RuntimeError("The SyncApp is not open: use `with SyncApp() as app`, or call `app.open()`.")
        return self._loop

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            loop = self._running
        except RuntimeError:
            work.close()
            raise
        return loop.wait(work)

    def _stop(self) -> None:
        if self._loop is not None:
            self._loop.stop()
            self._loop = None


class _Loop:
    """An event loop that runs in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lasttenth-app", daemon=True)
        self._thread.start()
        self._ending: set[asyncio.Task[None]] = set()
        self.streams = Streams(self)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns, once it is done."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def end(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what ends something, from whatever thread, also where the loop has ended already."""
        if self._loop.is_closed():
            work.close()
        elif threading.current_thread() is self._thread:  # which cannot wait for itself
            task = self._loop.create_task(work)
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        else:
            self.wait(work)

    def stop(self) -> None:
        """End the thread and release the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
