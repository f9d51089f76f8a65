"""Anthropic's protocol: what is read of requests, replies and streams, and how errors are said."""

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.protocols import ANTHROPIC
from lasttenth.net.events import data_of
from lasttenth.records.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    LasttenthError,
    MethodNotAllowedError,
    ModelNotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    StorageError,
    UpstreamError,
    UpstreamTimeoutError,
)
from lasttenth.records.usage import Usage
from lasttenth.testing import message_event

KINDS = [
    (InvalidRequestError, "invalid_request_error"),
    (MethodNotAllowedError, "invalid_request_error"),
    (AuthenticationError, "authentication_error"),
    (PermissionDeniedError, "permission_error"),
    (ModelNotFoundError, "not_found_error"),
    (ConflictError, "conflict_error"),
    (PayloadTooLargeError, "request_too_large"),
    (StorageError, "api_error"),
    (UpstreamError, "api_error"),
    (UpstreamTimeoutError, "timeout_error"),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
def test_error_has_the_type_of_its_status_and_our_code(error: type[LasttenthError], kind: str) -> None:
    body = ANTHROPIC.error_body(error("It went wrong."), trace_id="ab12")

    assert msgspec.json.decode(body) == {
        "type": "error",
        "error": {"type": kind, "message": "It went wrong.", "details": {"error_code": error.code}},
        "request_id": "ab12",
    }
    assert ANTHROPIC.is_error(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"error": {"message": "No.", "type": "x"}}',
        b'{"type": "error"}',
        b'{"type": "error", "error": "No."}',
        b'{"type": "message", "error": {"type": "x", "message": "No."}}',
    ],
)
def test_other_bodies_are_no_errors_of_the_protocol(body: bytes) -> None:
    assert not ANTHROPIC.is_error(body)


def test_usage_counts_what_a_cache_has_read_and_written() -> None:
    said = ANTHROPIC.said_in(
        b'{"type":"message","usage":{"input_tokens":1,"cache_creation_input_tokens":30,"cache_read_input_tokens":500,'
        b'"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":7,'
        b'"output_tokens_details":{"thinking_tokens":3}}}'
    )

    assert said is not None
    assert said.consumed == Usage(
        input_tokens=531,
        output_tokens=7,
        cache_read_tokens=500,
        cache_write_tokens=30,
        cache_write_1h_tokens=20,
        reasoning_tokens=3,
    )


def test_writes_by_age_alone_are_summed() -> None:
    said = ANTHROPIC.said_in(
        b'{"usage":{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}}'
    )

    assert said is not None
    assert said.consumed == Usage(input_tokens=31, cache_write_tokens=30, cache_write_1h_tokens=20)


@pytest.mark.parametrize(
    "usage",
    ["null", "7", '{"input_tokens": -1}', '{"input_tokens": 99999999999999999999}', '{"output_tokens": "many"}'],
)
def test_usage_that_cannot_be_is_not_believed(usage: str) -> None:
    said = ANTHROPIC.said_in(f'{{"type": "message", "usage": {usage}}}'.encode())

    assert said is not None
    assert said.consumed is None


def test_sum_beyond_all_numbers_is_not_believed() -> None:
    said = ANTHROPIC.said_in(b'{"usage": {"input_tokens": 1099511627776, "cache_read_input_tokens": 1}}')

    assert said is not None
    assert said.consumed is None


def test_later_report_of_a_stream_replaces_part_by_part() -> None:
    reported: list[Usage | None] = []
    reading = ANTHROPIC.reading({}, reported.append)
    start = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}

    for event in (
        message_event("message_start", message={"usage": start}),
        message_event("message_delta", usage={"output_tokens": 40}),
        message_event("message_delta", usage={"output_tokens": 90, "input_tokens": 12}),
    ):
        assert reading.passes(data_of(event))

    assert [usage and (usage.input_tokens, usage.output_tokens) for usage in reported] == [(15, 1), (15, 40), (17, 90)]
    assert not reading.is_complete


@pytest.mark.parametrize(("kind", "has_failed"), [("message_stop", False), ("error", True)])
def test_stream_is_complete_once_it_stops_or_fails(kind: str, has_failed: bool) -> None:
    reading = ANTHROPIC.reading({}, lambda _usage: None)
    before = reading.is_complete

    assert reading.passes(data_of(message_event(kind)))

    assert (before, reading.is_complete, reading.has_failed) == (False, True, has_failed)


def test_events_of_kinds_that_are_not_known_pass() -> None:
    reading = ANTHROPIC.reading({}, lambda _usage: None)

    assert reading.passes(b'{"type": "of_next_year", "usage": 7}')
    assert reading.passes(b"{}")


def test_head_names_the_user_of_the_metadata() -> None:
    fields = fields_of(b'{"model": "a/b", "messages": [], "metadata": {"user_id": "u7"}, "user": 7}')

    assert ANTHROPIC.head("chat", fields).user == "u7"


def test_body_is_addressed_in_place_and_all_else_stays() -> None:
    fields = fields_of(b'{"max_tokens": 9, "model": "a/b", "n": 1.10}')

    assert ANTHROPIC.addressed(fields, "b", stream=True) == b'{"max_tokens":9,"model":"b","n":1.10}'
