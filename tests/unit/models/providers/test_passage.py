"""What path may be passed on to a provider, and where it leads."""

import asyncio

import pytest
from tests.upstreams import Peer, RawServer, answer

from lasttenth.models.protocols import OPENAI
from lasttenth.models.providers.passage import Passage, PassedOn, check_path
from lasttenth.net.aiohttp_transport import AiohttpTransport
from lasttenth.net.transport import Limits
from lasttenth.records.errors import InvalidRequestError


@pytest.mark.parametrize(
    "path", ["/files", "/files/a%2Fb", "/a..b/...", "/%2e%2e%2ex", "/models/x:predict", "/a//b", "/@evil.example/x"]
)
def test_path_that_stays_below_its_beginning_passes(path: str) -> None:
    check_path(path, "a=b&c[]=%20")


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/a/../b",
        "/./a",
        "/%2e%2e/a",
        "/a/%2E./b",
        "/a%2f..%2fb",
        "/a%5c..%5cb",
        "/%252e%252e/a",
        "/%25252e%25252e/a",
        "/%" + "25" * 20_000 + "2e",
        "/a\\..\\b",
        "/a b",
        "/a%0d%0ab",
        "/a%00",
        "/a#b",
        "/a?b",
        "/é",
        "",
        "a",
        "@evil.example",
    ],
    ids=lambda path: path[:20],
)
def test_path_that_may_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be passed on"):
        check_path(path, "")


@pytest.mark.parametrize("query", ["a=b c", "a=\r\n", "a=é", "#x"])
def test_query_that_is_not_encoded_is_refused(query: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be passed on"):
        check_path("/a", query)


@pytest.mark.parametrize(
    ("base", "path", "has_version", "expected"),
    [
        ("/v1", "/files", False, "/v1/files"),
        ("/v1/", "/v1/files", True, "/v1/files"),
        ("/v1beta", "/upload/v1beta/files", True, "/upload/v1beta/files"),
        ("/api/v1", "/v2/x", True, "/api/v2/x"),
        ("/openai", "/x", True, "/openai/x"),
    ],
)
def test_path_begins_where_the_base_url_says(base: str, path: str, has_version: bool, expected: str) -> None:
    asked: list[str] = []

    async def serve(peer: Peer) -> None:
        asked.append((await peer.request())[0])
        await peer.send(answer(b"{}"))

    async def work() -> None:
        transport = AiohttpTransport(Limits())
        async with RawServer(serve) as server:
            passage = Passage(OPENAI, f"http://127.0.0.1:{server.port}{base}", {}, transport)
            reply = await passage.send(PassedOn(method="GET", path=path), has_version=has_version)
            await reply.read(10)
            await reply.close()
            await transport.close()

    asyncio.run(work())

    assert asked == [f"GET {expected} HTTP/1.1"]
