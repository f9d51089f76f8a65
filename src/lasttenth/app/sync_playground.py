"""The synchronous face of the playground; `sync` says how one waits."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from lasttenth.app.playground import Asked, Playground, Tried
from lasttenth.app.sync_streams import Streams
from lasttenth.app.sync_tasks import Wait
from lasttenth.records.definitions import Case
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.releases.taskfile import TaskFile


class SyncPlayground:
    """The methods of `Playground` for programs without an event loop."""

    def __init__(self, playground: Playground, wait: Wait, streams: Streams) -> None:
        self._playground = playground
        self._wait: Wait = wait
        self._streams = streams

    def ask(
        self,
        task: str,
        question: str = "",
        *,
        versions: Sequence[str] = (PRODUCTION,),
        variables: Mapping[str, Any] | None = None,
    ) -> Generator[Tried]:
        """See `Playground.ask`."""
        return self._streams.each_of(self._playground.ask(task, question, versions=versions, variables=variables))

    def keep(self, text: str, *, source: str = "The task file") -> TaskFile:
        """See `Playground.keep`."""
        found: TaskFile = self._wait(self._playground.keep(text, source=source))
        return found

    def save(self, task: str, asked: Asked, *, reference: str = "", tags: Sequence[str] = ()) -> Case:
        """See `Playground.save`."""
        found: Case = self._wait(self._playground.save(task, asked, reference=reference, tags=tags))
        return found

    def cases(self, task: str, *, limit: int = 50) -> list[Case]:
        """See `Playground.cases`."""
        found: list[Case] = self._wait(self._playground.cases(task, limit=limit))
        return found
