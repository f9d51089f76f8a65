"""The App: one project of one installation, for Python programs. Every door works through it."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lasttenth.app.answers import Answer
from lasttenth.app.calling import CalledTask, whole_answer
from lasttenth.app.indexing import IndexPaths, index_paths
from lasttenth.app.installation import DEFAULT_PROJECT, Installation, find_place
from lasttenth.app.jobs import ProjectJobs
from lasttenth.app.playground import Playground
from lasttenth.app.replaying import Replayed, Replayer
from lasttenth.app.tasks import ProjectTasks, Rendered
from lasttenth.app.views import IndexView, ModelsView, model_view
from lasttenth.context.indexing import Indexer, IndexReport, Progress, TextDocument
from lasttenth.context.retrieval import Passage
from lasttenth.records.errors import ConflictError, InvalidRequestError, StorageError
from lasttenth.records.hashing import text_hash
from lasttenth.records.totals import DAY, HOUR, LABELS, Payer, Period, Spending, Total
from lasttenth.records.traces import EVERYTHING, Span, TraceFilter, TraceSummary
from lasttenth.releases.pointers import PRODUCTION

DEFAULT_INDEX = "default"
DEFAULT_TASK = "answer"
PROGRAM = "program"
"""Who did something, where a program does not say it."""

LIST_SECONDS = 2.0
"""How long a list of traces waits for those that are not written yet."""

Paths = str | Path | Sequence[str | Path]
"""One file or folder, or several."""


class App:
    """Ask, index, search and look at traces.

    Args:
        folder: where everything is kept; by default `.lasttenth` in the current folder.
        project: the project to work in.
        configuration: the settings file; by default `lasttenth.yaml`, where there is one.
        actor: who is recorded to move pointers and to review.

    Example:
        >>> import asyncio, lasttenth
        >>> async def main() -> None:
        ...     async with lasttenth.App() as app:
        ...         await app.index(["docs"])
        ...         print((await app.ask("What is a release?")).text)
        >>> asyncio.run(main())  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        project: str = DEFAULT_PROJECT,
        configuration: str | Path | None = None,
        actor: str = PROGRAM,
        installation: Installation | None = None,
    ) -> None:
        self._folder = None if folder is None else Path(folder)
        self._configuration = None if configuration is None else Path(configuration)
        self.project = project
        self._actor = actor
        self._opened = installation
        self._owned = installation is None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the installation. Raises StorageError, ConfigurationError."""
        if self._opened is None:
            place = find_place(os.environ, folder=self._folder, configuration=self._configuration)
            self._opened = await Installation.open(place)

    async def close(self) -> None:
        """Write what waits and release everything."""
        if self._opened is not None and self._owned:
            await self._opened.close()
            self._opened = None

    @property
    def installation(self) -> Installation:
        """Return what is open. Raises RuntimeError before `open`."""
        if self._opened is None:
            raise RuntimeError("The App is not open: use `async with App() as app`, or `await app.open()`.")
        return self._opened

    @property
    def jobs(self) -> ProjectJobs:
        """Return the project's background work."""
        return ProjectJobs(self.installation, self.project)

    @property
    def tasks(self) -> ProjectTasks:
        """Return the project's tasks."""
        return ProjectTasks(self.installation, self.project, actor=self._actor)

    @property
    def playground(self) -> Playground:
        """Return what tries releases."""
        return Playground(self.installation, self.project)

    def task(self, name: str) -> CalledTask:
        """Return a task to be called; `name@pointer` is another pointer than `production`."""
        return CalledTask(self.installation, self.project, name)

    async def prompt(self, name: str, question: str = "", *, variables: Mapping[str, Any] | None = None) -> Rendered:
        """Return what a task would ask its model, for programs that call the model themselves. See `tasks.render`."""
        task, _, pointer = name.partition("@")
        return await self.tasks.render(task, question, version=pointer or PRODUCTION, variables=variables)

    async def index(
        self,
        paths: Paths,
        *,
        index: str = DEFAULT_INDEX,
        rebuild: bool = False,
        base: Path | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Index files and folders; what is indexed already is left alone, so a stopped run goes on where it was.

        Args:
            paths: files and folders.
            index: name of the index, made when it is new.
            rebuild: build it anew beside the old one, which answers until the new one takes its place.
            base: documents are named relative to this folder, by default the current one.
            progress: called after each durable step.

        Raises:
            DocumentError: a path does not exist.
            ConflictError: the index was built with other settings.
        """
        store = await self.installation.store.project(self.project)
        embedder = await asyncio.to_thread(self.installation.embedder.get)
        wanted = wanted_paths(paths, index=index, rebuild=rebuild, base=base)
        return await index_paths(store, embedder, wanted, progress=progress)

    async def search(self, question: str, *, index: str = DEFAULT_INDEX, limit: int = 6) -> list[Passage]:
        """Return the passages that fit a question best. Raises IndexNotFoundError, EmbedderMismatchError."""
        retriever = await self.installation.retriever(self.project)
        return await retriever.search(index, question, limit=limit)

    async def add_texts(self, documents: Sequence[TextDocument], *, index: str = DEFAULT_INDEX) -> None:
        """Index texts that are not files. Raises DocumentError, ConflictError."""
        store = await self.installation.store.project(self.project)
        embedder = await asyncio.to_thread(self.installation.embedder.get)
        await Indexer(store.indexes, embedder).add_texts(index, documents)

    async def remove_documents(self, names: Sequence[str], *, index: str = DEFAULT_INDEX) -> None:
        """Take documents out of an index. Raises IndexNotFoundError."""
        store = await self.installation.store.project(self.project)
        await store.indexes.remove(index, names)

    async def drop_index(self, index: str) -> None:
        """Remove an index with all its documents. Raises IndexNotFoundError."""
        store = await self.installation.store.project(self.project)
        await store.indexes.drop(index)

    async def indexes(self) -> list[IndexView]:
        """Return the indexes and how much they hold, sorted by name."""
        indexes = (await self.installation.store.project(self.project)).indexes
        views = []
        for info in await indexes.overview():
            size = await indexes.size(info.name)
            views.append(
                IndexView(
                    name=info.name,
                    documents=size.documents,
                    chunks=size.chunks,
                    embedder=info.settings.embedder,
                    snapshot=await indexes.snapshot(info.name),
                )
            )
        return views

    async def models(self) -> ModelsView:
        """Return the models of all providers, with what they cost now where that is known."""
        models, failures = await self.installation.router.models()
        prices, facts, now = self.installation.prices, self.installation.facts, self.installation.clock.now()
        return ModelsView(models=[model_view(model, prices, facts, at=now) for model in models], failures=failures)

    async def prepare(
        self, docs: Paths, *, index: str = "", progress: Callable[[Progress], None] = lambda _: None
    ) -> IndexReport:
        """Bring the index of these documents up to date, as `ask` does before it asks from `docs`.

        Without a name it is an index of exactly these paths, which is built anew where its embedder was installed or
        removed since: nobody else made it.
        """
        if index:
            return await self.index(docs, index=index, progress=progress)
        name = index_of(_listed(docs))
        try:
            return await self.index(docs, index=name, progress=progress)
        except ConflictError:
            return await self.index(docs, index=name, rebuild=True, progress=progress)

    async def ask(
        self,
        question: str,
        *,
        docs: Paths = (),
        index: str = "",
        model: str = "",
        task: str = DEFAULT_TASK,
        variables: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask a task one question, from the documents at `docs` where they are given. Raises LasttenthError.

        Args:
            question: what the user says; the prompt may go without.
            docs: files and folders, indexed before they are asked.
            index: an index other than the release's own.
            model: a model other than the release's own.
            task: who is asked; `name@pointer` asks another pointer than `production`.
            variables: what the prompt's templates read beside the question.
        """
        if docs:
            index = (await self.prepare(docs, index=index)).index
        return await self.task(task).ask(question, variables=variables, model=model, index=index)

    async def chat(
        self, model: str, messages: Sequence[Mapping[str, Any]], *, metadata: Mapping[str, Any] | None = None
    ) -> Answer:
        """Call a model or a task through the gateway. Raises LasttenthError."""
        body: dict[str, Any] = {"model": model, "messages": list(messages)}
        if metadata:
            body["metadata"] = metadata
        return await whole_answer(self.installation, self.project, body)

    async def traces(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        where: TraceFilter = EVERYTHING,
    ) -> list[TraceSummary]:
        """Return the latest traces that meet a filter, newest first; the bounds are Unix nanoseconds."""
        # What cannot be written in time is not listed yet.
        with contextlib.suppress(StorageError, TimeoutError):
            async with asyncio.timeout(LIST_SECONDS):
                await self.installation.recorder.flush()
        if where.words:
            await self.installation.upkeep.catch_up()
        store = await self.installation.store.project(self.project)
        return await store.traces.latest(limit=limit, before=before, after=after, where=where)

    async def usage(
        self, *, by: Sequence[str] = ("operation", "model"), period: Period | None = None, hours: int = 24
    ) -> list[Total]:
        """Return what the spans of the last hours came to, the current one included. Raises InvalidRequestError.

        Args:
            by: labels to group by, of `lasttenth.records.totals.LABELS`.
            period: one total for each hour or day, or one for all of them.
            hours: how far back, in whole hours.
        """
        unknown = sorted(set(by) - set(LABELS))
        if unknown:
            raise InvalidRequestError(
                f"There is no label {unknown[0]}.", hint=f"Known labels: {', '.join(LABELS)}.", parameter="by"
            )
        store = await self.installation.store.project(self.project)
        now = self.installation.clock.now()
        labels = [label for label in LABELS if label in by]
        return await store.traces.totals(after=now - hours * HOUR, before=now + HOUR, by=labels, period=period)

    async def spending(self, *, by: Payer = "unit", days: int = 30, limit: int = 50) -> list[Spending]:
        """Return who spent most on the last days, today included."""
        store = await self.installation.store.project(self.project)
        now = self.installation.clock.now()
        return await store.traces.spending(by=by, after=now - days * DAY, before=now + DAY, limit=limit)

    async def replay(self, traces: Sequence[str], *, release: str = "", live: bool = False) -> list[Replayed]:
        """Run what traces recorded once more, offline, and return what is not the same.

        Args:
            traces: their ids.
            release: answers in the place of the recorded one, by a pointer's name or a hash. Traces of tasks that do
                not have it are not reproducible.
            live: ask models for what the traces have no answer to: requests like any others, traced and costed.

        Raises:
            NotFoundError: there is no such trace.
        """
        await self.installation.recorder.flush()
        replayer = Replayer(self.installation, self.project, release=release, live=live)
        return [await replayer.replay(trace) for trace in traces]

    async def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace in order of their start. Raises NotFoundError."""
        await self.installation.recorder.flush()
        store = await self.installation.store.project(self.project)
        return await store.traces.get(trace_id)


def wanted_paths(paths: Paths, *, index: str, rebuild: bool = False, base: Path | None = None) -> IndexPaths:
    """Return what to index, in words that mean the same in any folder."""
    folder = (base or Path.cwd()).absolute()
    places = tuple(str(path.absolute()) for path in _listed(paths))
    return IndexPaths(index=index, paths=places, base=str(folder), rebuild=rebuild)


def _listed(paths: Paths) -> list[Path]:
    return [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]


def index_of(docs: Sequence[str | Path]) -> str:
    """Return the name of the index that holds exactly these paths: asking about other paths never mixes them in."""
    places = sorted(str(Path(path).absolute()) for path in docs)
    return f"docs-{text_hash(chr(0).join(places))[:12]}"


def made_by_asking(index: str) -> bool:
    """Tell whether an index has the name that `index_of` gives: it is built anew by itself."""
    return re.fullmatch("docs-[0-9a-f]{12}", index) is not None
