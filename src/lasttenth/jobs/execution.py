"""One job being run in this process: from its payload to the outcome that is recorded."""

import asyncio
import logging
from concurrent.futures import Executor
from typing import Any, Literal

import msgspec

from lasttenth.jobs.functions import Context, Registered
from lasttenth.jobs.retries import may_succeed_later, pause_after
from lasttenth.records.errors import LasttenthError, PermanentError
from lasttenth.records.ids import Clock, Randomness
from lasttenth.records.jobs import Job, Lease, Outcome
from lasttenth.storage.events import event_row
from lasttenth.storage.ports import Store

MAX_ERROR = 2000
"""Characters of an error's message that are kept."""
FUNCTION_FAILED = "function_failed"
"""The code of whatever a function raises that is no error of Lasttenth."""

logger = logging.getLogger("lasttenth.jobs")

Ending = Literal["cancelled", "lost", "closing"]
"""Why a job is stopped from outside: somebody cancelled it, its lease was lost, or the runner closes."""


class Execution:
    """A job that this process holds.

    Args:
        job: the job as it was claimed.
        registered: the function for its kind.
    """

    def __init__(self, job: Job, registered: Registered) -> None:
        self.job = job
        self.lease = Lease(project=job.project, job=job.id, token=job.token)
        self.ending: Ending | None = None
        self.context: Context[Any] | None = None
        self.task: asyncio.Task[None] | None = None
        self._registered = registered

    def stop(self, ending: Ending) -> None:
        """Tell the function to stop."""
        self.ending = ending
        if self.context is not None:
            self.context.cancelled = True
        if self.task is not None:
            self.task.cancel()

    async def run(self, store: Store, threads: Executor | None) -> Outcome:
        """Run the function and return the outcome of a job that went well. Raises whatever the function raises."""
        payload = _decoded(self.job, self._registered.payload)
        self.context = Context(self.job, payload, await store.project(self.job.project))
        if self._registered.in_thread:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(threads, self._registered.run, self.context)
        else:
            result = await self._registered.run(self.context)
        return Outcome(
            lease=self.lease,
            state="done",
            result=_as_json(result),
            progress=self.context.unsaved,
            events=tuple(event_row(event) for event in self.context.events),
        )

    def failure(self, error: BaseException, *, clock: Clock, randomness: Randomness) -> Outcome:
        """Return the outcome of an attempt that failed: another one later, where that may help and is allowed."""
        known = error if isinstance(error, LasttenthError) else None
        said = (f"{type(error).__name__}: {error}" if known is None else str(known))[:MAX_ERROR]
        again = may_succeed_later(error) and self.job.attempts < self.job.max_attempts
        logger.log(
            logging.INFO if again else logging.WARNING,
            "Job %s (%s) failed in attempt %d of %d: %s",
            self.job.id, self.job.kind, self.job.attempts, self.job.max_attempts, said,
            exc_info=error if known is None else None,
        )  # fmt: skip
        return Outcome(
            lease=self.lease,
            state="waiting" if again else "failed",
            due=clock.now() + pause_after(self.job.attempts, error, randomness) if again else 0,
            error=said.encode(errors="backslashreplace").decode(),
            error_code=FUNCTION_FAILED if known is None else known.code,
            progress=None if self.context is None else self.context.unsaved,
        )

    def stopped(self, *, now: int) -> Outcome | None:
        """Return the outcome of a job that was stopped from outside; None where it is no longer ours to say."""
        if self.ending == "cancelled":
            return Outcome(lease=self.lease, state="cancelled")
        return Outcome(lease=self.lease, state="waiting", due=now, counted=False) if self.ending == "closing" else None


def _decoded(job: Job, kind: Any) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(job.payload), type=kind)
    except msgspec.ValidationError as error:
        raise PermanentError(f"The payload of a job of kind {job.kind} is wrong: {error}.") from error


def _as_json(result: Any) -> Any:
    """Return a result as plain data, so that it can be stored for certain."""
    try:
        return msgspec.json.decode(msgspec.json.encode(result))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise PermanentError(f"The result, a {type(result).__name__}, cannot be kept as JSON: {error}.") from error
