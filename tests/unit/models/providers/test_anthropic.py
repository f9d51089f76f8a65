"""A provider that speaks Anthropic's protocol: its list of models, page by page, and the headers of its requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec
import pytest

from lasttenth.models.port import ModelRequest
from lasttenth.models.providers.anthropic import MOST_HEADS, AnthropicProvider
from lasttenth.models.providers.listing import MOST_PAGES
from lasttenth.net.transport import Inbound, Outbound
from lasttenth.records.errors import UpstreamError


class Pages:
    """Answer each request with the next page, the last one for all that follow, and keep what was asked."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        self.asked: list[Outbound] = []
        self.status = status
        self._bodies = bodies

    async def send(self, request: Outbound) -> Inbound:
        """Answer."""
        self.asked.append(request)
        return Page(self._bodies[min(len(self.asked), len(self._bodies)) - 1], self.status)

    async def close(self) -> None:
        """There is nothing to close."""


class Page:
    """One answer."""

    headers: Mapping[str, str] = {}

    def __init__(self, body: bytes, status: int) -> None:
        self.status = status
        self._body = body

    async def read(self, _limit: int) -> bytes:
        """Return the body."""
        return self._body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body

    async def close(self) -> None:
        """There is nothing to let go of."""


def page(*names: str, more: bool = False) -> bytes:
    data = [{"id": name, "type": "model", "display_name": name} for name in names]
    return msgspec.json.encode({"data": data, "has_more": more, "first_id": names[0], "last_id": names[-1]})


def provider(pages: Pages) -> AnthropicProvider:
    return AnthropicProvider("anthropic", base_url="https://host/v1/", api_key=" key ", transport=pages)


def test_models_are_asked_for_page_by_page() -> None:
    pages = Pages(page("one", "two", more=True), page("three & four"))

    found = asyncio.run(provider(pages).models())

    assert [model.name for model in found] == ["anthropic/one", "anthropic/two", "anthropic/three & four"]
    assert [request.url for request in pages.asked] == [
        "https://host/v1/models?limit=1000",
        "https://host/v1/models?limit=1000&after_id=two",
    ]
    assert pages.asked[0].headers["x-api-key"] == "key"
    assert pages.asked[0].headers["anthropic-version"]


def test_list_that_never_ends_is_left() -> None:
    pages = Pages(page("again", more=True))

    asyncio.run(provider(pages).models())

    assert len(pages.asked) == MOST_PAGES


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": [7]}', b"\xff", b"[" * 100_000])
def test_list_that_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(UpstreamError, match="anthropic sends a list of models that cannot be read"):
        asyncio.run(provider(Pages(body)).models())


def test_refused_list_is_an_error() -> None:
    with pytest.raises(UpstreamError, match="anthropic answers 401 when asked for its models"):
        asyncio.run(provider(Pages(b"{}", status=401)).models())


def test_headers_of_requests_are_the_same_mapping_for_the_same_ones() -> None:
    pages = Pages(b"{}")
    asked = provider(pages)

    async def call_with(*betas: str) -> None:
        for beta in betas:
            request = ModelRequest(operation="chat", model="m", body=b"{}", headers={"anthropic-beta": beta})
            await asked.call(request)

    asyncio.run(call_with("a", "b", "a", *(f"other-{number}" for number in range(MOST_HEADS)), "a"))

    first, other, again, *_, last = (request.headers for request in pages.asked)
    assert first is again
    assert first == last
    assert (first["anthropic-beta"], other["anthropic-beta"]) == ("a", "b")
