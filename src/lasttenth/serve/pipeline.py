"""The life of one request, in order:

    admit   decode the head, take out our own controls, say who it is for        admit.py
    route   find the provider of a model, or the release of a task               route.py, tasks.py
    cache   answer from what was asked before, where the request opts in         cache.py, replay.py
    call    pass it on                                                           relay.py, program.py
    stream  pass the answer back, event by event, reading only its usage         relay.py, citing.py
    settle  what it consumed and cost; one span, written behind the answer       settle.py

Guards will stand between admit and cache. A request that any stage refuses is settled like
all others: it is traced, and answered with an error in the shape of the protocol it spoke.
"""

import logging
from collections.abc import Mapping
from functools import partial

from lasttenth.models.port import MOST_REPLY_BYTES
from lasttenth.records.errors import LasttenthError
from lasttenth.records.ids import Ids
from lasttenth.records.ports import Program, SpanScope
from lasttenth.serve.admit import admit, scope_of
from lasttenth.serve.cache import ExactCaching, ReplyCache
from lasttenth.serve.caller import PipelineCaller
from lasttenth.serve.calls import Call, GatewayReply, GatewayRequest
from lasttenth.serve.relay import Relay
from lasttenth.serve.replies import UNEXPECTED, refusal
from lasttenth.serve.route import Router
from lasttenth.serve.settle import Settlement, Settling
from lasttenth.serve.tasks import RegistryOf, TaskRunner

logger = logging.getLogger("lasttenth.serve")

_OF_MODELS = frozenset({"embeddings", "moderations"})
"""What no task does."""


class Pipeline:
    """Serve requests.

    Args:
        router: who serves which model.
        registry_of: the registry of a project.
        programs: what runs for a task, by its name; the entry "" runs for all others.
        settling: how calls are settled.
        cache: keeps answers for requests that opt in.
        reply_limit: bytes that a whole answer of a model may have.
    """

    def __init__(
        self,
        *,
        router: Router,
        registry_of: RegistryOf,
        programs: Mapping[str, Program],
        settling: Settling,
        cache: ReplyCache,
        reply_limit: int = MOST_REPLY_BYTES,
    ) -> None:
        self._router = router
        self._ids = Ids(settling.clock)
        self._settling = settling
        self._relay = Relay(router, reply_limit=reply_limit)
        self.caller = PipelineCaller(self._relay, ids=self._ids, begin=settling.begin)
        self._caching = ExactCaching(cache)
        self._tasks = TaskRunner(
            registry_of, programs=programs, caller=self.caller, caching=self._caching, clock=settling.clock
        )

    async def serve(self, request: GatewayRequest) -> GatewayReply:
        """Return the reply to a request; errors are replies too."""
        scope = scope_of(request, self._ids)
        try:
            return await self.answer(request, scope)
        except LasttenthError as error:
            return refusal(error, request.protocol, scope)
        except Exception:
            logger.exception("A request failed.")
            return refusal(UNEXPECTED, request.protocol, scope)

    def refuse(self, request: GatewayRequest, error: LasttenthError) -> GatewayReply:
        """Return the reply to a request that a door did not let in, after that is recorded."""
        scope = scope_of(request, self._ids)
        self._settling.begin(_unread(request, scope)).fail(error)
        return refusal(error, request.protocol, scope)

    async def answer(self, request: GatewayRequest, scope: SpanScope | None = None) -> GatewayReply:
        """Return the reply to a request, for callers in this process. Raises LasttenthError, after it is recorded."""
        scope = scope or scope_of(request, self._ids)
        watch = self._settling.watch()
        try:
            call = admit(request, scope)
        except BaseException as error:
            self._settling.begin(_unread(request, scope), watch).fail(error)
            raise
        watch.lap("admit")
        settlement = self._settling.begin(call, watch)
        try:
            return await self._answer(call, settlement)
        except BaseException as error:
            if isinstance(error, LasttenthError):
                error.trace_id = scope.trace_id
            settlement.fail(error)
            raise

    async def _answer(self, call: Call, settlement: Settlement) -> GatewayReply:
        task = self._router.task_of(call.model) if call.operation not in _OF_MODELS else None
        if task is not None:
            return await self._tasks.answer(call, task, settlement)
        ask = partial(self._relay.answer, call, settlement)
        return await self._caching.answer(call, settlement, scope=(call.model,), ask=ask)


def _unread(request: GatewayRequest, scope: SpanScope) -> Call:
    """Return what can be said of a request before its body is read."""
    return Call(
        operation=request.operation,
        protocol=request.protocol,
        model="",
        stream=False,
        body=request.body,
        controls={},
        unit=scope.trace_id,
        unit_source="random",
        key=request.key,
        scope=scope,
        attributes=request.attributes,
    )
