"""A provider that speaks Gemini's protocol: its list of models, page by page, and where its requests go."""

import asyncio

import msgspec
import pytest
from tests.unit.models.providers.pages import Pages

from lasttenth.models.port import ModelRequest
from lasttenth.models.providers.gemini import GeminiProvider
from lasttenth.models.providers.listing import MOST_PAGES
from lasttenth.records.errors import UpstreamError


def page(*names: str, token: str = "", methods: tuple[str, ...] = ()) -> bytes:
    models = [{"name": f"models/{name}", "supportedGenerationMethods": methods} for name in names]
    return msgspec.json.encode({"models": models, "nextPageToken": token})


def provider(pages: Pages) -> GeminiProvider:
    return GeminiProvider("google", base_url="https://host/v1beta/", api_key=" key ", transport=pages)


def test_models_are_asked_for_page_by_page() -> None:
    pages = Pages(page("one", "two", token="a&b"), page("three"))

    found = asyncio.run(provider(pages).models())

    assert [model.name for model in found] == ["google/one", "google/two", "google/three"]
    assert [request.url for request in pages.asked] == [
        "https://host/v1beta/models?pageSize=1000",
        "https://host/v1beta/models?pageSize=1000&pageToken=a%26b",
    ]
    assert pages.asked[0].headers["x-goog-api-key"] == "key"


def test_methods_of_a_model_are_its_operations() -> None:
    pages = Pages(page("one", methods=("countTokens", "generateContent", "batchGenerateContent")))

    (found,) = asyncio.run(provider(pages).models())

    assert found.operations == ("chat", "count_tokens")


def test_list_that_never_ends_is_left() -> None:
    pages = Pages(page("again", token="more"))

    asyncio.run(provider(pages).models())

    assert len(pages.asked) == MOST_PAGES


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models": [7]}', b"\xff", b"[" * 100_000])
def test_list_that_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(UpstreamError, match="google sends a list of models that cannot be read"):
        asyncio.run(provider(Pages(body)).models())


def test_refused_list_is_an_error() -> None:
    with pytest.raises(UpstreamError, match="google answers 401 when asked for its models"):
        asyncio.run(provider(Pages(b"{}", status=401)).models())


CALLS = [
    (ModelRequest(operation="chat", model="m", body=b"{}"), "m:generateContent"),
    (ModelRequest(operation="chat", model="m", body=b"{}", stream=True), "m:streamGenerateContent?alt=sse"),
    (ModelRequest(operation="count_tokens", model="m", body=b"{}"), "m:countTokens"),
    (ModelRequest(operation="embeddings", model="m", body=b'{"content":{}}'), "m:embedContent"),
    (ModelRequest(operation="embeddings", model="m", body=b'{"requests":[]}'), "m:batchEmbedContents"),
    (ModelRequest(operation="chat", model="../x?y#z", body=b"{}"), "..%2Fx%3Fy%23z:generateContent"),
]


@pytest.mark.parametrize(("request_", "place"), CALLS, ids=[place for _, place in CALLS])
def test_request_goes_to_the_method_that_it_asks_for(request_: ModelRequest, place: str) -> None:
    pages = Pages(b"{}")

    asyncio.run(provider(pages).call(request_))

    assert pages.asked[0].url == f"https://host/v1beta/models/{place}"
    assert pages.asked[0].body == request_.body
