"""Gemini's protocol: what is read of requests, replies and streams, and how errors are said."""

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.port import ModelOperation
from lasttenth.models.protocols import GEMINI
from lasttenth.models.protocols.gemini import is_batch
from lasttenth.net.events import data_of
from lasttenth.records.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    LasttenthError,
    ModelNotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    StorageError,
    UpstreamError,
    UpstreamTimeoutError,
)
from lasttenth.records.usage import Usage
from lasttenth.testing import content_event

STATUSES = [
    (InvalidRequestError, "INVALID_ARGUMENT"),
    (PayloadTooLargeError, "INVALID_ARGUMENT"),
    (AuthenticationError, "UNAUTHENTICATED"),
    (PermissionDeniedError, "PERMISSION_DENIED"),
    (ModelNotFoundError, "NOT_FOUND"),
    (ConflictError, "ABORTED"),
    (LasttenthError, "INTERNAL"),
    (StorageError, "UNAVAILABLE"),
    (UpstreamError, "UNAVAILABLE"),
    (UpstreamTimeoutError, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize(("error", "name"), STATUSES)
def test_error_has_the_name_of_its_status_and_our_code(error: type[LasttenthError], name: str) -> None:
    body = GEMINI.error_body(error("It went wrong."), trace_id="ab12")

    found = msgspec.json.decode(body)["error"]
    info, request = found.pop("details")
    assert found == {"code": error.status, "message": "It went wrong.", "status": name}
    assert (info["reason"], info["metadata"]) == (error.code.upper(), {"error_code": error.code})
    assert request == {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "ab12"}
    assert GEMINI.is_error(body)


def test_error_as_an_event_is_one_event() -> None:
    event = GEMINI.error_event(UpstreamError("It broke."), trace_id="ab12")

    assert GEMINI.is_error(data_of(event))
    assert event.endswith(b"\n\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"error": {"message": "No.", "type": "x", "code": "y"}}',
        b'{"error": "No."}',
        b'{"type": "error", "error": {"type": "x", "message": "No."}}',
    ],
)
def test_other_bodies_are_no_errors_of_the_protocol(body: bytes) -> None:
    assert not GEMINI.is_error(body)


def test_usage_counts_thoughts_and_results_of_tools() -> None:
    said = GEMINI.said_in(
        b'{"usageMetadata":{"promptTokenCount":10,"toolUsePromptTokenCount":5,"cachedContentTokenCount":4,'
        b'"candidatesTokenCount":7,"thoughtsTokenCount":20,"totalTokenCount":42}}'
    )

    assert said is not None
    assert said.consumed == Usage(input_tokens=15, output_tokens=27, cache_read_tokens=4, reasoning_tokens=20)


@pytest.mark.parametrize("usage", ["null", "7", '{"promptTokenCount": -1}', '{"candidatesTokenCount": "many"}'])
def test_usage_that_cannot_be_is_not_believed(usage: str) -> None:
    said = GEMINI.said_in(f'{{"usageMetadata": {usage}}}'.encode())

    assert said is not None
    assert said.consumed is None


def test_later_report_of_a_stream_replaces_part_by_part() -> None:
    reported: list[Usage | None] = []
    reading = GEMINI.reading({}, reported.append)

    for usage in (
        {"promptTokenCount": 10, "thoughtsTokenCount": 30},
        {"promptTokenCount": 10, "candidatesTokenCount": 5},
        None,
        {"candidatesTokenCount": 9},
    ):
        assert reading.passes(data_of(content_event(usageMetadata=usage)))

    counts = [usage and (usage.input_tokens, usage.output_tokens) for usage in reported]
    assert counts == [(10, 30), (10, 35), None, (10, 39)]


ENDS = {
    "a finished candidate": ({"candidates": [{"finishReason": "STOP"}]}, False),
    "the second of two": ({"candidates": [{}, {"finishReason": "MAX_TOKENS"}]}, False),
    "a refused prompt": ({"promptFeedback": {"blockReason": "SAFETY"}}, False),
    "an error": ({"error": {"code": 503}}, True),
}


@pytest.mark.parametrize(("fields", "has_failed"), ENDS.values(), ids=ENDS.keys())
def test_stream_is_complete_once_it_is_finished_refused_or_fails(fields: dict[str, object], has_failed: bool) -> None:
    reading = GEMINI.reading({}, lambda _usage: None)
    reading.passes(data_of(content_event(candidates=[{"finishReason": None}], promptFeedback={})))
    before = reading.is_complete

    assert reading.passes(data_of(content_event(**fields)))

    assert (before, reading.is_complete, reading.has_failed) == (False, True, has_failed)


def test_events_with_other_fields_pass() -> None:
    reading = GEMINI.reading({}, lambda _usage: None)

    assert reading.passes(b'{"ofNextYear": 7}')
    assert reading.passes(b"{}")


@pytest.mark.parametrize(
    ("operation", "field"), [("chat", "contents"), ("count_tokens", "contents"), ("embeddings", "content")]
)
def test_request_without_content_is_refused(operation: ModelOperation, field: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{field} is missing"):
        GEMINI.head(operation, fields_of(b'{"model": "a/b"}'))


def test_content_may_be_one_object() -> None:
    assert GEMINI.head("chat", fields_of(b'{"model": "a/b", "stream": true, "contents": {}}')).stream is True


def test_body_leaves_without_what_the_path_says_and_all_else_stays() -> None:
    fields = fields_of(b'{"contents": [ 1 ], "model": "a/b", "stream": true, "n": 1.10}')

    assert GEMINI.addressed(fields, "b", stream=True) == b'{"contents":[ 1 ],"n":1.10}'


@pytest.mark.parametrize("name", ["generateContentRequest", "generate_content_request"])
def test_requests_within_a_request_name_the_providers_model(name: str) -> None:
    whole = fields_of(f'{{"{name}": {{"model": "models/a/b", "n": 1.10}}}}'.encode())
    batch = fields_of(b'{"requests": [{"model": "models/a/b"}, {"n": 1.10}]}')

    assert GEMINI.addressed(whole, "b", stream=False) == f'{{"{name}":{{"model":"models/b","n":1.10}}}}'.encode()
    assert (
        GEMINI.addressed(batch, "b", stream=False)
        == b'{"requests":[{"model":"models/b"},{"n":1.10,"model":"models/b"}]}'
    )


def test_batch_is_told_by_its_requests() -> None:
    assert is_batch(b'{"requests":[]}')
    assert not is_batch(b'{"content":{}}')
