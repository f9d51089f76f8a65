"""The operations that every door offers: one table, from which REST, the command line and later MCP are made."""

from typing import Annotated, Any, Literal

import msgspec

from lasttenth import __version__
from lasttenth.app.answers import Answer
from lasttenth.app.app import DEFAULT_INDEX, DEFAULT_TASK, App
from lasttenth.app.job_operations import JOB_OPERATIONS
from lasttenth.app.operation import Done, Nothing, Operation
from lasttenth.app.playground_operations import PLAYGROUND_OPERATIONS
from lasttenth.app.replaying import Replayed
from lasttenth.app.task_operations import TASK_OPERATIONS
from lasttenth.app.views import IndexView, ModelsView, SpanView, StatusView, span_view
from lasttenth.context.indexing import TextDocument
from lasttenth.context.retrieval import Passage
from lasttenth.records.totals import LABELS, Spending, Total
from lasttenth.records.traces import TraceFilter, TraceSummary

Index = Annotated[str, msgspec.Meta(description="Name of the index.")]
Question = Annotated[str, msgspec.Meta(description="The question, in plain words.")]


class ListTraces(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many.")] = 50
    before: Annotated[int | None, msgspec.Meta(description="Only what started before this time, in nanoseconds.")] = (
        None
    )
    after: Annotated[int | None, msgspec.Meta(description="Only what started after this time, in nanoseconds.")] = None
    failed: Annotated[bool, msgspec.Meta(description="Only traces with a span that failed.")] = False
    search: Annotated[str, msgspec.Meta(description="Words that stand in one span, all of them.")] = ""
    model: Annotated[str, msgspec.Meta(description="Only traces that called this model, as provider/model.")] = ""
    task: Annotated[str, msgspec.Meta(description="Only calls of this task.")] = ""
    release: Annotated[str, msgspec.Meta(description="Only what this release answered, its whole hash.")] = ""
    unit: Annotated[str, msgspec.Meta(description="Only what was done for this unit.")] = ""


class ShowUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Which totals."""

    by: Annotated[str, msgspec.Meta(description=f"Labels, with commas between them: {', '.join(LABELS)}.")] = (
        "operation,model"
    )
    period: Annotated[Literal["", "hour", "day"], msgspec.Meta(description="A line for each, or one for all.")] = ""
    hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 366, description="How far back, in whole hours.")] = 24


class ShowSpending(msgspec.Struct, frozen=True, kw_only=True):
    """Whose spending."""

    by: Annotated[Literal["unit", "key"], msgspec.Meta(description="Whom requests were for, or their keys.")] = "unit"
    days: Annotated[int, msgspec.Meta(ge=1, le=366, description="How far back, in whole days (UTC).")] = 30
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000, description="At most so many.")] = 50


class ShowTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Which trace."""

    trace: Annotated[str, msgspec.Meta(description="The trace id, 32 hex digits.")]


class ReplayTraces(msgspec.Struct, frozen=True, kw_only=True):
    """Which traces to replay, and what to put in the place of what was recorded."""

    traces: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1000, description="The traces' ids.")]
    release: Annotated[
        str, msgspec.Meta(description="A release in the place of the recorded one: a pointer's name or a hash.")
    ] = ""
    live: Annotated[bool, msgspec.Meta(description="Ask models for what the traces have no answer to.")] = False


class SearchIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for."""

    question: Question
    index: Index = DEFAULT_INDEX
    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="At most so many passages.")] = 6


class AddDocuments(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to index; one of the same name is replaced."""

    documents: Annotated[list[TextDocument], msgspec.Meta(description="Names with their endings, and texts.")]
    index: Index = DEFAULT_INDEX


class RemoveDocuments(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to take out."""

    names: Annotated[list[str], msgspec.Meta(description="Names of the documents.")]
    index: Index = DEFAULT_INDEX


class DropIndex(msgspec.Struct, frozen=True, kw_only=True):
    """Which index to remove with all its documents."""

    index: Index


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a task."""

    question: Question
    task: Annotated[str, msgspec.Meta(description="The task that answers.")] = DEFAULT_TASK
    index: Annotated[str, msgspec.Meta(description="An index other than the release's own.")] = ""
    model: Annotated[str, msgspec.Meta(description="A model other than the release's own, as provider/model.")] = ""
    variables: Annotated[
        dict[str, Any], msgspec.Meta(description="What the prompt's templates read beside the question.")
    ] = {}


async def _list_traces(app: App, request: ListTraces) -> list[TraceSummary]:
    where = TraceFilter(
        failed=request.failed,
        words=request.search,
        model=request.model,
        task=request.task,
        release=request.release,
        unit=request.unit,
    )
    return await app.traces(limit=request.limit, before=request.before, after=request.after, where=where)


async def _show_trace(app: App, request: ShowTrace) -> list[SpanView]:
    return [span_view(span) for span in await app.trace(request.trace)]


async def _replay_traces(app: App, request: ReplayTraces) -> list[Replayed]:
    return await app.replay(request.traces, release=request.release, live=request.live)


async def _show_usage(app: App, request: ShowUsage) -> list[Total]:
    return await app.usage(
        by=[label.strip() for label in request.by.split(",") if label.strip()],
        period=request.period or None,
        hours=request.hours,
    )


async def _show_spending(app: App, request: ShowSpending) -> list[Spending]:
    return await app.spending(by=request.by, days=request.days, limit=request.limit)


async def _search_index(app: App, request: SearchIndex) -> list[Passage]:
    return await app.search(request.question, index=request.index, limit=request.limit)


async def _list_indexes(app: App, _request: Nothing) -> list[IndexView]:
    return await app.indexes()


async def _add_documents(app: App, request: AddDocuments) -> Done:
    await app.add_texts(request.documents, index=request.index)
    return Done()


async def _remove_documents(app: App, request: RemoveDocuments) -> Done:
    await app.remove_documents(request.names, index=request.index)
    return Done()


async def _drop_index(app: App, request: DropIndex) -> Done:
    await app.drop_index(request.index)
    return Done()


async def _ask(app: App, request: Ask) -> Answer:
    return await app.ask(
        request.question,
        index=request.index,
        model=request.model,
        task=request.task,
        variables=request.variables,
    )


async def _list_models(app: App, _request: Nothing) -> ModelsView:
    return await app.models()


async def _status(app: App, _request: Nothing) -> StatusView:
    installation = app.installation
    return StatusView(
        version=__version__,
        project=app.project,
        search_lag=await installation.store.search_lag(),
        overdue=await app.jobs.overdue(),
        **msgspec.structs.asdict(installation.health()),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation("ask", "POST", "/api/ask", (), "Ask a task a question.", Ask, Answer, _ask),
    Operation(
        "list_traces",
        "GET",
        "/api/traces",
        ("traces",),
        "List the latest traces.",
        ListTraces,
        list[TraceSummary],
        _list_traces,
    ),
    Operation(
        "show_trace",
        "GET",
        "/api/traces/{trace}",
        ("show",),
        "Show the spans of a trace.",
        ShowTrace,
        list[SpanView],
        _show_trace,
    ),
    Operation(
        "replay_traces",
        "POST",
        "/api/replays",
        (),
        "Run what traces recorded once more, and say what is not the same.",
        ReplayTraces,
        list[Replayed],
        _replay_traces,
    ),
    Operation(
        "show_usage",
        "GET",
        "/api/usage",
        ("usage",),
        "Show what calls came to: tokens, cost and latency by model, task or release.",
        ShowUsage,
        list[Total],
        _show_usage,
    ),
    Operation(
        "show_spending",
        "GET",
        "/api/spending",
        ("spending",),
        "Show what each unit or key has spent.",
        ShowSpending,
        list[Spending],
        _show_spending,
    ),
    Operation(
        "list_indexes",
        "GET",
        "/api/indexes",
        ("index", "list"),
        "List the indexes.",
        Nothing,
        list[IndexView],
        _list_indexes,
    ),
    Operation(
        "search_index",
        "GET",
        "/api/indexes/{index}/search",
        ("index", "search"),
        "Search an index for passages.",
        SearchIndex,
        list[Passage],
        _search_index,
    ),
    Operation(
        "add_documents",
        "POST",
        "/api/indexes/{index}/documents",
        (),
        "Index texts.",
        AddDocuments,
        Done,
        _add_documents,
    ),
    Operation(
        "remove_documents",
        "POST",
        "/api/indexes/{index}/documents/remove",
        ("index", "remove"),
        "Take documents out of an index.",
        RemoveDocuments,
        Done,
        _remove_documents,
    ),
    Operation(
        "drop_index",
        "DELETE",
        "/api/indexes/{index}",
        ("index", "drop"),
        "Remove an index.",
        DropIndex,
        Done,
        _drop_index,
    ),
    *JOB_OPERATIONS,
    Operation("list_models", "GET", "/api/models", ("models",), "List the models.", Nothing, ModelsView, _list_models),
    *TASK_OPERATIONS,
    *PLAYGROUND_OPERATIONS,
    Operation("status", "GET", "/api/status", (), "Tell how Lasttenth is.", Nothing, StatusView, _status),
)
