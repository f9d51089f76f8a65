"""What the paths of the gateway stand for."""

import pytest

from lasttenth.models.protocols import ANTHROPIC, GEMINI, OPENAI
from lasttenth.server.endpoints import Endpoint, endpoint_of, protocol_of


def said(url: bytes) -> tuple[str, dict[str, bytes], str, bool]:
    found = endpoint_of(url)
    assert found is not None
    assert found.protocol is GEMINI
    return found.operation, {name: bytes(raw) for name, raw in (found.beside or {}).items()}, found.key, found.is_array


def test_paths_without_a_model_are_found_whatever_stands_behind_them() -> None:
    assert endpoint_of(b"/v1/chat/completions?x=1") == Endpoint(OPENAI, "chat")
    assert endpoint_of(b"/v1/messages/count_tokens") == Endpoint(ANTHROPIC, "count_tokens")


CHAT = {"model": b'"google/x"', "stream": b"false"}
STREAM = {"model": b'"google/x"', "stream": b"true"}
NAMING = [
    (b"/v1beta/models/google/x:generateContent", ("chat", CHAT, "", False)),
    (b"/v1/models/google%2fx%3AgenerateContent?key=a%2Bb&key=lt-c", ("chat", CHAT, "lt-c", False)),
    (b"/v1beta/models/google/x:streamGenerateContent?alt=sse&key=lt-c", ("chat", STREAM, "lt-c", False)),
    (b"/v1beta/models/google/x:streamGenerateContent?alt=json", ("chat", STREAM, "", True)),
    (b"/v1beta/models/a:7b:countTokens", ("count_tokens", {"model": b'"a:7b"'}, "", False)),
    (b"/v1beta/models/a:embedContent", ("embeddings", {"model": b'"a"'}, "", False)),
    (b"/v1beta/models/:batchEmbedContents", ("embeddings", {"model": b'""'}, "", False)),
]


@pytest.mark.parametrize(("url", "expected"), NAMING)
def test_path_that_names_a_model_says_what_the_body_does_not(
    url: bytes, expected: tuple[str, dict[str, bytes], str, bool]
) -> None:
    assert said(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        b"/v1/models",
        b"/v1beta/models/google/x",
        b"/v1beta/models/google/x:predict",
        b"/v1beta/models/google/x:generatecontent",
        b"/v1alpha/models/google/x:generateContent",
        b"/api/traces",
    ],
)
def test_other_paths_are_none_of_the_gateways(url: bytes) -> None:
    assert endpoint_of(url) is None


def test_protocol_of_a_caller_is_told_by_path_and_key() -> None:
    assert protocol_of("/v1/messages/batches", {"x-goog-api-key": "k"}) is ANTHROPIC
    assert protocol_of("/v1beta/files", {}) is GEMINI
    assert protocol_of("/v1/models", {"x-goog-api-key": "k"}) is GEMINI
    assert protocol_of("/v1/models", {}) is OPENAI
