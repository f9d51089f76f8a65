"""One suite for every engine: what comes back, what is passed on when, and what a failure is called."""

import asyncio
import gc
import gzip
import socket
import threading
import weakref
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.upstreams import SECONDS, Authority, Peer, RawServer, answer, chunk, make_authority

from lasttenth.net.choosing import open_transport
from lasttenth.net.transport import MOST_ROUTES, Engine, Inbound, Limits, Outbound, Transport
from lasttenth.records.errors import UpstreamError, UpstreamTimeoutError
from lasttenth.testing import eventually

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
HEADERS = {"accept-encoding": "identity", "authorization": "Bearer k"}
HASTY = Limits(connect=0.2, read=0.2)
MEGABYTE = bytes(range(256)) * 4096
SECRET = "s3cr3t"
ROUNDS = 50

Work = Callable[[Transport], Awaitable[None]]
Run = Callable[..., None]


@pytest.fixture(params=["aiohttp", "pyreqwest"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return the name of an engine."""
    if request.param == "pyreqwest":
        pytest.importorskip("pyreqwest", reason="pip install -r requirements/dev.txt")
    name: Engine = request.param
    return name


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def run(engine: Engine) -> Run:
    """Return what runs work with an open transport, in bounded time."""

    def start(work: Work, limits: Limits | None = None) -> None:
        asyncio.run(_bounded(engine, work, limits or Limits(connect=SECONDS, read=SECONDS)))

    return start


async def _bounded(engine: Engine, work: Work, limits: Limits) -> None:
    async with asyncio.timeout(SECONDS):
        transport = open_transport(engine, limits)
        try:
            await work(transport)
        finally:
            await transport.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return certificates that no system knows."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def unreachable() -> Iterator[str]:
    """Return the URL of a server whose queue of connections is full, so that no further one is made."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{full.getsockname()[1]}/"
        for client in waiting:
            client.close()


def post(url: str, body: bytes = b"{}") -> Outbound:
    """Return a request as a provider makes it."""
    return Outbound(method="POST", url=url, headers=HEADERS, body=body)


async def ask(transport: Transport, url: str, body: bytes = b"{}") -> bytes:
    """Send a request and return the whole body."""
    inbound = await transport.send(post(url, body))
    try:
        return await inbound.read(2**24)
    finally:
        await inbound.close()


async def pieces(inbound: Inbound) -> bytes:
    """Return a body piece by piece."""
    try:
        return b"".join([piece async for piece in inbound.chunks()])
    finally:
        await inbound.close()


def test_request_arrives_and_its_answer_comes_back(run: Run) -> None:
    received = []

    async def serve(peer: Peer) -> None:
        received.append(await peer.request())
        await peer.send(answer(b"hello", "X-Many: one", "x-many: two", "Retry-After: 7", status="429 Slow down"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url + "?a=b%20c", b"question"))
            assert inbound.status == 429
            assert inbound.headers.get("x-MANY") == "one"
            assert inbound.headers.get("retry-after") == "7"
            assert inbound.headers.get("x-none", "-") == "-"
            assert await inbound.read(5) == b"hello"
            await inbound.close()

    run(work)

    [(first, headers, body)] = received
    assert first == "POST /v1/chat?a=b%20c HTTP/1.1"
    assert body == b"question"
    assert HEADERS.items() <= headers.items()


def test_get_has_no_body(run: Run) -> None:
    received = []

    async def serve(peer: Peer) -> None:
        received.append(await peer.request())
        await peer.send(answer(b""))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            inbound = await transport.send(Outbound(method="GET", url=server.url, headers=HEADERS))
            assert await inbound.read(0) == b""
            await inbound.close()

    run(work)

    [(first, headers, _)] = received
    assert first.startswith("GET ")
    assert not {"content-length", "transfer-encoding"} & headers.keys()


def test_connection_is_kept_and_used_again(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"hello"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            for _ in range(3):
                assert await ask(transport, server.url) == b"hello"
                assert await pieces(await transport.send(post(server.url))) == b"hello"
            assert server.connections == 1

    run(work)


def test_other_headers_are_sent_once_they_change(run: Run) -> None:
    keys = []

    async def serve(peer: Peer) -> None:
        while True:
            keys.append((await peer.request())[1]["authorization"])
            await peer.send(answer(b""))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            for key in ("one", "two"):
                headers = {"authorization": key}
                inbound = await transport.send(Outbound(method="POST", url=server.url, headers=headers, body=b"{}"))
                await inbound.read(0)
                await inbound.close()

    run(work)

    assert keys == ["one", "two"]


def test_megabyte_goes_and_comes_whole(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            _, _, body = await peer.request()
            await peer.send(answer(body[::-1]))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url, MEGABYTE) == MEGABYTE[::-1]
            assert await pieces(await transport.send(post(server.url, MEGABYTE))) == MEGABYTE[::-1]

    run(work)


@pytest.mark.parametrize("whole", [True, False])
def test_body_beyond_the_limit_is_refused(run: Run, whole: bool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"123456") if whole else CHUNKED + chunk(b"123") + chunk(b"456"))
        await peer.left()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url))
            with pytest.raises(UpstreamError, match="more than 5 bytes"):
                await inbound.read(5)
            await inbound.close()

    run(work)


def test_answer_that_comes_before_the_request_has_left_is_read(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(answer(b"too much", status="413 Content Too Large"))
        await peer.left()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            request = Outbound(method="POST", url=server.url, headers=HEADERS, body=b"x" * 2**25)
            inbound = await transport.send(request)
            assert (inbound.status, await inbound.read(99)) == (413, b"too much")
            await inbound.close()

    run(work)


def test_first_piece_arrives_before_the_second_is_sent(run: Run) -> None:
    async def work(transport: Transport) -> None:
        seen = asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED)
            await seen.wait()
            for piece in (b"one", b"two"):
                seen.clear()
                await peer.send(chunk(piece))
                await seen.wait()
            await peer.send(b"0\r\n\r\n")

        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url))
            seen.set()
            received = []
            async for piece in inbound.chunks():
                received.append(piece)
                seen.set()
            await inbound.close()
            assert received == [b"one", b"two"]

    run(work)


@pytest.mark.parametrize("interim", ["100 Continue", "103 Early Hints"])
def test_interim_answer_is_skipped(run: Run, interim: str) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 {interim}\r\nlink: </a>\r\n\r\n".encode(), answer(b"hello"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"

    run(work)


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress(b"hello", mtime=0)), ("deflate", zlib.compress(b"hello"))]
)
def test_body_that_comes_compressed_is_decoded(run: Run, encoding: str, packed: bytes) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(packed, f"content-encoding: {encoding}"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"
            assert await pieces(await transport.send(post(server.url))) == b"hello"

    run(work)


def test_body_that_is_not_compressed_as_it_says_is_an_error(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"hello", "content-encoding: gzip"))

    refused(run, serve, "gave no whole answer")


def test_redirect_is_passed_on_and_no_cookie_is_kept(run: Run) -> None:
    cookies = []

    async def serve(peer: Peer) -> None:
        while True:
            cookies.append((await peer.request())[1].get("cookie"))
            await peer.send(answer(b"", "location: /other", "set-cookie: a=b", status="307 Temporary Redirect"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            for _ in range(2):
                inbound = await transport.send(post(server.url))
                assert (inbound.status, inbound.headers.get("location")) == (307, "/other")
                await inbound.read(0)
                await inbound.close()

    run(work)

    assert cookies == [None, None]


def test_connection_that_cannot_be_made_in_time_is_a_timeout(run: Run, unreachable: str) -> None:
    async def work(transport: Transport) -> None:
        with pytest.raises(UpstreamTimeoutError):
            await transport.send(post(unreachable))

    run(work, Limits(connect=0.2, read=SECONDS))


def test_answer_that_does_not_begin_in_time_is_a_timeout(run: Run) -> None:
    async def work(transport: Transport) -> None:
        left = asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            await peer.left()
            left.set()

        async with RawServer(serve) as server:
            with pytest.raises(UpstreamTimeoutError, match=f"127.0.0.1:{server.port} did not answer in time"):
                await transport.send(post(server.url))
            await left.wait()

    run(work, HASTY)


@pytest.mark.parametrize("whole", [True, False])
def test_chunk_whose_size_is_no_number_breaks_an_answer_off(run: Run, whole: bool) -> None:
    async def work(transport: Transport) -> None:
        has_begun = asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"one"))
            await has_begun.wait()
            await peer.send(b"wall\r\n")
            await peer.left()

        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url))
            has_begun.set()
            with pytest.raises(UpstreamError, match="gave no whole answer"):
                await (inbound.read(99) if whole else pieces(inbound))
            await inbound.close()

    run(work)


@pytest.mark.parametrize("whole", [True, False])
def test_answer_that_stalls_is_a_timeout(run: Run, whole: bool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED, chunk(b"one"))
        await peer.left()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url))
            with pytest.raises(UpstreamTimeoutError):
                await (inbound.read(99) if whole else pieces(inbound))
            await inbound.close()

    run(work, HASTY)


def test_wait_that_is_cancelled_cancels_the_work_upstream(
    run: Run, engine: Engine, request: pytest.FixtureRequest
) -> None:
    if engine == "pyreqwest":
        reason = "pyreqwest 0.15.1 leaves the request to itself, so `auto` does not choose it"
        request.applymarker(pytest.mark.xfail(reason=reason, raises=TimeoutError, strict=True))

    async def work(transport: Transport) -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            asked.set()
            await peer.left()
            left.set()

        async with RawServer(serve) as server:
            waiting = asyncio.ensure_future(transport.send(post(server.url)))
            await asked.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            async with asyncio.timeout(2):
                await left.wait()

    run(work)


@pytest.mark.parametrize("how", ["close", "cancel"])
def test_body_that_is_given_up_cancels_the_work_upstream(run: Run, how: str) -> None:
    async def work(transport: Transport) -> None:
        left = asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            await peer.send(CHUNKED, chunk(b"one"))
            await peer.left()
            left.set()

        async with RawServer(serve) as server:
            inbound = await transport.send(post(server.url))
            chunks = inbound.chunks()
            assert await anext(chunks) == b"one"
            if how == "cancel":
                waiting = asyncio.ensure_future(anext(chunks))
                await asyncio.wait([waiting], timeout=0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            await inbound.close()
            await left.wait()
            await inbound.close()

    run(work)


BROKEN = {
    "closed before the head": (b"", "gave no whole answer"),
    "closed in the head": (b"HTTP/1.1 200 OK\r\ncontent-le", "gave no whole answer"),
    "no HTTP": (b"220 mail server\r\n\r\n", "gave no whole answer"),
    "closed after the head": (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "gave no whole answer"),
    "shorter than its length": (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", "gave no whole answer"),
    "chunked without its end": (CHUNKED + chunk(b"abc"), "gave no whole answer"),
    "chunked and closed in a chunk": (CHUNKED + b"5\r\nabc", "gave no whole answer"),
    "chunked wrongly": (CHUNKED + b"zz\r\nabc\r\n", "gave no whole answer"),
}


@pytest.mark.parametrize(("sent", "said"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_answer_that_breaks_off_is_an_error(run: Run, sent: bytes, said: str, reset: bool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)
        if reset:
            # What was not read makes the kernel reset the connection, after what was sent has arrived.
            peer.reset()

    refused(run, serve, said)


def refused(run: Run, serve: Callable[[Peer], Awaitable[None]], said: str) -> None:
    """Expect an error of a server, however its body is read."""

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            url = f"{server.url}?key={SECRET}".replace("://", f"://user:{SECRET}@")
            with pytest.raises(UpstreamError, match=f"^127.0.0.1:{server.port} {said}") as read:
                await ask(transport, url)
            with pytest.raises(UpstreamError, match=f"^127.0.0.1:{server.port} {said}") as passed_on:
                await pieces(await transport.send(post(url)))
            assert {read.value.code, passed_on.value.code} == {"upstream_error"}
            assert SECRET not in f"{read.value}{passed_on.value}"

    run(work)


def test_body_without_a_length_ends_with_its_connection(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"

    run(work)


def test_connection_that_was_closed_while_idle_is_replaced(run: Run) -> None:
    async def work(transport: Transport) -> None:
        closing, noticed = asyncio.Event(), asyncio.Event()

        async def serve(peer: Peer) -> None:
            await peer.request()
            await peer.send(answer(b"hello"))
            await closing.wait()
            peer.writer.write_eof()
            await peer.left()
            noticed.set()

        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"
            closing.set()
            await noticed.wait()
            assert await ask(transport, server.url) == b"hello"
            assert server.connections == 2

    run(work)


def test_connections_that_are_all_closed_when_they_are_used_again_are_replaced(
    run: Run, engine: Engine, request: pytest.FixtureRequest
) -> None:
    if engine == "pyreqwest":
        reason = "pyreqwest 0.15.1 sends nothing anew that it has sent on a kept connection"
        request.applymarker(pytest.mark.xfail(reason=reason, raises=UpstreamError, strict=True))

    async def work(transport: Transport) -> None:
        everybody = asyncio.Barrier(3)

        async def serve(peer: Peer) -> None:
            await peer.request()
            if peer.number <= everybody.parties:
                await everybody.wait()
            await peer.send(answer(b"hello"))
            await peer.request()

        async with RawServer(serve) as server:
            await asyncio.gather(*(ask(transport, server.url) for _ in range(everybody.parties)))
            assert await ask(transport, server.url) == b"hello"

    run(work)


def test_request_that_may_have_been_begun_is_not_sent_twice(run: Run) -> None:
    received = []

    async def serve(peer: Peer) -> None:
        if peer.number == 1:
            await peer.request()
            await peer.send(answer(b"hello"))
        received.append((await peer.request())[2])
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-le")

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"
            with pytest.raises(UpstreamError, match="gave no whole answer"):
                await ask(transport, server.url, b"once")

    run(work)

    assert received == [b"once"]


def test_new_connection_that_is_closed_at_once_is_not_tried_again(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            with pytest.raises(UpstreamError, match="gave no whole answer"):
                await ask(transport, server.url)
            assert server.connections == 1

    run(work)


def test_requests_beyond_the_limit_get_their_turn(run: Run) -> None:
    open_now, most = set(), []

    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            open_now.add(peer.number)
            most.append(len(open_now))
            await peer.send(CHUNKED, chunk(b"hel"))
            open_now.discard(peer.number)
            await peer.send(chunk(b"lo"), b"0\r\n\r\n")

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await asyncio.gather(*(ask(transport, server.url) for _ in range(20))) == [b"hello"] * 20
            assert max(most) <= 2
            # One that is on its way back to the pool may be replaced.
            assert server.connections < 10

    run(work, Limits(connect=SECONDS, read=SECONDS, connections=2))


def test_wait_for_a_connection_that_others_have_is_bounded(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED, chunk(b"hel"))
        await peer.left()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            first = await transport.send(post(server.url))
            with pytest.raises(UpstreamTimeoutError):
                await transport.send(post(server.url))
            await first.close()

    run(work, Limits(connect=0.2, read=SECONDS, connections=1))


def test_answer_that_is_closed_early_gives_its_place_to_the_next(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED, chunk(b"one"))
        await peer.left()

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            for _ in range(3):
                inbound = await transport.send(post(server.url))
                await inbound.close()

    run(work, Limits(connect=SECONDS, read=SECONDS, connections=1))


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", f"http://user:{SECRET}@127.0.0.1:x/", "http:///v1"])
def test_url_that_cannot_be_read_is_an_error_that_shows_no_password(run: Run, url: str) -> None:
    async def work(transport: Transport) -> None:
        with pytest.raises(UpstreamError, match="cannot be read") as caught:
            await transport.send(post(url))
        assert SECRET not in str(caught.value)

    run(work)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "nowhere.invalid"])
def test_server_that_is_not_there_is_an_error_that_says_why(run: Run, host: str) -> None:
    async def work(transport: Transport) -> None:
        with pytest.raises(UpstreamError, match=f"^{host} cannot be reached: .*(refused|known)") as caught:
            await transport.send(post(f"http://user:{SECRET}@{host}/v1?key={SECRET}"))
        assert caught.value.code == "upstream_error"
        assert SECRET not in str(caught.value)

    run(work)


def test_key_with_a_line_end_is_an_error(run: Run) -> None:
    async def work(transport: Transport) -> None:
        request = Outbound(method="GET", url="http://127.0.0.1:9/", headers={"authorization": "Bearer k\r\nx: y"})
        with pytest.raises(UpstreamError):
            await transport.send(request)

    run(work)


async def proxying(peer: Peer, received: list[str]) -> None:
    """Answer as a proxy: itself what is plain, and through a tunnel what is not."""
    first, headers, _ = await peer.request()
    received.append(f"{first} {headers.get('proxy-authorization', '')}".strip())
    if not first.startswith("CONNECT "):
        return await peer.send(answer(b"from the proxy"))
    host, _, port = first.split(" ")[1].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    try:
        await asyncio.gather(_copied(peer.reader, writer), _copied(reader, peer.writer))
    finally:
        writer.close()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def test_plain_requests_go_through_the_proxy_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[str] = []

    async def work(transport: Transport) -> None:
        async with RawServer(lambda peer: proxying(peer, received)) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:{proxy.port}")
            assert await ask(transport, "http://up.invalid/v1") == b"from the proxy"

    run(work)

    assert received == ["POST http://up.invalid/v1 HTTP/1.1 Basic dXNlcjpzM2NyM3Q="]


def test_hosts_that_the_environment_names_go_past_the_proxy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"direct"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:9")
            monkeypatch.setenv("NO_PROXY", "other.invalid,127.0.0.1")
            assert await ask(transport, server.url) == b"direct"
            with pytest.raises(UpstreamError, match=r"^up\.invalid cannot be reached") as caught:
                await ask(transport, "http://up.invalid/v1")
            assert SECRET not in str(caught.value)

    run(work)


async def _secretly(peer: Peer) -> None:
    await peer.request()
    await peer.send(answer(b"secretly"))


def test_encrypted_requests_go_through_a_tunnel(
    run: Run, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    received: list[str] = []
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))

    async def work(transport: Transport) -> None:
        async with (
            RawServer(_secretly, authority.tls) as server,
            RawServer(lambda peer: proxying(peer, received)) as proxy,
        ):
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            assert await ask(transport, server.url) == b"secretly"
            assert received == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"]

    run(work)


def test_certificate_of_an_own_authority_is_taken(
    run: Run, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))

    async def work(transport: Transport) -> None:
        async with RawServer(_secretly, authority.tls) as server:
            assert await ask(transport, server.url) == b"secretly"

    run(work)


def test_certificate_that_nobody_vouches_for_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_authority(tmp_path).root))

    async def work(transport: Transport) -> None:
        async with RawServer(_secretly, authority.tls) as server:
            with pytest.raises(UpstreamError, match="certificate that cannot be verified") as caught:
                await ask(transport, server.url)
            assert caught.value.code == "upstream_error"

    run(work)


def test_opening_and_closing_leaves_nothing_behind(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"hello"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            assert await ask(transport, server.url) == b"hello"

    run(work)
    before = open_now()

    for _ in range(ROUNDS):
        run(work)

    # A thread of an engine may take a moment to close what nobody uses any more.
    assert eventually(lambda: all(now <= then for now, then in zip(open_now(), before, strict=True)))


async def heard(transport: Transport, url: str, headers: dict[str, str]) -> None:
    """Send a request and take its answer to the end."""
    inbound = await transport.send(Outbound(method="POST", url=url, headers=headers, body=b"{}"))
    await inbound.read(2**10)
    await inbound.close()


class Noted(dict[str, str]):
    """Headers of which it can be told whether anybody still holds them."""


def test_what_is_made_of_urls_is_not_kept_for_ever(run: Run) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"hello"))

    async def work(transport: Transport) -> None:
        async with RawServer(serve) as server:
            headers = Noted(HEADERS)
            held = weakref.ref(headers)
            await heard(transport, f"{server.url}/first", headers)
            del headers
            for number in range(MOST_ROUTES):
                await heard(transport, f"{server.url}/{number}", HEADERS)
            gc.collect()

        assert held() is None

    run(work)


def open_now() -> tuple[int, int]:
    """Return how many descriptors and threads there are."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def test_closing_twice_and_without_a_request_is_fine(run: Run) -> None:
    async def work(transport: Transport) -> None:
        await transport.close()

    run(work)
