"""The Responses protocol: what is read of requests, replies and streams, and how errors are said."""

import msgspec
import pytest

from lasttenth.models.bodies import fields_of
from lasttenth.models.protocols import RESPONSES
from lasttenth.net.events import data_of
from lasttenth.records.errors import InvalidRequestError, UpstreamError
from lasttenth.records.usage import Usage
from lasttenth.testing import response_event

USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 1050,
}
COUNTED = Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=400, cache_write_tokens=100, reasoning_tokens=20)


def test_head_says_for_whom_a_request_is() -> None:
    head = RESPONSES.head("chat", fields_of(b'{"model":"m","input":"x","stream":true,"safety_identifier":"ann"}'))

    assert (head.model, head.stream, head.safety_identifier) == ("m", True, "ann")


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "prompt"])
def test_request_may_ask_nothing_new_of_what_is_kept(name: str) -> None:
    assert RESPONSES.head("chat", fields_of(b'{"model":"m","%s":"x"}' % name.encode())).model == "m"


def test_request_without_content_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="input is missing"):
        RESPONSES.head("chat", fields_of(b'{"model":"m"}'))


def test_usage_of_a_whole_reply_is_read() -> None:
    said = RESPONSES.said_in(msgspec.json.encode({"error": None, "usage": USAGE}))

    assert said is not None
    assert (said.is_error, said.consumed) == (False, COUNTED)


def test_failed_response_is_an_error() -> None:
    body = b'{"status":"failed","error":{"code":"server_error","message":"No."}}'
    said = RESPONSES.said_in(body)

    assert said is not None
    assert said.is_error
    assert RESPONSES.is_error(body)


@pytest.mark.parametrize(
    ("kind", "has_failed"),
    [("response.completed", False), ("response.incomplete", False), ("response.failed", True), ("error", True)],
)
def test_stream_ends_with_one_of_its_events(kind: str, has_failed: bool) -> None:
    reported: list[Usage | None] = []
    reading = RESPONSES.reading({}, reported.append)

    assert reading.passes(data_of(response_event("response.output_text.delta", delta="Bit ")))
    assert not reading.is_complete
    assert not reading.is_over
    assert reading.passes(data_of(response_event(kind, response={"usage": USAGE})))

    assert (reading.is_complete, reading.is_over, reading.has_failed) == (True, True, has_failed)
    assert reported == [COUNTED]


@pytest.mark.parametrize(
    ("kind", "progress"),
    [
        ("response.created", "waits"),
        ("response.output_item.added", "waits"),
        ("response.output_text.delta", "says"),
        ("response.reasoning_summary_text.delta", "says"),
        ("response.function_call_arguments.delta", "says"),
        ("response.incomplete", "says"),
        ("response.failed", "over"),
        ("error", "over"),
    ],
)
def test_progress_of_a_stream(kind: str, progress: str) -> None:
    assert RESPONSES.progress(data_of(response_event(kind))) == progress


def test_error_of_a_stream_is_said_as_documented_and_as_it_is_sent() -> None:
    event = RESPONSES.error_event(UpstreamError("It broke."), trace_id="ab12")

    assert event.startswith(b"event: error\n")
    assert msgspec.json.decode(data_of(event)) == {
        "type": "error",
        "code": "upstream_error",
        "message": "It broke.",
        "param": None,
        "error": {"message": "It broke.", "type": "upstream_error", "param": None, "code": "upstream_error"},
    }
