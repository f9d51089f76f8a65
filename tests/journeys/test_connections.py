"""What HTTP/1.1 asks of a connection, on the gateway's paths, which do not go through ASGI."""

import json
import re
import socket
from typing import Any, BinaryIO

import pytest
from tests.journeys.refusals import CHAT, chat, connected

from lasttenth.testing import RunningServer, Upstream, completion

MEGABYTE = 2**20
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


def post(body: bytes, *headers: str, path: str = CHAT, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "host: localhost", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def echo(text: str, **fields: Any) -> bytes:
    return chat(messages=[{"role": "user", "content": text}], **fields)


def answers(client: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """Read so many whole answers, in the order they come."""
    with client.makefile("rb") as stream:
        return [answer_in(stream) for _ in range(count)]


def answer_in(stream: BinaryIO) -> tuple[int, bytes]:
    status = int(stream.readline().split()[1])
    head = b"".join(iter(stream.readline, b"\r\n"))
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    return status, stream.read(int(length[1]))


def said(answer: tuple[int, bytes]) -> str:
    text: str = json.loads(answer[1])["choices"][0]["message"]["content"]
    return text


def test_requests_that_come_together_are_answered_in_their_order(server: RunningServer) -> None:
    with connected(server) as client:
        client.sendall(post(echo("One.")) + HEALTH + post(echo("Two.")) + post(echo("Three.")) + HEALTH)
        found = answers(client, 5)

    assert [status for status, _ in found] == [200] * 5
    assert [said(found[at]) for at in (0, 2, 3)] == ["One.", "Two.", "Three."]
    assert [json.loads(found[at][1]) for at in (1, 4)] == [{"alive": True}] * 2


def test_connection_serves_one_request_after_the_other(server: RunningServer) -> None:
    with connected(server) as client:
        found = []
        for text in ("One.", "Two."):
            client.sendall(post(echo(text)))
            found += answers(client, 1)

    assert [said(each) for each in found] == ["One.", "Two."]


def test_request_in_many_pieces_is_one_request(server: RunningServer) -> None:
    with connected(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in post(echo("Hello.")):
            client.send(bytes([piece]))
        (answer,) = answers(client, 1)

    assert said(answer) == "Hello."


@pytest.mark.parametrize("headers", [["connection: close"], []])
def test_stream_ends_the_connection_of_those_who_want_that(server: RunningServer, headers: list[str]) -> None:
    version = "1.1" if headers else "1.0"

    with connected(server) as client:
        client.sendall(post(echo("One two.", stream=True), *headers, version=version))
        answer = client.makefile("rb").read()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert (b"transfer-encoding: chunked" in head) == (version == "1.1")
    assert body.endswith(b"data: [DONE]\n\n" if version == "1.0" else b"\r\n0\r\n\r\n")


def test_head_of_a_stream_comes_together_with_its_first_event(server: RunningServer) -> None:
    with connected(server) as client:
        client.sendall(post(echo("One two.", stream=True)))
        first = client.recv(MEGABYTE)

    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"data: " in first


def test_client_that_asks_before_it_sends_its_body_is_told_to_go_on(server: RunningServer) -> None:
    head, _, body = post(echo("Hello."), "expect: 100-continue").partition(b"\r\n\r\n")

    with connected(server) as client:
        client.sendall(head + b"\r\n\r\n")
        invitation = client.recv(100)
        client.sendall(body)
        (answer,) = answers(client, 1)

    assert invitation == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert said(answer) == "Hello."


def test_client_that_asks_before_it_sends_too_much_need_not_send_it(server: RunningServer) -> None:
    head = post(b"", "expect: 100-continue").replace(b"content-length: 0", b"content-length: 9999999")

    with connected(server) as client:
        client.sendall(head)
        stream = client.makefile("rb")
        status, _ = answer_in(stream)
        rest = stream.read()

    assert status == 413
    assert rest == b""


def test_question_mark_behind_the_path_changes_nothing(server: RunningServer) -> None:
    answer = server.request("POST", f"{CHAT}?api-version=2024-10-21", body=chat())

    assert answer.status == 200


def test_long_bodies_come_and_go_whole(server: RunningServer, upstream: Upstream) -> None:
    text = "Grüße. " * (MEGABYTE // 8)
    upstream.script("long", completion(text))

    answer = server.request("POST", CHAT, body=chat("up/long", messages=[{"role": "user", "content": text}]))

    assert answer.json()["choices"][0]["message"]["content"] == text
    assert text in json.loads(upstream.requests("long")[0].body)["messages"][0]["content"]
