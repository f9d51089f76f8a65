"""The scripted upstream, seen by a plain HTTP client."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from lasttenth.testing import Upstream, completion, eventually, failure, streamed


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as opened:
        yield opened


@pytest.fixture
def connection(upstream: Upstream) -> Iterator[http.client.HTTPConnection]:
    place = urlsplit(upstream.base_url)
    opened = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    yield opened
    opened.close()


def test_answers_come_in_order_and_the_last_one_stays(
    upstream: Upstream, connection: http.client.HTTPConnection
) -> None:
    upstream.script("small", failure(429, "Slow down."), completion("Hello."))

    statuses = [ask(connection, "small").status for _ in range(3)]

    assert statuses == [429, 200, 200]
    assert [request.path for request in upstream.requests("small")] == ["/v1/chat/completions"] * 3


def test_gate_holds_a_stream_until_it_is_opened(upstream: Upstream, connection: http.client.HTTPConnection) -> None:
    gate = upstream.gate()
    upstream.script("slow", streamed("first", gate, "second"))
    answer = ask(connection, "slow", read=False)

    before = answer.read1()
    gate.open()
    after = answer.read()

    assert b"second" not in before
    assert b"second" in after


def test_cut_stream_ends_without_its_last_chunk(upstream: Upstream, connection: http.client.HTTPConnection) -> None:
    upstream.script("cut", streamed("first", ending="cut", finished=False))
    answer = ask(connection, "cut", read=False)

    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()

    assert b"first" in caught.value.partial


def test_client_that_leaves_is_noticed(upstream: Upstream, connection: http.client.HTTPConnection) -> None:
    upstream.script("stalled", streamed("first", ending="stall", finished=False))
    answer = ask(connection, "stalled", read=False)

    answer.close()
    connection.close()

    assert eventually(lambda: upstream.requests("stalled")[0].abandoned)


def test_unknown_model_is_refused(connection: http.client.HTTPConnection) -> None:
    answer = ask(connection, "nobody")

    assert answer.status == 404


def ask(connection: http.client.HTTPConnection, model: str, *, read: bool = True) -> http.client.HTTPResponse:
    connection.request("POST", "/v1/chat/completions", body=f'{{"model": "{model}"}}')
    answer = connection.getresponse()
    if read:
        answer.read()
    return answer
